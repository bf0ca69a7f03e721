// The chart, and what pointer and keyboard do on it.

import { Chart } from "../lib/chart";
import { h, replace } from "../lib/dom";
import { isCurrent, iso, toDay, type Context } from "./api";
import { chartOf, tooltipOf, type Look } from "./plot";

const HEIGHT = 300;
const FOLLOW_EVERY = 60;

function lookOf(context: Context): Look {
  const { model } = context;
  return {
    points: model.get("points"),
    view: model.get("view"),
    unit: model.get("unit"),
    bars: model.get("bars"),
    date: model.get("date"),
    events: model.get("events"),
    exclude: model.get("exclude"),
    model: model.get("model"),
    minus: model.get("minus"),
    series: model.get("series"),
  };
}

/** Sends the date under the pointer, not more often than the kernel can follow; what others chose since then stays. */
export function dateSender(context: Pick<Context, "model" | "set">): (time: number) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let [wanted, sent] = ["", ""];
  const send = (): void => {
    if (wanted === context.model.get("date")) return;
    sent = wanted;
    context.set("date", wanted);
    timer = setTimeout(() => {
      timer = undefined;
      if (wanted !== sent && context.model.get("date") === sent) send();
    }, FOLLOW_EVERY);
  };
  return (time) => {
    wanted = toDay(time);
    if (timer === undefined) send();
  };
}

export interface ChartPart {
  chart: Chart;
  element: HTMLElement;
  pickStep(on: boolean): void;
}

export function chartPart(context: Context): ChartPart {
  const { model } = context;
  const sendDate = dateSender(context);
  let stepping = false;
  const toggle = (time: number): void => {
    const day = toDay(time);
    const before = model.get("exclude");
    const out = before.includes(day);
    context.set("exclude", out ? before.filter((other) => other !== day) : [...before, day].sort());
    context.live.say(`${iso(day)} ${out ? "is in the fit again" : "excluded from the fit"}`);
  };
  const addStep = (time: number): void => {
    const now = model.get("model");
    context.set("model", { ...now, steps: [...new Set([...now.steps, toDay(time)])].sort() });
  };
  const chart = new Chart({
    height: HEIGHT,
    say: (text) => {
      context.live.say(text);
    },
    tooltip: ({ hit, snapped }) => {
      const data = context.data();
      if (stepping) return ["Click where the step is", iso(toDay(snapped))];
      if (!data) return [];
      return hit ? tooltipOf(data, lookOf(context), hit.mark, hit.index) : [iso(toDay(snapped))];
    },
    onHover: (place) => {
      if (place && model.get("follow") && !stepping) sendDate(place.snapped);
    },
    onPick: (hit) => {
      if (stepping) addStep(hit.x);
      else toggle(hit.x);
    },
    onClick: (place) => {
      if (stepping) addStep(place.x);
      else context.set("date", toDay(place.snapped));
    },
  });
  const empty = h("div", { class: "iw-empty ts-empty" });
  const draw = (): void => {
    const data = context.data();
    const has = Boolean(data && data.drawn.length > 0);
    chart.element.hidden = !has;
    empty.hidden = has;
    if (data && has) chart.set(chartOf(data, lookOf(context)));
    else
      replace(
        empty,
        h(
          "p",
          {},
          h(
            "span",
            { class: "iw-b" },
            model.get("points").length > 0 ? "Nothing to draw. " : "No point yet. ",
          ),
          emptyWords(context),
        ),
      );
  };
  context.onData(draw);
  context.watch(["view", "unit", "bars", "events", "date", "_dates"], draw);
  context.watch(["points"], () => {
    const data = context.data();
    if (!data || isCurrent(data, model.get("points"))) draw();
  });
  context.signal.addEventListener("abort", () => {
    chart.destroy();
  });
  return {
    chart,
    element: h("div", { class: "ts-chart" }, chart.element, empty),
    pickStep(on) {
      stepping = on;
    },
  };
}

function emptyWords(context: Context): string {
  const { model } = context;
  if (model.get("_dates").length === 0)
    return "There is no time series: open the results of a run, or give an array along date, y and x.";
  if (model.get("points").length > 0) return "The list below says what is the matter with each point.";
  return model.get("_can_zoom")
    ? "Click on the map, or add points by their coordinates or from a CSV file with +."
    : "Add points by their coordinates or from a CSV file with +.";
}
