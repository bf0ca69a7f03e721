// Colour, mask, reference and basemap: the left panel of a wide map, a panel that opens over a narrow one.

import { colormapGradient, colormapKind, colormapNames, type ColormapKind } from "../lib/colormaps";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { decimalsFor } from "../lib/number";
import type { Basemap, Context } from "./api";
import { isSigned, type ColourBar } from "./colour-bar";
import { mapIcon } from "./icons";
import { degrees, rangeOf } from "./words";

const KINDS: [ColormapKind, string][] = [
  ["diverging", "Diverging"],
  ["sequential", "Sequential"],
  ["cyclic", "Cyclic"],
];
export const BASEMAPS: Record<Basemap, string> = {
  hillshade: "Hillshade (stack DEM)",
  satellite: "Satellite (Esri)",
  topographic: "Topographic (OpenTopoMap)",
  plain: "Plain",
};

function section(title: string, aside: HTMLElement | null, ...rows: (HTMLElement | null)[]): HTMLElement {
  return h(
    "section",
    { class: "dm-section" },
    h("div", { class: "dm-section-head" }, h("h3", { class: "iw-b iw-grow" }, title), aside),
    ...rows,
  );
}

function row(label: string, ...parts: HTMLElement[]): HTMLElement {
  return h("div", { class: "dm-line" }, h("span", { class: "dm-name" }, label), ...parts);
}

function select(
  label: string,
  choices: [string, string][],
  change: (value: string) => void,
): HTMLSelectElement {
  const element = h(
    "select",
    { class: "dm-select iw-grow", "aria-label": label },
    ...choices.map(([value, text]) => h("option", { value }, text)),
  );
  element.addEventListener("change", () => {
    change(element.value);
  });
  return element;
}

/** A number that counts when Enter is pressed or the field is left. */
function number(label: string, commit: (value: number) => void): HTMLInputElement {
  const field = h("input", {
    class: "iw-in dm-number",
    type: "text",
    inputmode: "decimal",
    "aria-label": label,
  });
  field.addEventListener("change", () => {
    const value = Number(field.value.trim().replace("−", "-").replace(",", "."));
    const bad = field.value.trim() === "" || !Number.isFinite(value);
    field.setAttribute("aria-invalid", String(bad));
    if (!bad) commit(value);
  });
  return field;
}

