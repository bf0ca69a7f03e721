// What is chosen, asked for and taken along.

import { download } from "../lib/chart";
import { button, h, listen, replace } from "../lib/dom";
import { selectField, unitField } from "../lib/fields";
import type { Context } from "./api";
import type { ChartPart } from "./charts";

function numberField(
  context: Context,
  trait: "window_days" | "radius" | "min_solutions",
  label: string,
  unit: string,
  [low, high, step]: readonly [number, number, number],
): HTMLElement {
  const input = h("input", { class: "iw-in", type: "number", min: low, max: high, step, "data-key": trait });
  context.watch([trait], () => {
    input.value = String(context.model.get(trait));
  });
  listen(input, "change", () => {
    const value = Number(input.value);
    const good = input.value !== "" && value >= low && value <= high;
    input.setAttribute("aria-invalid", String(!good));
    if (good) context.set(trait, trait === "radius" ? value : Math.round(value));
    else context.live.say(`${label} is ${low} to ${high} ${unit}`);
  });
  return h("label", { class: "gi-number" }, h("span", {}, label), input, h("span", {}, unit));
}

export function referenceField(context: Context): HTMLElement {
  const box = h("div", { class: "gi-reference" });
  const draw = (): void => {
    const { model } = context;
    const selected = new Set(model.get("selected"));
    const names = model
      .get("_stations")
      .filter((s) => s.usable && (selected.has(s.name) || s.name === model.get("reference")))
      .map(({ name }) => [name, `station ${name}`] as const);
    replace(
      box,
      selectField(
        "Relative to",
        [["", "InSAR reference point"], ...names],
        model.get("reference"),
        (name) => {
          context.set("reference", name);
        },
        "reference",
      ),
    );
  };
  context.watch(["_stations", "selected", "reference"], draw);
  return box;
}

export function quickFields(context: Context): HTMLElement {
  return h(
    "div",
    { class: "iw-row" },
    numberField(context, "window_days", "Window ±", "d", [0, 60, 1]),
    numberField(context, "radius", "Radius", "m", [0, 50_000, 10]),
  );
}

/** What is seldom changed: search, epochs, outliers, frames, marks, and a station of one's own. */
export function optionsPanel(context: Context): HTMLElement {
  const { model } = context;
  const choices = h("div", { class: "iw-row gi-end" });
  const overlap = h("input", {
    class: "iw-in",
    type: "number",
    min: 0,
    max: 100,
    step: 5,
    "data-key": "overlap",
  });
  listen(overlap, "change", () => {
    const share = Number(overlap.value) / 100;
    if (overlap.value !== "" && share >= 0 && share <= 1) context.set("min_overlap", share);
  });
  const frames = h("input", { class: "iw-in", "data-key": "frames", spellcheck: "false" });
  listen(frames, "change", () => {
    const names = frames.value.split(/[\s,]+/).filter(Boolean);
    if (names.length > 0) context.set("frames", names);
    else frames.value = model.get("frames").join(", ");
  });
  const draw = (): void => {
    overlap.value = String(Math.round(model.get("min_overlap") * 100));
    frames.value = model.get("frames").join(", ");
    const outliers = model.get("outliers");
    replace(
      choices,
      selectField(
        "GNSS at an acquisition",
        [
          ["mean", "mean of the window"],
          ["nearest", "nearest day"],
        ],
        model.get("method"),
        (method) => {
          context.set("method", method);
        },
        "method",
      ),
      selectField(
        "Outliers of GNSS",
        [
          ["", "keep all days"],
          ["8", "beyond 8 std"],
          ["5", "beyond 5 std"],
          ["3", "beyond 3 std"],
        ],
        outliers === null ? "" : String(outliers),
        (text) => {
          context.set("outliers", text ? Number(text) : null);
        },
        "outliers",
      ),
      model.get("_has_map")
        ? selectField(
            "On the map",
            [
              ["color", "colours of the map"],
              ["arrows", "arrows"],
            ],
            model.get("marks"),
            (marks) => {
              context.set("marks", marks);
            },
            "marks",
          )
        : null,
      unitField(model.get("unit"), (unit) => {
        context.set("unit", unit);
      }),
      h("label", { class: "iw-field" }, "Frames, by preference", frames),
    );
  };
  context.watch(["method", "outliers", "marks", "unit", "frames", "min_overlap", "_has_map"], draw);
  return h(
    "div",
    { class: "gi-options" },
    choices,
    h(
      "div",
      { class: "iw-row" },
      h("span", { class: "iw-2" }, "Stations need"),
      numberField(context, "min_solutions", "", "positions", [0, 100_000, 10]),
      h("label", { class: "gi-number" }, h("span", {}, "over"), overlap, h("span", {}, "% of the time span")),
      h("span", { class: "iw-2" }, "(at the next search)"),
    ),
    ownField(context),
  );
}

