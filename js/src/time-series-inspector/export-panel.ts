// What is taken along: pictures, numbers, code; and the words that explain them.

import { chartPng, chartSvg, download, type Chart, type PictureNotes } from "../lib/chart";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { iso, modelWords, type Context, type Data } from "./api";

function barsWords(context: Context, data: Data): string {
  const { model } = context;
  const bars = model.get("bars");
  if (bars === "rms")
    return data.has_rms
      ? "Bars: ± residual RMS of each date over the scene, after MintPy's residual_RMS."
      : "No bars: the step residual_RMS has not written its file.";
  if (bars === "fit") return "Bars: ± standard deviation of the point's residuals from its fit.";
  if (bars === "spread")
    return data.radius > 0
      ? "Bars: 16th to 84th percentile of the pixels within the radius."
      : "No bars: one pixel has no spread, give a radius.";
  return "No bars.";
}

function explain(context: Context, data: Data): string[] {
  const { model } = context;
  const excluded = model.get("exclude").length;
  const fit = data.fit_problem
    ? ""
    : `Bands: fit ± 2 std, from the covariance of its parameters (errors taken as independent).`;
  const open = excluded > 0 ? `Open symbols: excluded from the fit (${excluded}).` : "";
  const place = data.reference_point;
  const at = place
    ? `Reference ${place.lon.toFixed(4)}°, ${place.lat.toFixed(4)}°${place.radius ? ` (median within ${place.radius} m)` : ""}`
    : "Reference point as in the data";
  const zero = data.reference_date ? `zero at ${iso(data.reference_date)}` : "zero as in the data";
  const sign = data.units === "m" ? " Positive towards the satellite." : "";
  return [
    [barsWords(context, data), fit, open].filter(Boolean).join(" "),
    `${data.source}. ${at.replaceAll("-", "−")}, ${zero}.${sign} ${data.notes.join(" ")}`.trim(),
  ];
}

export function footer(context: Context): HTMLElement {
  const note = h("div", { class: "ts-note" });
  let said = "";
  const draw = (): void => {
    const data = context.data();
    note.hidden = !data || context.model.get("points").length === 0;
    if (!data || note.hidden) return;
    const [meaning = "", source = ""] = explain(context, data);
    const some = context.model.get("exclude").length > 0;
    // Long words cost a layout, which each new point would pay for
    const now = JSON.stringify([meaning, source, some, data.fit_problem]);
    if (now === said) return;
    said = now;
    const all = some
      ? button(
          "Take all dates in",
          () => {
            context.set("exclude", []);
          },
          { class: "small", key: "include-all" },
        )
      : null;
    replace(
      note,
      data.fit_problem
        ? h("p", { class: "ts-bad", role: "status" }, icon("warning", "small"), `No fit: ${data.fit_problem}`)
        : null,
      h("p", {}, meaning, " ", all),
      h("p", {}, source),
    );
  };
  context.onData(draw);
  context.watch(["exclude", "bars", "points"], draw);
  return note;
}

function picture(context: Context): PictureNotes {
  const data = context.data();
  const { model } = context;
  if (!data) return {};
  const visible = model.get("points").filter((point) => !point.hidden);
  return {
    title: `${data.quantity}: ${modelWords(model.get("model"))}`,
    notes: explain(context, data),
    legend: visible.map((point) => ({ color: point.color, name: point.label })),
  };
}

export function exportPanel(context: Context, chart: Chart): HTMLElement {
  const save = async (kind: "csv" | "png" | "svg"): Promise<void> => {
    if (kind === "csv") {
      const { payload } = await context.requests.request("table", null);
      download("time-series.csv", payload.text, "text/csv");
    } else if (kind === "svg")
      download("time-series.svg", chartSvg(chart, picture(context)), "image/svg+xml");
    else download("time-series.png", await chartPng(chart, picture(context)));
    context.live.say(`time-series.${kind} saved`);
  };
  const one = (label: string, kind: "csv" | "png" | "svg"): HTMLButtonElement =>
    button(
      label,
      () => {
        save(kind).catch(context.fail);
      },
      { class: "small", key: `save-${kind}` },
    );
  return h(
    "div",
    { class: "iw-row" },
    one("CSV with metadata", "csv"),
    one("PNG", "png"),
    one("SVG", "svg"),
    h("span", { class: "iw-2" }, "The picture is the chart as it is zoomed now."),
  );
}
