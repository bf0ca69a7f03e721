// What is exported, and how: products, dates, unit, mask, reference system, formats.

import { h, replace } from "../lib/dom";
import type { Context, State } from "./api";

let counter = 0;

export function productsPart(context: Context): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "ex-products" });
  context.watch(["_menu", "products", "busy", "_about"], () => {
    const chosen = new Set(model.get("products"));
    const busy = model.get("busy");
    const shown = model.get("_about").shown;
    replace(
      box,
      ...model.get("_menu").map((group) =>
        h(
          "fieldset",
          {},
          h("legend", { class: "iw-b" }, group.title),
          ...group.products.map(({ name, label }) => {
            const tick = h("input", { type: "checkbox", "data-key": `product-${name}`, disabled: busy });
            tick.checked = chosen.has(name);
            tick.addEventListener("change", () => {
              const order = model.get("_menu").flatMap((g) => g.products.map((p) => p.name));
              const now = new Set(model.get("products"));
              if (tick.checked) now.add(name);
              else now.delete(name);
              context.set(
                "products",
                order.filter((n) => now.has(n)),
              );
            });
            return h(
              "label",
              { class: "ex-tick" },
              tick,
              h(
                "span",
                {},
                label,
                name === "shown" && shown ? h("span", { class: "iw-2 ex-now" }, ` now: ${shown}`) : null,
              ),
            );
          }),
        ),
      ),
    );
  });
  return box;
}

interface Option {
  value: string;
  label: string;
}

/** A list of choices bound to a trait through words. */
function select(
  context: Context,
  label: string,
  traits: readonly (keyof State)[],
  options: () => Option[],
  read: () => string,
  write: (value: string) => void,
): HTMLElement {
  counter += 1;
  const id = `ex-select-${counter}`;
  const field = h("select", { class: "iw-in", id });
  field.addEventListener("change", () => {
    write(field.value);
  });
  context.watch([...traits, "busy"], () => {
    const known = options();
    const value = read();
    const all = known.some((o) => o.value === value) ? known : [...known, { value, label: value }];
    replace(field, ...all.map((o) => h("option", { value: o.value }, o.label)));
    field.value = value;
    field.disabled = context.model.get("busy");
  });
  return h("div", { class: "iw-field" }, h("label", { for: id }, label), field);
}

function tickOf(
  context: Context,
  label: string,
  trait: "cog" | "as_shown" | "only_points",
  title: string,
): HTMLElement {
  const tick = h("input", { type: "checkbox" });
  tick.addEventListener("change", () => {
    context.set(trait, tick.checked);
  });
  context.watch([trait, "busy"], () => {
    tick.checked = context.model.get(trait);
    tick.disabled = context.model.get("busy");
  });
  return h("label", { class: "ex-tick", title }, tick, h("span", {}, label));
}

function day(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}

/** Dates one by one, when none of the short choices is meant. */
function datePart(context: Context): HTMLElement {
  const { model } = context;
  const list = h("select", { class: "ex-dates", multiple: true, size: 6, "aria-label": "Dates to export" });
  list.addEventListener("change", () => {
    const dates = [...list.selectedOptions].map((o) => o.value);
    if (dates.length > 0) context.set("dates", dates);
  });
  const box = h(
    "div",
    { class: "ex-wide" },
    list,
    h("p", { class: "iw-2" }, "Ctrl or Shift with a click takes several."),
  );
  context.watch(["dates", "_about", "busy"], () => {
    const chosen = model.get("dates");
    box.hidden = ["all", "last", "shown"].includes(chosen[0] ?? "");
    list.disabled = model.get("busy");
    const dates = model.get("_about").dates ?? [];
    if (list.options.length !== dates.length) {
      replace(list, ...dates.map((d) => h("option", { value: d }, day(d))));
    }
    for (const option of list.options) option.selected = chosen.includes(option.value);
  });
  return box;
}

