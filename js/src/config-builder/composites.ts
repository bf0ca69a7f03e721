// Controls that set several options at once, for the essentials.

import { h } from "../lib/dom";
import { autoLabel, segments, selectControl, textInput } from "./controls";
import type { Context, Option, Schema, Values } from "./api";
import { referenceMap } from "./reference-map";

/** A control that shows and sets more than one option. */
export interface Composite {
  readonly element: HTMLElement;
  /** What opens under the control. */
  readonly below?: HTMLElement;
  readonly keys: readonly string[];
  update(values: Record<string, string>): void;
}

type CommitAll = (values: Values) => void;

const LALO = "mintpy.reference.lalo";
const YX = "mintpy.reference.yx";

function pointText(value: string): string {
  return value.replace(/\s*,\s*/, ", ");
}

function reference(context: Context, commit: CommitAll): Composite {
  let mode = 0;
  let values: Record<string, string> = {};
  const map = referenceMap(context, (lat, lon) => {
    commit({ [LALO]: `${lat.toFixed(5)},${lon.toFixed(5)}`, [YX]: null });
  });
  const text = textInput(
    "Latitude and longitude of the reference point, degrees",
    (value) => {
      commit({ [LALO]: value === null ? null : value.replace(/\s*[,;\s]\s*/, ","), [YX]: null });
    },
    { placeholder: "latitude, longitude", class: "cb-point" },
  );
  const choice = segments("Reference point", ["Automatic", "Typed", "On the map"], (index) => {
    mode = index;
    if (index === 0) commit({ [LALO]: null, [YX]: null });
    show();
    if (index === 1) text.element.focus();
  });
  const below = h("div", { class: "cb-below" }, map.element);
  function point(): string {
    const value = values[LALO];
    return value === undefined || value === "auto" ? "" : value;
  }
  function show(): void {
    choice.update(mode);
    text.element.hidden = mode === 0 && point() === "";
    below.hidden = mode !== 2;
    if (mode === 2) map.show();
  }
  return {
    element: h("span", { class: "cb-ct" }, choice.element, text.element),
    below,
    keys: [LALO, YX],
    update(now) {
      const before = point();
      values = now;
      if (point() !== "" && mode === 0) mode = 1;
      if (point() === "" && before !== "" && mode === 1) mode = 0;
      text.update(point() === "" ? undefined : pointText(point()));
      map.update(point());
      show();
    },
  };
}

const CLUSTER = "mintpy.compute.cluster";
const WORKERS = "mintpy.compute.numWorker";

function parallel(schema: Schema, commit: CommitAll): Composite {
  const wise = Math.max(1, Math.floor((schema.cores * 2) / 3));
  let other = "";
  const workers = textInput(
    "Number of workers",
    (value) => {
      commit({ [CLUSTER]: "local", [WORKERS]: value ?? String(wise) });
    },
    { class: "cb-num", numeric: true },
  );
  const choice = segments("Parallel computing", ["None", "Some cores", "All"], (index) => {
    if (index === 0) commit({ [CLUSTER]: null, [WORKERS]: null });
    else commit({ [CLUSTER]: "local", [WORKERS]: index === 1 ? String(wise) : "all" });
  });
  const note = h("span", { class: "iw-2" });
  return {
    element: h("span", { class: "cb-ct" }, choice.element, workers.element, note),
    keys: [CLUSTER, WORKERS],
    update(values) {
      const cluster = values[CLUSTER] ?? "auto";
      const count = values[WORKERS] ?? "auto";
      const off = ["auto", "none", "no"].includes(cluster);
      other = off || cluster === "local" ? "" : cluster;
      choice.update(off ? 0 : other ? -1 : count === "all" ? 2 : 1);
      workers.element.hidden = off || count === "all";
      workers.update(count === "auto" ? "4" : count);
      note.textContent = other
        ? `on ${other}`
        : `${schema.cores} ${schema.cores === 1 ? "core" : "cores"} for this process`;
    },
  };
}

const METHOD = "mintpy.troposphericDelay.method";
const MODEL = "mintpy.troposphericDelay.weatherModel";

function troposphere(options: Map<string, Option>, commit: CommitAll): Composite | null {
  const [method, model] = [options.get(METHOD), options.get(MODEL)];
  if (!method || !model) return null;
  const menu = (option: Option): ReturnType<typeof selectControl> =>
    selectControl(
      option.label,
      () => [["", autoLabel(option)], ...option.choices.map((word): [string, string] => [word, word])],
      (value) => {
        commit({ [option.key]: value });
      },
    );
  const [methods, models] = [menu(method), menu(model)];
  return {
    element: h("span", { class: "cb-ct" }, methods.element, models.element),
    keys: [METHOD, MODEL],
    update(values) {
      const now = values[METHOD] ?? "auto";
      methods.update(now);
      models.update(values[MODEL]);
      models.element.hidden = (now === "auto" ? method.auto : now) !== "pyaps";
    },
  };
}

/** The special control of an option, null where the one of its kind is enough. */
export function compositeFor(
  option: Option,
  essential: boolean,
  schema: Schema,
  options: Map<string, Option>,
  context: Context,
  commit: CommitAll,
): Composite | null {
  if (option.key === LALO) return reference(context, commit);
  if (!essential) return null;
  if (option.key === CLUSTER) return parallel(schema, commit);
  if (option.key === METHOD) return troposphere(options, commit);
  return null;
}
