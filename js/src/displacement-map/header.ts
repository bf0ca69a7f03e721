// The header: which layer, the tools, comparison, appearance, picture, full screen.

import { button, h } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, MapApi } from "./api";
import type { Requests } from "../lib/messages";
import type { Ground } from "./basemap";
import type { Clip } from "./clip";
import { comparePanel } from "./compare";
import type { Graticule } from "./graticule";
import { mapIcon } from "./icons";
import { layerMenu } from "./layer-menu";
import type { ScaleBar } from "./overlays";
import { drawPicture, savePicture } from "./picture";
import type { Shapes, Tool } from "./shapes";
import { isoDate } from "./words";

const LOOK_EVERY = 20_000; // ms between looks at the files

export function reloadButton(requests: Requests<MapApi>, fail: (error: unknown) => void): HTMLButtonElement {
  return button(
    "Reload",
    () => {
      requests.request("reload", null).catch(fail);
    },
    {
      class: "small",
      key: "reload",
      icon: icon("retry"),
      title: "Open the work directory again; the view stays",
    },
  );
}

/** Says that files were written since they were opened; pressing it opens them again. */
function changedChip(context: Context): HTMLElement {
  const { requests, signal } = context;
  const element = reloadButton(requests, context.fail);
  element.classList.add("ghost");
  const words = h(
    "span",
    { class: "iw-chip warning", hidden: true },
    icon("stale", "small"),
    "files changed",
  );
  const look = (): void => {
    if (document.hidden) return;
    requests.request("changed", null, { signal }).then(
      ({ payload }) => {
        words.hidden = !payload;
      },
      () => undefined, // asked again soon
    );
  };
  const timer = setInterval(look, LOOK_EVERY);
  document.addEventListener("visibilitychange", look);
  context.watch(["_revision"], () => {
    words.hidden = true;
  });
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  });
  return h("span", { class: "dm-reload" }, words, element);
}

export interface HeaderParts {
  readonly ground: Ground;
  readonly cut: Clip;
  readonly scale: ScaleBar;
  readonly graticule: Graticule;
  /** Opens or closes the appearance; tells whether it is open. */
  appearance(): boolean;
}

export interface Header {
  readonly children: HTMLElement[];
  /** Shows which tool is used. */
  tool(now: Tool): void;
  /** The tools work on these. */
  connect(shapes: Shapes): void;
  /** Closes the appearance where it lies over the map; tells whether it was open. */
  closeAppearance(): boolean;
}

export function header(context: Context, parts: HeaderParts): Header {
  const { model, shown, signal } = context;
  const compare = comparePanel(context);
  const closeLooks = (): boolean => {
    const open = looks.getAttribute("aria-expanded") === "true";
    if (open) looks.click();
    return open;
  };
  const menu = layerMenu(context, () => {
    compare.close();
    closeLooks();
  });
  const tools = new Map<Tool, HTMLButtonElement>();
  let shapes: Shapes | undefined;
  const tool = (name: Tool, label: string, help: string, picture: SVGElement): HTMLButtonElement => {
    const item = button(
      label,
      () => {
        shapes?.use(shapes.tool() === name ? "none" : name);
      },
      { class: "ghost small dm-tool", icon: picture, key: name, title: help },
    );
    item.setAttribute("aria-pressed", "false");
    tools.set(name, item);
    return item;
  };
  const comparing = button(
    "Compare",
    () => {
      menu.close();
      closeLooks();
      compare.toggle();
    },
    {
      class: "ghost small dm-tool",
      icon: mapIcon("swipe"),
      key: "compare",
      title: "Compare two layers or dates",
    },
  );
  compare.element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") comparing.focus({ preventScroll: true });
  });
  context.watch(["compare"], () => {
    comparing.setAttribute("aria-pressed", String(model.get("compare") !== null));
  });
  const looks = button(
    "Appearance",
    () => {
      looks.setAttribute("aria-expanded", String(parts.appearance()));
    },
    {
      class: "ghost small dm-looks",
      icon: mapIcon("layers"),
      key: "appearance",
      title: "Colour, mask, reference, basemap",
    },
  );
  looks.setAttribute("aria-expanded", "false");
  const camera = button("Picture of the view (PNG)", takePicture, {
    class: "ghost small icon",
    icon: mapIcon("camera"),
    hideLabel: true,
    key: "picture",
  });
  const full = button(
    "Full screen",
    () => {
      const done = document.fullscreenElement ? document.exitFullscreen() : shown.el.requestFullscreen();
      done.catch(context.fail);
    },
    { class: "ghost small icon", icon: mapIcon("full"), hideLabel: true, key: "full" },
  );

  function takePicture(): void {
    const date = model.get("_about").dates?.[context.raster.get("index")];
    const name = `${model.get("layer")}${date ? `_${isoDate(date)}` : ""}.png`.replace(/[^\w.-]+/g, "_");
    savePicture(drawPicture(context, parts), name).catch(context.fail);
  }

  const outside = (event: PointerEvent): void => {
    const inside = (element: HTMLElement): boolean => event.composedPath().includes(element);
    if (!inside(menu.element) && !inside(menu.opener)) menu.close();
    if (!inside(compare.element) && !inside(comparing)) compare.close();
  };
  document.addEventListener("pointerdown", outside, true);
  const screen = (): void => {
    full.setAttribute("aria-pressed", String(document.fullscreenElement === shown.el));
  };
  document.addEventListener("fullscreenchange", screen);
  signal.addEventListener("abort", () => {
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("fullscreenchange", screen);
  });
  return {
    children: [
      menu.opener,
      changedChip(context),
      h("span", { class: "iw-grow" }),
      tool(
        "point",
        "Point",
        "Click the map for a point; shift-click measures the difference",
        mapIcon("point"),
      ),
      tool("transect", "Transect", "Draw a transect", mapIcon("line")),
      tool("area", "Area", "Draw an area of interest", icon("area")),
      comparing,
      h("i", { class: "dm-rule", "aria-hidden": "true" }),
      looks,
      camera,
      full,
      menu.element,
      compare.element,
    ],
    tool(now) {
      for (const [name, item] of tools) item.setAttribute("aria-pressed", String(name === now));
    },
    connect(found) {
      shapes = found;
    },
    closeAppearance() {
      const open = closeLooks();
      if (open) looks.focus({ preventScroll: true });
      return open;
    },
  };
}