function crsPart(context: Context): HTMLElement {
  const { model } = context;
  const input = h("input", {
    class: "iw-in",
    type: "text",
    spellcheck: "false",
    "aria-label": "Reference system, such as EPSG:3857",
  });
  const box = h("div", { class: "ex-wide", hidden: true }, input);
  const commit = (): void => {
    if (input.value.trim() !== model.get("crs")) context.set("crs", input.value.trim());
  };
  input.addEventListener("change", commit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
  });
  let other = false;
  const show = (): void => {
    const value = model.get("crs");
    box.hidden = !(other || (value !== "" && value !== "EPSG:4326"));
    if (document.activeElement !== input) input.value = value;
    input.placeholder = "EPSG:3857";
    input.disabled = model.get("busy");
  };
  context.watch(["crs", "busy"], show);
  context.watch(["_error"], () => {
    const named = model.get("_error")?.message.includes(`“${model.get("crs")}”`) ?? false;
    input.setAttribute("aria-invalid", String(named));
  });
  const choice = select(
    context,
    "Reference system",
    ["crs", "_about"],
    () => [
      { value: "", label: `that of the data, ${model.get("_about").crs ?? ""}` },
      { value: "EPSG:4326", label: "degrees, EPSG:4326" },
      { value: "other", label: "another…" },
    ],
    () =>
      other
        ? "other"
        : model.get("crs") === "" || model.get("crs") === "EPSG:4326"
          ? model.get("crs")
          : "other",
    (value) => {
      other = value === "other";
      show();
      if (other) input.focus();
      else context.set("crs", value);
    },
  );
  return h("div", { class: "ex-crs ex-wide" }, choice, box);
}

export function optionsPart(context: Context): HTMLElement {
  const { model } = context;
  const dates = select(
    context,
    "Dates",
    ["dates", "_about"],
    () => {
      const about = model.get("_about");
      const count = about.dates?.length ?? 0;
      return [
        { value: "all", label: `all ${count}` },
        { value: "last", label: "the last one" },
        ...(about.map ? [{ value: "shown", label: "as on the map" }] : []),
        { value: "some", label: "chosen ones…" },
      ];
    },
    () =>
      ["all", "last", "shown"].includes(model.get("dates")[0] ?? "")
        ? (model.get("dates")[0] ?? "all")
        : "some",
    (value) => {
      context.set("dates", value === "some" ? (model.get("_about").dates ?? []).slice(-1) : [value]);
    },
  );
  const units = select(
    context,
    "Unit of displacement",
    ["units"],
    () => ["mm", "cm", "m"].map((u) => ({ value: u, label: u })),
    () => model.get("units"),
    (value) => {
      context.set("units", value);
    },
  );
  const mask = select(
    context,
    "Mask",
    ["mask", "_about"],
    () => [
      { value: "reliable", label: "reliable pixels (maskTempCoh)" },
      { value: "none", label: "none" },
      ...(model.get("_about").map ? [{ value: "shown", label: "as on the map" }] : []),
      ...["0.7", "0.8", "0.9"].map((v) => ({ value: v, label: `temporal coherence ≥ ${v}` })),
    ],
    () => model.get("mask"),
    (value) => {
      context.set("mask", value);
    },
  );
  const points = select(
    context,
    "Points as",
    ["points_format", "products"],
    () => [
      { value: "gpkg", label: "GeoPackage" },
      { value: "csv", label: "CSV" },
      { value: "geojson", label: "GeoJSON" },
    ],
    () => model.get("points_format"),
    (value) => {
      context.set("points_format", value);
    },
  );
  const figures = select(
    context,
    "Figures as",
    ["figure_formats"],
    () => [
      { value: "png,pdf", label: "PNG and PDF" },
      { value: "png", label: "PNG" },
      { value: "pdf", label: "PDF" },
      { value: "svg", label: "SVG" },
    ],
    () => model.get("figure_formats").join(","),
    (value) => {
      context.set("figure_formats", value.split(","));
    },
  );
  const dpi = select(
    context,
    "Resolution",
    ["dpi"],
    () => [150, 300, 600].map((v) => ({ value: String(v), label: `${v} dpi` })),
    () => String(model.get("dpi")),
    (value) => {
      context.set("dpi", Number(value));
    },
  );
  const cog = tickOf(
    context,
    "Cloud Optimized GeoTIFF",
    "cog",
    "With overviews, laid out for reading over the web",
  );
  const asShown = tickOf(
    context,
    "Reference as on the map",
    "as_shown",
    "Date and place that are zero on the map are zero in the files too",
  );
  const only = tickOf(context, "Only the points of the map", "only_points", "Instead of all reliable pixels");
  context.watch(["products", "_about"], () => {
    const chosen = new Set(model.get("products"));
    const about = model.get("_about");
    points.hidden = !chosen.has("points");
    only.hidden = !chosen.has("points") || !about.map || !about.points;
    figures.hidden = !chosen.has("figures");
    dpi.hidden = !chosen.has("figures");
    asShown.hidden = !about.map;
  });
  mask.classList.add("ex-wide");
  return h(
    "div",
    { class: "ex-options" },
    dates,
    units,
    datePart(context),
    mask,
    crsPart(context),
    points,
    figures,
    dpi,
    h("div", { class: "ex-ticks ex-wide" }, cog, asShown, only),
  );
}
