import type { AnyModel, RenderProps } from "@anywidget/types";
import { h } from "../lib/dom";
import "../lib/theme.css";

interface State {
  path: string;
}

function render({ model, el }: RenderProps<State>): () => void {
  const path = h("span");
  const show = (m: Pick<AnyModel<State>, "get"> = model): void => {
    path.textContent = m.get("path");
  };
  const update = (): void => {
    show();
  };
  model.on("change:path", update);
  el.append(h("div", { class: "iw" }, h("h2", {}, "Stack"), path));
  show();
  return () => {
    model.off("change:path", update);
  };
}

export default { render };
