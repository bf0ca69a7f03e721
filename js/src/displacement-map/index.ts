// Dresses every display of a DisplacementMap: header, date axis, provenance and what lies over the map.

import type { AnyModel, InitializeProps } from "@anywidget/types";
import { alertRow, wordsOf } from "../lib/context";
import { button, h, LiveRegion, replace, suppressShortcuts } from "../lib/dom";
import { icon } from "../lib/icons";
import { watchMaps, type ShownMap } from "../lib/leaflet-map";
import { Requests } from "../lib/messages";
import "../lib/theme.css";
import { layerHandle, type LayerHandle } from "../raster-layer/api";
import type { Context, MapApi, State } from "./api";
import { appearance } from "./appearance";
import { ground } from "./basemap";
import { clip } from "./clip";
import { colourBar } from "./colour-bar";
import { comparePanel } from "./compare";
import { dateStrip } from "./dates";
import { mapIcon } from "./icons";
import { layerMenu } from "./layer-menu";
import { fit, losBox, readOut, scaleBar, zoomBox } from "./overlays";
import { drawPicture, savePicture } from "./picture";
import { shapes, type Tool } from "./shapes";
import "./style.css";
import { isoDate, provenance } from "./words";

const WIDE = 1000;
const TELL_AFTER = 120; // ms before Python hears of a change that was drawn already
const LOOK_EVERY = 20_000; // ms between looks at the files
const UNDO = 50;

type Undo = Pick<State, "points" | "transect" | "aoi" | "reference_point">;

function makeContext(
  model: AnyModel<State>,
  requests: Requests<MapApi>,
  shown: ShownMap,
  handle: LayerHandle,
  signal: AbortSignal,
  parts: { live: LiveRegion; alerts: HTMLElement; hint: HTMLElement; undo: Undo[] },
): Context {
  const { live, alerts, hint, undo } = parts;
  const raster = handle.model;
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    raster.save_changes();
  });
  const watch = (
    of: { on: AnyModel["on"]; off: AnyModel["off"] },
    traits: readonly string[],
    update: () => void,
  ): void => {
    for (const trait of traits) {
      of.on(`change:${trait}`, update);
      signal.addEventListener("abort", () => {
        of.off(`change:${trait}`, update);
      });
    }
    update();
  };
  return {
    model,
    requests,
    shown,
    signal,
    live,
    handle,
    raster,
    mount: () => handle.mounts().find(({ map }) => map === shown.map),
    set(changes) {
      for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
      model.save_changes();
    },
    draw(changes) {
      for (const [trait, value] of Object.entries(changes)) raster.set(trait, value);
      timer ??= setTimeout(() => {
        timer = undefined;
        raster.save_changes();
      }, TELL_AFTER);
    },
    watch: (traits, update) => {
      watch(model, traits, update);
    },
    watchRaster: (traits, update) => {
      watch(raster, traits, update);
    },
    fail(error) {
      const words = wordsOf(error);
      if (!words) return;
      replace(
        alerts,
        alertRow(
          words,
          button(
            "Dismiss",
            () => {
              replace(alerts);
            },
            { class: "small" },
          ),
        ),
      );
    },
    say(text) {
      hint.textContent = text ?? "";
      hint.hidden = !text;
    },
    remember() {
      undo.push({
        points: model.get("points"),
        transect: model.get("transect"),
        aoi: model.get("aoi"),
        reference_point: model.get("reference_point"),
      });
      if (undo.length > UNDO) undo.shift();
    },
  };
}