export function appearance(context: Context, bar: ColourBar): HTMLElement {
  const { model, raster } = context;
  return h(
    "div",
    { class: "dm-appearance sp-on-map", role: "group", "aria-label": "Appearance" },
    colour(context, bar),
    mask(context),
    reference(context),
    section(
      "On the map",
      null,
      row("Basemap", basemaps(context)),
      ...(model.get("_about").notes ?? []).map((text) => h("p", { class: "iw-2" }, text)),
    ),
  );

  function colour(context: Context, bar: ColourBar): HTMLElement {
    const unit = h("div", { class: "dm-seg", role: "radiogroup", "aria-label": "Unit" });
    for (const name of ["mm", "cm", "m"] as const) {
      const item = button(
        name,
        () => {
          context.set({ unit: name });
        },
        { key: `unit-${name}` },
      );
      item.setAttribute("role", "radio");
      unit.append(item);
    }
    context.watch(["unit", "_about"], () => {
      for (const item of unit.children)
        item.setAttribute("aria-checked", String(item.textContent === model.get("unit")));
      unit.hidden = raster.get("display_units") === raster.get("units") && model.get("unit") !== "m";
    });
    const factor = (): number => raster.get("display_factor");
    const low = number("Lowest value", (v) => {
      typed(v / factor(), null);
    });
    const high = number("Highest value", (v) => {
      typed(null, v / factor());
    });
    const clips = h("span", { class: "iw-2 iw-grow dm-middle" });
    function typed(lo: number | null, hi: number | null): void {
      const [a, b] = rangeOf(context);
      if (bar.symmetric) {
        const half = Math.abs(lo ?? hi ?? b);
        bar.setRange(-half, half);
      } else bar.setRange(lo ?? a, hi ?? b);
    }
    const chosen = h("i", { class: "dm-swatch", "aria-hidden": "true" });
    const name = h("span", { class: "iw-grow" });
    const list = h("div", { class: "dm-colormaps", role: "listbox", "aria-label": "Colormap", hidden: true });
    const opener = button(
      "",
      () => {
        list.hidden = !list.hidden;
        opener.setAttribute("aria-expanded", String(!list.hidden));
      },
      { class: "small dm-colormap iw-grow", key: "colormap", title: "Colormap" },
    );
    opener.append(chosen, name, icon("down", "small"));
    const wrapped = (): boolean => raster.get("wrap") !== null;
    for (const [kind, words] of KINDS) {
      list.append(h("h4", { class: "iw-2" }, words));
      for (const map of colormapNames(kind)) {
        const item = button(
          "",
          () => {
            context.draw(wrapped() ? { wrap_colormap: map } : { colormap: map });
            list.hidden = true;
            opener.setAttribute("aria-expanded", "false");
            opener.focus();
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
    const flip = button(
      "Reverse the colormap",
      () => {
        context.draw({ reverse: !raster.get("reverse") });
      },
      { class: "small icon", icon: mapIcon("flip"), hideLabel: true },
    );
    const percent = button(
      "2–98 %",
      () => {
        bar.percentiles();
      },
      { class: "small", title: "From the 2nd to the 98th percentile of the view" },
    );
    const zero = button(
      "± 0",
      () => {
        bar.symmetric = !bar.symmetric;
        zero.setAttribute("aria-pressed", String(bar.symmetric));
        const [a, b] = rangeOf(context);
        const half = Math.max(Math.abs(a), Math.abs(b));
        if (bar.symmetric) bar.setRange(-half, half);
      },
      { class: "small", title: "Keep the range symmetric about zero" },
    );
    const opacity = h("input", {
      type: "range",
      min: 0,
      max: 100,
      class: "dm-range iw-grow",
      "aria-label": "Opacity",
    });
    const percentText = h("span", { class: "dm-value" });
    opacity.addEventListener("input", () => {
      context.draw({ opacity: Number(opacity.value) / 100 });
    });
    const wrap = h("input", { type: "checkbox", role: "switch", class: "dm-switch", "aria-label": "Wrap" });
    const cycle = number("Displacement per cycle", (v) => {
      if (v > 0) context.draw({ wrap: v / factor() });
    });
    const cycleUnit = h("span", { class: "iw-2" });
    const about = (): number | null => model.get("_about").wavelength ?? null;
    wrap.addEventListener("change", () => {
      const [a, b] = rangeOf(context);
      const half = about();
      const usual =
        model.get("_about").kind === "phase"
          ? 2 * Math.PI
          : isSigned(context) && half
            ? half / 2
            : (b - a) / 4;
      context.draw({ wrap: wrap.checked ? usual : null });
    });
    const update = (): void => {
      const [a, b] = rangeOf(context);
      const digits = decimalsFor((Math.abs(b - a) * factor()) / 100);
      const say = (v: number): string => (v * factor()).toFixed(digits).replace("-", "−");
      low.value = say(a);
      high.value = say(b);
      low.disabled = high.disabled = percent.disabled = wrapped();
      low.title = high.title = raster.get("display_units");
      const map = wrapped() ? raster.get("wrap_colormap") : raster.get("colormap");
      chosen.style.backgroundImage = colormapGradient(map, raster.get("reverse"));
      name.textContent = `${map}${raster.get("reverse") ? ", reversed" : ""}`;
      flip.setAttribute("aria-pressed", String(raster.get("reverse")));
      zero.setAttribute("aria-pressed", String(bar.symmetric));
      opacity.value = String(Math.round(raster.get("opacity") * 100));
      percentText.textContent = `${opacity.value} %`;
      wrap.checked = wrapped();
      const half = about();
      const shown =
        raster.get("wrap") ?? (model.get("_about").kind === "phase" ? 2 * Math.PI : half ? half / 2 : 1);
      cycle.value = (shown * factor()).toFixed(decimalsFor((shown * factor()) / 100));
      cycle.disabled = !wrapped();
      cycleUnit.textContent = `${raster.get("display_units")} per cycle`;
      const seen = bar.histogram();
      const out =
        seen && seen.samples.length > 0
          ? seen.samples.reduce((n, v) => n + (v < a || v > b ? 1 : 0), 0) / seen.samples.length
          : 0;
      clips.textContent = wrapped() ? "" : `clips ${(out * 100).toFixed(1)} % of values`;
      const classes = colormapKind(map) === "classes";
      opener.disabled = classes;
    };
    context.watchRaster(
      [
        "vmin",
        "vmax",
        "wrap",
        "colormap",
        "wrap_colormap",
        "reverse",
        "opacity",
        "display_units",
        "display_factor",
      ],
      update,
    );
    context.watch(["_about"], update);
    context.signal.addEventListener("abort", context.handle.on("histogram", update));
    return section(
      "Colour",
      unit,
      h("div", { class: "dm-line" }, low, clips, high),
      h("div", { class: "dm-line" }, opener, flip, percent, zero),
      list,
      row("Opacity", opacity, percentText),
      row("Wrap", wrap, h("span", { class: "iw-grow" }), cycle, cycleUnit),
    );
  }

  function mask(context: Context): HTMLElement {
    const share = h("span", { class: "iw-2" });
    const chooser = select("Mask", [], (value) => {
      context.requests.request("choose", { mask_layer: value }).catch(context.fail);
    });
    const slider = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      class: "dm-range iw-grow",
      "aria-label": "Least value of the mask",
    });
    const field = number("Threshold of the mask", (v) => {
      context.draw({ mask_threshold: v });
    });
    const line = row("At least", slider, field);
    const note = h("p", { class: "iw-2" });
    let quantiles: number[] = [];
    let of = "";
    slider.addEventListener("input", () => {
      context.draw({ mask_threshold: Number(slider.value) });
    });
    const update = (): void => {
      const threshold = raster.get("mask_threshold");
      const mode = raster.get("mask_mode");
      slider.value = String(threshold);
      field.value = threshold.toFixed(2);
      line.hidden = mode !== "minimum";
      const least = mode === "nonzero" ? 0.5 : threshold;
      const kept = quantiles.length ? quantiles.filter((q) => q >= least).length / quantiles.length : 0;
      share.textContent =
        mode === "none" || !quantiles.length ? "" : `keeps ${(kept * 100).toFixed(1)} % of pixels`;
    };
    context.watchRaster(["mask_threshold", "mask_mode"], update);
    context.watch(["mask_layer", "_about"], () => {
      const about = model.get("_about");
      replace(
        chooser,
        h("option", { value: "" }, "None"),
        ...(about.masks ?? []).map(({ name, label }) => h("option", { value: name }, label)),
      );
      chooser.value = model.get("mask_layer");
      note.textContent = about.masked ? "" : "Not applied to this layer.";
      const key = `${model.get("mask_layer")} ${model.get("_revision")}`;
      if (key === of) return;
      of = key;
      quantiles = [];
      update();
      if (model.get("mask_layer")) {
        context.requests.request("mask", null, { signal: context.signal }).then(({ payload }) => {
          quantiles = payload.quantiles;
          update();
        }, context.fail);
      }
    });
    return section("Mask", share, h("div", { class: "dm-line" }, chooser), line, note);
  }

  function reference(context: Context): HTMLElement {
    const place = h("span", { class: "iw-grow" });
    const radius = number("Radius of the reference in metres", (v) => {
      const now = model.get("reference_point");
      if (!now || v < 0) return;
      context.remember();
      context.set({ reference_point: { ...now, radius: v } });
    });
    const write = button("Write to template…", ask, { class: "small", key: "write" });
    const back = button(
      "As in the file",
      () => {
        const origin = model.get("_about").origin;
        if (!origin) return;
        context.remember();
        context.set({ reference_point: { lon: origin.lon, lat: origin.lat, radius: 0 } });
      },
      { class: "small", key: "origin", title: "Back to the point that the run used" },
    );
    const dialog = h("div", {
      class: "dm-confirm",
      hidden: true,
      role: "alertdialog",
      "aria-label": "Write the reference point to the template",
    });
    function ask(): void {
      context.requests.request("template", { write: false }).then(({ payload }) => {
        const stale = payload.stale.length
          ? `These steps become stale and run again next time: ${payload.stale.join(", ")}.`
          : "No step that was run becomes stale.";
        dialog.hidden = false;
        replace(
          dialog,
          h(
            "p",
            {},
            h("b", {}, "mintpy.reference.lalo"),
            ` = ${payload.after} instead of ${payload.before}, in `,
            h("span", { class: "iw-mono" }, payload.file),
          ),
          h("p", {}, stale),
          h(
            "div",
            { class: "iw-row" },
            button(
              "Write",
              () => {
                confirm();
              },
              { class: "primary small", key: "write-yes" },
            ),
            button(
              "Cancel",
              () => {
                dialog.hidden = true;
                write.focus();
              },
              { class: "small" },
            ),
          ),
        );
        dialog.querySelector("button")?.focus();
      }, context.fail);
    }
    function confirm(): void {
      context.requests.request("template", { write: true }).then(({ payload }) => {
        replace(dialog, h("p", {}, `Written to ${payload.file}.`));
        context.live.say("Reference point written to the template");
        write.focus();
      }, context.fail);
    }
    context.watch(["reference_point"], () => {
      const now = model.get("reference_point");
      place.textContent = now ? `${degrees(now.lon)}, ${degrees(now.lat)}` : "none yet";
      radius.value = String(now?.radius ?? 0);
      write.disabled = back.disabled = radius.disabled = !now;
    });
    return section(
      "Reference",
      null,
      h("div", { class: "dm-line" }, h("i", { class: "dm-ref-mark", "aria-hidden": "true" }), place),
      row("Median within", radius, h("span", { class: "iw-2" }, "m")),
      h("div", { class: "dm-line" }, write, back),
      dialog,
    );
  }
}

function basemaps(context: Context): HTMLSelectElement {
  const chooser = select("Basemap", Object.entries(BASEMAPS), (value) => {
    context.set({ basemap: value as Basemap });
  });
  context.watch(["basemap"], () => {
    chooser.value = context.model.get("basemap");
  });
  return chooser;
}