function ownField(context: Context): HTMLElement {
  const path = h("input", {
    class: "iw-in",
    "data-key": "own-path",
    placeholder: "series.tenv3 or series.csv",
  });
  const [lon, lat] = (["lon", "lat"] as const).map((name) =>
    h("input", {
      class: "iw-in",
      type: "number",
      step: "any",
      "data-key": `own-${name}`,
      placeholder: `${name}, degrees`,
    }),
  );
  path.setAttribute("aria-label", "File of a station of your own");
  lon?.setAttribute("aria-label", "Its longitude, if the file does not say it");
  lat?.setAttribute("aria-label", "Its latitude, if the file does not say it");
  const value = (input: HTMLInputElement | undefined): number | null =>
    input?.value ? Number(input.value) : null;
  const add = (): void => {
    context.requests
      .request("own", { path: path.value.trim(), lon: value(lon), lat: value(lat) })
      .then(({ payload }) => {
        path.value = "";
        context.live.say(`Station ${payload.name} added`);
      }, context.fail);
  };
  return h(
    "div",
    { class: "iw-row gi-own", "data-writes": true },
    h("span", { class: "iw-2" }, "A station of your own"),
    path,
    lon,
    lat,
    button("Add", add, { class: "small", key: "own-add" }),
  );
}

export function savePanel(context: Context, charts: ChartPart): HTMLElement {
  const item = (label: string, key: string, run: () => Promise<string>): HTMLElement =>
    button(
      label,
      () => {
        run().then((name) => {
          context.live.say(`${name} saved`);
        }, context.fail);
      },
      { class: "small", key },
    );
  const csv = async (station: string): Promise<string> => {
    const { payload } = await context.requests.request("csv", { station });
    const name = station ? `gnss-${station}.csv` : "gnss-comparison.csv";
    download(name, payload.text, "text/csv");
    return name;
  };
  const figure = async (kind: "png" | "svg"): Promise<string> => {
    const { buffers } = await context.requests.request("figure", { kind });
    const bytes = buffers[0] ?? new Uint8Array();
    const type = kind === "png" ? "image/png" : "image/svg+xml";
    download(`velocity-with-gnss.${kind}`, new Blob([bytes.slice()], { type }));
    return `velocity-with-gnss.${kind}`;
  };
  return h(
    "div",
    { class: "gi-options" },
    h(
      "div",
      { class: "iw-row" },
      h("span", { class: "gi-what" }, "Numbers"),
      item("Table, CSV", "csv-table", () => csv("")),
      item("This station, CSV", "csv-series", () => csv(context.model.get("station"))),
    ),
    h(
      "div",
      { class: "iw-row" },
      h("span", { class: "gi-what" }, "This chart"),
      item("PNG", "chart-png", () => charts.save("png")),
      item("SVG", "chart-svg", () => charts.save("svg")),
    ),
    h(
      "div",
      { class: "iw-row" },
      h("span", { class: "gi-what" }, "Velocity map with GNSS"),
      item("PNG", "figure-png", () => figure("png")),
      item("SVG", "figure-svg", () => figure("svg")),
    ),
  );
}