function reloadButton(requests: Requests<MapApi>, fail: (error: unknown) => void): HTMLButtonElement {
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

class Dress {
  readonly #live = new LiveRegion();
  readonly #header = h("header", { class: "dm-header dm-part" });
  readonly #alerts = h("div", { role: "alert", class: "dm-part dm-alerts" });
  readonly #problem = h("div", { role: "alert", class: "dm-part dm-problem" });
  readonly #side = h("div", { class: "dm-side dm-part" });
  readonly #foot = h("div", { class: "dm-foot dm-part" });
  #inner: AbortController | undefined;

  constructor(
    private readonly model: AnyModel<State>,
    private readonly requests: Requests<MapApi>,
    private readonly shown: ShownMap,
  ) {
    const { el, map, signal } = shown;
    el.classList.add("iw", "dm");
    map.getContainer().classList.add("dm-map");
    suppressShortcuts(el);
    el.prepend(this.#header, this.#problem, this.#alerts, this.#side);
    el.append(this.#foot, this.#live.element);
    const observer = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      el.classList.toggle("wide", width >= WIDE);
      el.classList.toggle("narrow", width < 640);
    });
    observer.observe(el);
    const update = (): void => {
      this.#update();
    };
    const error = (): void => {
      this.#error();
    };
    model.on("change:raster", update);
    model.on("change:_error", error);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      model.off("change:raster", update);
      model.off("change:_error", error);
      this.#inner?.abort();
      for (const part of [
        this.#header,
        this.#problem,
        this.#alerts,
        this.#side,
        this.#foot,
        this.#live.element,
      ])
        part.remove();
    });
    error();
    update();
  }

  #error(): void {
    const error = this.model.get("_error");
    const again = reloadButton(this.requests, () => undefined);
    replace(this.#problem, error && alertRow(error, again));
  }

  #update(): void {
    this.#inner?.abort();
    const ref = this.model.get("raster");
    if (!ref) {
      replace(
        this.#header,
        h("b", {}, "Displacement map"),
        h(
          "span",
          { class: "iw-2" },
          this.model.get("_error") ? "Nothing is open." : "No results yet: set `results`.",
        ),
      );
      return;
    }
    const inner = new AbortController();
    this.#inner = inner;
    this.shown.signal.addEventListener("abort", () => {
      inner.abort();
    });
    layerHandle(this.model.widget_manager, ref).then(
      (handle) => {
        if (inner.signal.aborted) return;
        let begun = false;
        const stop = handle.on("mount", (mount) => {
          if (begun || mount.map !== this.shown.map || inner.signal.aborted) return;
          begun = true;
          this.#fill(handle, inner.signal);
        });
        inner.signal.addEventListener("abort", () => {
          stop();
        });
      },
      () => undefined,
    );
  }

  #fill(handle: LayerHandle, signal: AbortSignal): void {
    const { model, requests, shown } = this;
    const container = shown.map.getContainer();
    const undo: Undo[] = [];
    const hint = h("div", { class: "dm-box dm-hint sp-on-map", hidden: true });
    const context = makeContext(model, requests, { ...shown, signal }, handle, signal, {
      live: this.#live,
      alerts: this.#alerts,
      hint,
      undo,
    });

    const bar = colourBar(context);
    const look = appearance(context, bar);
    const compare = comparePanel(context);
    const menu = layerMenu(context, () => {
      compare.close();
    });
    const cut = clip(context);
    const file = h("b");
    const words = h("span");
    const line = h("p", { class: "dm-caption" }, file, words);
    const credit = { words: (): string => "" };
    const caption = (): void => {
      const [name, text] = provenance(context);
      file.textContent = name;
      const notes = model.get("_about").notes ?? [];
      words.textContent = [`, ${text}`, credit.words(), ...notes]
        .filter(Boolean)
        .join(". ")
        .replace(/\.?$/, ".");
    };
    const base = ground(context, caption);
    credit.words = () => base.credit();
    const scale = scaleBar(context);
    const strip = dateStrip(context);
    const tools = new Map<Tool, HTMLButtonElement>();
    const marks = shapes(context, (tool) => {
      for (const [name, item] of tools) item.setAttribute("aria-pressed", String(name === tool));
    });
    const tool = (name: Tool, label: string, picture: SVGElement): HTMLButtonElement => {
      const item = button(
        label,
        () => {
          marks.use(marks.tool() === name ? "none" : name);
        },
        { class: "ghost small dm-tool", icon: picture, key: name, title: label },
      );
      item.setAttribute("aria-pressed", String(marks.tool() === name));
      tools.set(name, item);
      return item;
    };
    const comparing = button(
      "Compare",
      () => {
        menu.close();
        compare.toggle();
      },
      {
        class: "ghost small dm-tool",
        icon: mapIcon("swipe"),
        key: "compare",
        title: "Compare two layers or dates",
      },
    );
    context.watch(["compare"], () => {
      comparing.setAttribute("aria-pressed", String(model.get("compare") !== null));
    });
    const looks = button(
      "Appearance",
      () => {
        const open = this.#side.classList.toggle("open");
        looks.setAttribute("aria-expanded", String(open));
      },
      { class: "ghost small dm-looks", icon: mapIcon("layers"), key: "appearance" },
    );
    looks.setAttribute("aria-expanded", "false");
    const camera = button(
      "Picture of the view (PNG)",
      () => {
        const date = model.get("_about").dates?.[context.raster.get("index")];
        const name = `${model.get("layer")}${date ? `_${isoDate(date)}` : ""}.png`.replace(/[^\w.-]+/g, "_");
        savePicture(drawPicture(context, base, cut, scale), name).catch(context.fail);
      },
      { class: "ghost small icon", icon: mapIcon("camera"), hideLabel: true, key: "picture" },
    );
    const full = button(
      "Full screen",
      () => {
        const done = document.fullscreenElement ? document.exitFullscreen() : shown.el.requestFullscreen();
        done.catch(context.fail);
      },
      { class: "ghost small icon", icon: mapIcon("full"), hideLabel: true, key: "full" },
    );
    const changed = h(
      "span",
      { class: "iw-chip warning", hidden: true },
      icon("stale", "small"),
      "files changed",
    );
    const reload = reloadButton(requests, context.fail);
    reload.classList.add("ghost");
    const header = [
      menu.opener,
      changed,
      reload,
      h("span", { class: "iw-grow" }),
      tool("point", "Point", mapIcon("point")),
      tool("transect", "Transect", mapIcon("line")),
      tool("area", "Area", icon("area")),
      comparing,
      h("i", { class: "dm-rule", "aria-hidden": "true" }),
      looks,
      camera,
      full,
    ];
    replace(this.#header, ...header);
    this.#header.append(menu.element, compare.element);
    replace(this.#side, look);

    const areaBox = h("div", { class: "dm-box dm-area sp-on-map", hidden: true });
    const topRight = h("div", { class: "dm-top-right" }, losBox(context), bar.element);
    const boxes = [zoomBox(context), topRight, readOut(context), scale.element, hint, areaBox];
    for (const box of boxes) {
      container.append(box);
      shown.L.DomEvent.disableClickPropagation(box);
      shown.L.DomEvent.disableScrollPropagation(box);
    }

    replace(this.#foot, strip.element, line);
    context.watchRaster(["index", "base_index", "mask_mode", "mask_threshold", "offsets"], caption);
    context.watch(["_about", "reference_point", "mask_layer", "aoi"], caption);
    areaStatistics(context, areaBox);

    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (
        event.defaultPrevented ||
        target.closest("input, select, textarea, [role=slider]:not(.dm-axis), .dm-pop")
      )
        return;
      if (target.closest("button") && (event.key === " " || event.key === "Enter")) return;
      const back = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
      const before = back ? undo.pop() : undefined;
      if (before) context.set(before);
      if (!before && !marks.key(event) && !strip.key(event)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    shown.el.addEventListener("keydown", press, true);
    const outside = (event: PointerEvent): void => {
      const inside = (element: HTMLElement): boolean => event.composedPath().includes(element);
      if (!inside(menu.element) && !inside(menu.opener)) menu.close();
      if (!inside(compare.element) && !inside(comparing)) compare.close();
    };
    document.addEventListener("pointerdown", outside, true);
    const looking = setInterval(() => {
      if (document.hidden) return;
      requests.request("changed", null, { signal }).then(
        ({ payload }) => {
          changed.hidden = !payload;
        },
        () => undefined,
      );
    }, LOOK_EVERY);
    context.watch(["_revision"], () => {
      changed.hidden = true;
    });
    signal.addEventListener("abort", () => {
      clearInterval(looking);
      document.removeEventListener("pointerdown", outside, true);
      shown.el.removeEventListener("keydown", press, true);
      for (const box of boxes) box.remove();
    });
    requestAnimationFrame(() => {
      shown.map.invalidateSize({ animate: false });
      if (!started.has(shown.map)) fitOnce(context);
    });
  }
}

const started = new WeakSet();

/** The kernel can't know how large the display is: at first it shows all of the data, unless the user said otherwise. */
function fitOnce(context: Context): void {
  started.add(context.shown.map);
  if (context.model.get("_fit") === true) fit(context);
}

function areaStatistics(context: Context, box: HTMLElement): void {
  const { model, raster } = context;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = (): void => {
    clearTimeout(timer);
    const ring = model.get("aoi");
    box.hidden = ring === null;
    if (!ring) return;
    timer = setTimeout(() => {
      context.requests.request("area", { ring }, { signal: context.signal }).then(
        ({ payload: s }) => {
          const factor = raster.get("display_factor");
          const unit = raster.get("display_units");
          const say = (v: number | null): string =>
            v === null ? "–" : (v * factor).toFixed(Math.abs(v * factor) < 1 ? 3 : 1).replace("-", "−");
          replace(
            box,
            h("b", {}, "Area of interest"),
            h(
              "span",
              {},
              s.kept
                ? `median ${say(s.median)} (16–84 %: ${say(s.p16)} to ${say(s.p84)}) ${unit}`
                : "no value in it",
            ),
            h("span", { class: "iw-2" }, `${s.kept} of ${s.count} pixels kept`),
            button(
              "Remove",
              () => {
                context.remember();
                context.set({ aoi: null });
              },
              { class: "small", key: "area-remove" },
            ),
          );
        },
        () => undefined,
      );
    }, 250);
  };
  context.watch(["aoi", "_about"], update);
  context.watchRaster(
    ["index", "mask_threshold", "offsets", "base_index", "mask_mode", "display_units"],
    update,
  );
  context.signal.addEventListener("abort", () => {
    clearTimeout(timer);
  });
}

export default {
  // Nothing is awaited here: the model hears no message of the kernel before this has returned.
  initialize({ model, signal }: InitializeProps<State>): void {
    const requests = new Requests<MapApi>(model);
    signal.addEventListener("abort", () => {
      requests.dispose();
    });
    watchMaps(model.widget_manager, model.get("map"), signal, (shown) => {
      new Dress(model, requests, shown);
    });
  },
};
