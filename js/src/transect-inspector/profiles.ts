// The profiles as rows: colour, layer, date, value under the pointer.

import { alertRow, wordsOf } from "../lib/context";
import { dashOf, swatch } from "../lib/chart";
import { button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { nearestIndex, type Asked, type Context, type LayerInfo } from "./api";
import { spreadWords, valueWords } from "./plot";

function iso(date: string): string {
  return date.length === 8 ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : date;
}

function layerSelect(context: Context, asked: Asked, number: number): HTMLSelectElement {
  const { model } = context;
  const layers = model.get("_layers");
  const follows = model.get("_follows");
  const shown = asked.layer || (follows ? "" : model.get("layer"));
  const select = h("select", {
    class: "iw-in",
    "aria-label": `Layer of profile ${number}`,
    "data-key": `layer-${asked.id}`,
  });
  if (follows) {
    const now = layers.find(({ key }) => key === model.get("layer"));
    select.append(h("option", { value: "" }, now ? `${now.label} (as on the map)` : "As on the map"));
  }
  const groups = new Map<string, LayerInfo[]>();
  for (const layer of layers) groups.set(layer.group, [...(groups.get(layer.group) ?? []), layer]);
  for (const [group, members] of groups) {
    const options = members.map((layer) => h("option", { value: layer.key }, layer.label));
    if (group) select.append(h("optgroup", { label: group }, ...options));
    else select.append(...options);
  }
  select.value = shown;
  listen(select, "change", () => {
    context.requests.request("change", { id: asked.id, layer: select.value, date: "" }).catch(context.fail);
  });
  return select;
}

function dateSelect(context: Context, asked: Asked, number: number): HTMLElement {
  const { model } = context;
  const key = asked.layer || model.get("layer");
  const layer = model.get("_layers").find((one) => one.key === key);
  if (!layer || layer.dates.length === 0) return h("span", { class: "iw-2 ti-nodate" }, "no dates");
  const select = h("select", {
    class: "iw-in ti-date",
    "aria-label": `Date of profile ${number}`,
    "data-key": `date-${asked.id}`,
  });
  const now = model.get("date");
  if (model.get("_follows"))
    select.append(h("option", { value: "" }, now ? `${iso(now)} (as on the map)` : "As on the map"));
  select.append(...layer.dates.map((date) => h("option", { value: date }, iso(date))));
  const shown = layer.dates.includes(now) ? now : (layer.dates.at(-1) ?? "");
  select.value = asked.date || (model.get("_follows") ? "" : shown);
  listen(select, "change", () => {
    context.requests.request("change", { id: asked.id, date: select.value }).catch(context.fail);
  });
  return select;
}

export interface ProfileTable {
  readonly element: HTMLElement;
  /** Shows the values at a distance in metres, null for none. */
  point(metres: number | null): void;
}

export function profileTable(context: Context): ProfileTable {
  const { model, requests } = context;
  const rows = h("div", { class: "ti-rows", role: "list", "aria-label": "Profiles" });
  const values = new Map<string, HTMLElement>();
  const problem = h("div", { role: "alert" });
  const build = (): void => {
    values.clear();
    const all = model.get("profiles");
    const found = new Map(context.data()?.section.profiles.map((one) => [one.id, one]));
    replace(
      rows,
      ...all.map((asked, i) => {
        const value = h("span", { class: "ti-value" });
        values.set(asked.id, value);
        const trouble = found.get(asked.id)?.problem ?? "";
        return h(
          "div",
          { class: "ti-row", role: "listitem" },
          swatch(asked.color, dashOf(i)),
          layerSelect(context, asked, i + 1),
          dateSelect(context, asked, i + 1),
          value,
          button(
            `Remove profile ${i + 1}`,
            () => {
              requests.request("remove", asked.id).catch(context.fail);
            },
            {
              class: "ghost icon small",
              icon: icon("close", "small"),
              hideLabel: true,
              key: `remove-${asked.id}`,
            },
          ),
          trouble ? h("p", { class: "ti-trouble" }, icon("error", "small error"), trouble) : null,
        );
      }),
    );
    point(model.get("cursor"));
  };
  const point = (metres: number | null): void => {
    const data = context.data();
    for (const element of values.values()) element.textContent = "";
    if (!data || metres === null) return;
    const index = nearestIndex(data.distance, metres);
    for (const curve of data.curves) {
      const element = values.get(curve.info.id);
      if (!element) continue;
      const spread = spreadWords(curve, index);
      replace(
        element,
        h("span", { class: "iw-b" }, valueWords(curve, index)),
        spread ? h("span", { class: "iw-2" }, spread) : null,
      );
    }
  };
  context.watch(["profiles", "_layers", "layer", "date", "_follows"], build);
  context.onData(build);

  const path = h("input", {
    class: "iw-in",
    placeholder: "GeoTIFF, NetCDF, MintPy file or work directory",
    "aria-label": "Path of another file or work directory",
    spellcheck: "false",
  });
  const open = (): void => {
    if (!path.value.trim()) return;
    replace(problem);
    requests.request("file", path.value.trim()).then(
      ({ payload }) => {
        path.value = "";
        context.live.say(`${payload.length} ${payload.length === 1 ? "layer" : "layers"} can be chosen`);
      },
      (error: unknown) => {
        const words = wordsOf(error);
        replace(problem, words ? alertRow(words, null) : null);
      },
    );
  };
  listen(path, "keydown", (event) => {
    if (event.key === "Enter") open();
  });
  return {
    element: h(
      "div",
      { class: "ti-profiles" },
      rows,
      h(
        "div",
        { class: "ti-more" },
        button(
          "Add profile",
          () => {
            const last = model.get("profiles").at(-1);
            requests.request("add", { layer: last?.layer ?? "", date: last?.date ?? "" }).catch(context.fail);
          },
          { class: "small", icon: icon("plus", "small"), key: "add-profile" },
        ),
        h(
          "span",
          { class: "ti-path" },
          path,
          button("Open", open, { class: "small", icon: icon("folder", "small"), key: "open-file" }),
        ),
      ),
      problem,
    ),
    point,
  };
}
