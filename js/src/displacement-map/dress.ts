// One display of the map, dressed: header, panel, what lies over the map, dates, provenance.

import type { AnyModel } from "@anywidget/types";
import { alertRow } from "../lib/context";
import { h, LiveRegion, replace, suppressShortcuts } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import type { Requests } from "../lib/messages";
import { layerHandle, type LayerHandle } from "../raster-layer/api";
import type { Context, MapApi, State } from "./api";
import { appearance } from "./appearance";
import { areaBox } from "./area-box";
import { ground, type Ground } from "./basemap";
import { clip } from "./clip";
import { colourBar } from "./colour-bar";
import { makeContext, type Undo } from "./context";
import { dateStrip, type DateStrip } from "./dates";
import { graticule } from "./graticule";
import { header, reloadButton } from "./header";
import { fit, giveWay, inviteBox, losBox, readOut, scaleBar, zoomBox } from "./overlays";
import { shapes, type Shapes } from "./shapes";
import { provenance } from "./words";

const ROOMY = 1250;
const WIDE = 1000;
const NARROW = 640;

/** Maps that have shown their data once; another layer does not move them. */
const started = new WeakSet();

export class Dress {
  readonly #live = new LiveRegion();
  readonly #header = h("header", { class: "dm-header dm-part" });
  readonly #alerts = h("div", { role: "alert", class: "dm-part dm-alerts" });
  readonly #problem = h("div", { role: "alert", class: "dm-part dm-problem" });
  readonly #strip = h("div", { class: "dm-part dm-top-strip" });
  readonly #side = h("div", { class: "dm-side dm-part" });
  readonly #foot = h("div", { class: "dm-foot dm-part" });
  readonly #nothing = h("div", { class: "dm-nothing iw-empty dm-part" });
  #inner: AbortController | undefined;
  /** Puts the colour bar where there is room for it. */
  #place: () => void = () => undefined;

  constructor(
    private readonly model: AnyModel<State>,
    private readonly requests: Requests<MapApi>,
    private readonly shown: ShownMap,
  ) {
    const { el, map, signal } = shown;
    el.classList.add("iw", "dm");
    map.getContainer().classList.add("dm-map");
    suppressShortcuts(el);
    const above = [this.#header, this.#problem, this.#alerts, this.#strip, this.#side];
    const below = [this.#nothing, this.#foot, this.#live.element];
    el.prepend(...above);
    el.append(...below);
    const observer = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      if (width === 0) return;
      el.classList.toggle("roomy", width >= ROOMY);
      el.classList.toggle("wide", width >= WIDE);
      el.classList.toggle("narrow", width < NARROW);
      this.#place();
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
      for (const part of [...above, ...below]) part.remove();
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
    this.shown.el.classList.toggle("empty", !ref);
    this.#nothing.hidden = Boolean(ref);
    if (!ref) {
      replace(this.#header, h("b", {}, "Displacement map"));
      replace(
        this.#nothing,
        h("p", { class: "iw-b" }, this.model.get("_error") ? "Nothing is open." : "No results yet."),
        h(
          "p",
          { class: "iw-2" },
          "Show the work directory of a run that has a time series or a velocity, in Python by ",
          h("code", {}, "map.results = open_results(folder)"),
          ".",
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
        inner.signal.addEventListener("abort", stop);
      },
      () => undefined, // closed in the meantime
    );
  }

  #fill(handle: LayerHandle, signal: AbortSignal): void {
    const { model, requests, shown } = this;
    const container = shown.map.getContainer();
    const undo: Undo[] = [];
    const hint = h("div", { class: "dm-box dm-hint iw-on-map", hidden: true });
    const context = makeContext({
      model,
      requests,
      shown: { ...shown, signal },
      handle,
      signal,
      live: this.#live,
      alerts: this.#alerts,
      hint,
      undo,
    });
    const bar = colourBar(context);
    const grid = graticule(context);
    const look = appearance(context, bar, grid);
    const cut = clip(context);
    const line = h("p", { class: "dm-caption" });
    const say = (): void => {
      caption(context, line, base?.credit() ?? "");
    };
    let base: Ground | undefined = undefined as Ground | undefined; // `say` is called while it is made
    base = ground(context, say);
    const scale = scaleBar(context);
    const strip = dateStrip(context);
    const head = header(context, {
      ground: base,
      cut,
      scale,
      graticule: grid,
      appearance: () => {
        const open = this.#side.classList.toggle("open");
        this.#place(); // the panel would cover it
        return open;
      },
    });
    // What is open within it takes the key for itself, and what follows here does not get it.
    const escape = (event: KeyboardEvent): void => {
      const inside = event.target instanceof Element && event.target.closest(".dm-side, .dm-looks");
      if (event.key !== "Escape" || !inside || !head.closeAppearance()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    shown.el.addEventListener("keydown", escape, { signal });
    const invite = inviteBox(context);
    const marks = shapes(context, (tool) => {
      head.tool(tool);
      invite.tool(tool);
    });
    head.connect(marks);
    replace(this.#header, ...head.children);
    replace(this.#side, look.element);
    const topRight = h("div", { class: "dm-top-right" }, losBox(context));
    const boxes = [
      grid.element,
      zoomBox(context),
      topRight,
      readOut(context, cut),
      scale.element,
      hint,
      invite.element,
      areaBox(context),
    ];
    for (const box of boxes) {
      container.append(box);
      shown.L.DomEvent.disableClickPropagation(box);
      shown.L.DomEvent.disableScrollPropagation(box);
    }
    grid.avoid(boxes.slice(1));
    giveWay(context, () => topRight.children);
    this.#place = () => {
      const { classList } = shown.el;
      const open = this.#side.classList.contains("open") && !classList.contains("narrow");
      const place =
        classList.contains("wide") || open
          ? look.barPlace
          : classList.contains("narrow")
            ? this.#strip
            : topRight;
      if (bar.element.parentElement !== place) place.append(bar.element);
    };
    this.#place();

    replace(this.#foot, strip.element, line);
    context.watchRaster(["index", "base_index", "mask_mode", "mask_threshold", "offsets"], say);
    context.watch(["_about", "_reference", "reference_point", "mask_layer", "aoi"], say);
    this.#keys(context, undo, marks, strip);
    signal.addEventListener("abort", () => {
      bar.element.remove();
      for (const box of boxes) box.remove();
    });
    requestAnimationFrame(() => {
      shown.map.invalidateSize({ animate: false });
      // The kernel can't know how large the display is: at first all of the data are shown, unless the user said else.
      if (started.has(shown.map)) return;
      started.add(shown.map);
      if (model.get("_fit") === true) fit(context);
    });
  }

  #keys(context: Context, undo: Undo[], marks: Shapes, strip: DateStrip): void {
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (
        event.defaultPrevented ||
        target.closest("input, select, textarea, [role=slider]:not(.dm-axis), .dm-pop, .dm-side, .dm-looks")
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
    const { el } = this.shown;
    el.addEventListener("keydown", press, true);
    context.signal.addEventListener("abort", () => {
      el.removeEventListener("keydown", press, true);
    });
  }
}

function caption(context: Context, line: HTMLElement, credit: string): void {
  const [file, text] = provenance(context);
  const notes = context.model.get("_about").notes ?? [];
  const words = [`, ${text}`, credit, ...notes].filter(Boolean).join(". ").replace(/\.?$/, ".");
  replace(line, h("b", {}, file), words);
}
