// Colours: unit, range, colormap, opacity, wrap.

import { colormapGradient, colormapKind, colormapNames, type ColormapKind } from "../lib/colormaps";
import { button, h } from "../lib/dom";
import { icon } from "../lib/icons";
import { decimalsFor, formatValue, shownUnit } from "../lib/number";
import type { Context } from "./api";
import { isSigned, type ColourBar } from "./colour-bar";
import { fill, number, row, section, slider } from "./fields";
import { mapIcon } from "./icons";
import { rangeOf } from "./words";

const KINDS: [ColormapKind, string][] = [
  ["diverging", "Diverging"],
  ["sequential", "Sequential"],
  ["cyclic", "Cyclic"],
];

/** Value per cycle when wrapping begins: one interferometric fringe where there is such a thing. */
export function usualCycle(context: Context): number {
  const { kind, wavelength } = context.model.get("_about");
  if (kind === "phase") return 2 * Math.PI;
  if (isSigned(context) && wavelength) return wavelength / 2;
  const [a, b] = rangeOf(context);
  return (b - a) / 4 || 1;
}

function unitChoice(context: Context): HTMLElement {
  const { model, raster } = context;
  const element = h("div", { class: "dm-seg", role: "radiogroup", "aria-label": "Unit" });
  for (const name of ["mm", "cm", "m"] as const) {
    const item = button(
      name,
      () => {
        context.set({ unit: name });
      },
      { key: `unit-${name}` },
    );
    item.setAttribute("role", "radio");
    element.append(item);
  }
  const update = (): void => {
    for (const item of element.children)
      item.setAttribute("aria-checked", String(item.textContent === model.get("unit")));
    const shown = raster.get("display_units").split("/")[0];
    element.hidden = shown !== model.get("unit") || model.get("_about").kind === "geometry";
  };
  context.watch(["unit", "_about"], update);
  context.watchRaster(["display_units"], update);
  return element;
}

function colormapChoice(context: Context): [HTMLElement, HTMLElement] {
  const { raster } = context;
  const wrapped = (): boolean => raster.get("wrap") !== null;
  const swatch = h("i", { class: "dm-swatch", "aria-hidden": "true" });
  const name = h("span", { class: "iw-grow" });
  const list = h("div", { class: "dm-colormaps", role: "listbox", "aria-label": "Colormaps", hidden: true });
  const opener = button("", toggle, {
    class: "small dm-colormap iw-grow",
    key: "colormap",
    title: "Colormap",
  });
  opener.append(swatch, name, icon("down", "small"));
  opener.setAttribute("aria-haspopup", "listbox");
  const flip = button(
    "Reverse the colormap",
    () => {
      context.draw({ reverse: !raster.get("reverse") });
    },
    { class: "small icon", icon: mapIcon("flip"), hideLabel: true, key: "flip" },
  );

  function toggle(): void {
    list.hidden = !list.hidden;
    opener.setAttribute("aria-expanded", String(!list.hidden));
    if (!list.hidden) list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }

  function choose(map: string): void {
    context.draw(wrapped() ? { wrap_colormap: map } : { colormap: map });
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    opener.focus();
  }

  for (const [kind, words] of KINDS) {
    list.append(h("h4", { class: "iw-2" }, words));
    for (const map of colormapNames(kind)) {
      const item = button(
        "",
        () => {
          choose(map);
        },
        { class: "ghost small dm-colormap", key: `map-${map}` },
      );
      item.setAttribute("role", "option");
      item.append(
        h("i", { class: "dm-swatch", style: `background-image:${colormapGradient(map)}` }),
        h("span", { class: "iw-grow" }, map),
      );
      list.append(item);
    }
  }
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll<HTMLElement>("button")];
    const at = items.indexOf(event.target as HTMLElement);
    if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") items[Math.max(at - 1, 0)]?.focus();
    else if (event.key === "Escape") toggle();
    else return;
    if (event.key === "Escape") opener.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  context.watchRaster(["wrap", "colormap", "wrap_colormap", "reverse"], () => {
    const map = wrapped() ? raster.get("wrap_colormap") : raster.get("colormap");
    swatch.style.backgroundImage = colormapGradient(map, raster.get("reverse"));
    name.textContent = `${map}${raster.get("reverse") ? ", reversed" : ""}`;
    flip.setAttribute("aria-pressed", String(raster.get("reverse")));
    opener.disabled = colormapKind(map) === "classes";
    for (const item of list.querySelectorAll("[role=option]"))
      item.setAttribute("aria-selected", String(item.getAttribute("data-key") === `map-${map}`));
  });
  return [h("div", { class: "dm-line" }, opener, flip), list];
}

