// The area of interest without a mouse: pasted text, or a file.

import { button, h } from "../lib/dom";
import { icon } from "../lib/icons";
import { RequestError } from "../lib/messages";
import { panelHeader, type Panel } from "./browse";
import type { Context, PickerApi, Ring } from "./api";

const MAX_UPLOAD = 1_000_000; // the socket drops what is much larger

export function ringAsText(ring: Ring | null): string {
  if (!ring) return "";
  const corners = [...ring, ring[0] ?? [0, 0]].map(([lon, lat]) => `${lon} ${lat}`);
  return `POLYGON ((${corners.join(", ")}))`;
}

export function areaPanel(context: Context): Panel {
  const { model, requests } = context;
  const said = h("p", { class: "iw-2", role: "status" });
  const text = h("textarea", {
    class: "iw-in",
    rows: 3,
    spellcheck: "false",
    "aria-label": "WKT, GeoJSON, or west, south, east, north in degrees",
    placeholder:
      "-99.30, 19.20, -98.90, 19.60\nPOLYGON ((…)) or GeoJSON, or the path of a file on this server",
  });
  const file = h("input", {
    type: "file",
    class: "iw-sr",
    accept: ".geojson,.json,.wkt,.txt,.zip",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  const element = h("section", { class: "iw-drawer", hidden: true, "aria-label": "Area of interest" });

  function close(): void {
    element.hidden = true;
  }

  async function read(
    payload: PickerApi["read_area"]["payload"],
    buffers: ArrayBuffer[] = [],
  ): Promise<void> {
    text.removeAttribute("aria-invalid");
    said.className = "iw-2";
    said.textContent = "Reading…";
    try {
      const answer = await requests.request("read_area", payload, { buffers });
      said.textContent = answer.payload.note;
      if (!answer.payload.note) close();
    } catch (error) {
      said.className = "iw-word error";
      said.textContent =
        error instanceof RequestError ? `${error.message} ${error.remedy}`.trim() : String(error);
      text.setAttribute("aria-invalid", "true");
    }
  }

  async function upload(): Promise<void> {
    const chosen = file.files?.[0];
    file.value = "";
    if (!chosen) return;
    if (chosen.size > MAX_UPLOAD) {
      said.className = "iw-word error";
      said.textContent = `${chosen.name} is larger than 1 MB. Simplify its outline, or give its path on the server.`;
      return;
    }
    await read({ name: chosen.name }, [await chosen.arrayBuffer()]);
  }

  const submit = (): void => {
    void read({ text: text.value });
  };
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  });
  file.addEventListener("change", () => {
    upload().catch(context.fail);
  });
  element.append(
    panelHeader("Area of interest", "WKT, GeoJSON, or west, south, east, north; degrees WGS84", close),
    h(
      "div",
      { class: "iw-drawer-body" },
      text,
      h(
        "div",
        { class: "iw-row" },
        button("Use this area", submit, { class: "primary", key: "area-use" }),
        button(
          "Choose a file…",
          () => {
            file.click();
          },
          {
            icon: icon("file"),
            title: "GeoJSON, WKT or a zipped shapefile from this computer",
          },
        ),
        file,
        said,
      ),
    ),
  );
  return {
    element,
    close,
    get isOpen() {
      return !element.hidden;
    },
    show() {
      element.hidden = false;
      said.textContent = "";
      text.value = ringAsText(model.get("aoi"));
      text.focus();
    },
  };
}
