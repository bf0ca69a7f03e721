import type { InitializeProps } from "@anywidget/types";
import "../lib/theme.css";
import type { RasterState } from "./api";
import "./style.css";

export default {
  initialize({ model }: InitializeProps<RasterState>): void {
    model.get("map");
  },
};