function rangeFields(context: Context, bar: ColourBar): HTMLElement[] {
  const { raster } = context;
  const factor = (): number => raster.get("display_factor");
  const low = number("Lowest value", (v) => typed(v / factor(), null));
  const high = number("Highest value", (v) => typed(null, v / factor()));
  function typed(lo: number | null, hi: number | null): boolean {
    const [a, b] = rangeOf(context);
    if (!bar.symmetric) return bar.setRange(lo ?? a, hi ?? b);
    const half = Math.abs(lo ?? hi ?? b);
    return bar.setRange(-half, half);
  }
  const percent = button(
    "2–98 %",
    () => {
      bar.percentiles();
    },
    { class: "small", title: "From the 2nd to the 98th percentile of what is in view", key: "percentiles" },
  );
  const zero = button(
    "± 0",
    () => {
      bar.symmetric = !bar.symmetric;
      const [a, b] = rangeOf(context);
      const half = Math.max(Math.abs(a), Math.abs(b));
      if (bar.symmetric) bar.setRange(-half, half);
      update();
    },
    { class: "small", title: "Keep the range symmetric about zero", key: "symmetric" },
  );
  const clips = h("p", { class: "iw-2 dm-clips" });

  function update(): void {
    const wrapped = raster.get("wrap") !== null;
    const [a, b] = rangeOf(context);
    const digits = decimalsFor((Math.abs(b - a) * factor()) / 100);
    fill(low, formatValue(a * factor(), 10 ** -digits));
    fill(high, formatValue(b * factor(), 10 ** -digits));
    low.title = high.title = shownUnit(raster.get("display_units"));
    low.disabled = high.disabled = percent.disabled = zero.disabled = wrapped;
    zero.setAttribute("aria-pressed", String(bar.symmetric && !wrapped));
    const all = bar.histogram()?.samples ?? new Float32Array();
    const out = all.length ? all.reduce((n, v) => n + (v < a || v > b ? 1 : 0), 0) / all.length : 0;
    clips.textContent =
      wrapped || !all.length ? "" : `clips ${(out * 100).toFixed(1)} % of the values in view`;
  }

  context.watchRaster(["vmin", "vmax", "wrap", "display_units", "display_factor"], update);
  context.watch(["_about"], update);
  context.signal.addEventListener("abort", bar.onHistogram(update));
  return [h("div", { class: "dm-line dm-range-line" }, low, percent, zero, high), clips];
}

function wrapRow(context: Context): HTMLElement {
  const { raster } = context;
  const factor = (): number => raster.get("display_factor");
  const wrap = h("input", { type: "checkbox", role: "switch", class: "dm-switch", "aria-label": "Wrap" });
  const cycle = number("Value per colour cycle", (v) => {
    if (v > 0) context.draw({ wrap: v / factor() });
    return v > 0;
  });
  const unit = h("span", { class: "iw-2" });
  wrap.addEventListener("change", () => {
    context.draw({ wrap: wrap.checked ? usualCycle(context) : null });
  });
  const update = (): void => {
    const now = raster.get("wrap");
    const shown = (now ?? usualCycle(context)) * factor();
    wrap.checked = now !== null;
    fill(cycle, shown.toFixed(decimalsFor(shown / 100)));
    cycle.disabled = now === null;
    unit.textContent = `${shownUnit(raster.get("display_units"))} per cycle`.trim();
  };
  context.watchRaster(["wrap", "display_units", "display_factor"], update);
  context.watch(["_about"], update);
  return row("Wrap", wrap, h("span", { class: "iw-grow" }), cycle, unit);
}

function opacityRow(context: Context): HTMLElement {
  const { raster } = context;
  const range = slider("Opacity", 100, 1);
  const text = h("span", { class: "dm-value" });
  range.addEventListener("input", () => {
    context.draw({ opacity: Number(range.value) / 100 });
  });
  context.watchRaster(["opacity"], () => {
    range.value = String(Math.round(raster.get("opacity") * 100));
    text.textContent = `${range.value} %`;
  });
  return row("Opacity", range, text);
}

/** `place` is where a wide map has the colour bar itself. */
export function colourPanel(context: Context, bar: ColourBar, place: HTMLElement): HTMLElement {
  const [chooser, list] = colormapChoice(context);
  return section(
    "Colour",
    unitChoice(context),
    place,
    ...rangeFields(context, bar),
    chooser,
    list,
    opacityRow(context),
    wrapRow(context),
  );
}
