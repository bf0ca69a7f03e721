// What is known of a station; all of it is text.

import type { AnyModel } from "@anywidget/types";
import { append, button, h, listen } from "../lib/dom";
import { formatValue } from "../lib/number";
import { reasonOf, type LayerState, type StationInfo } from "./api";
import type { Shown } from "./look";

const metres = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : `${formatValue(value, 0.1)}\u00a0m`;

function rowsOf(station: StationInfo): [string, string][] {
  const { lon, lat, xyz } = station;
  const rows: [string, string][] = [
    ["Longitude, latitude", `${formatValue(lon, 0.0001)}°, ${formatValue(lat, 0.0001)}°`],
    ["Height (ellipsoidal)", metres(station.height)],
    ["Series", `${station.begin} to ${station.end}`],
    ["Daily positions", String(station.solutions)],
  ];
  if (xyz) rows.push(["x, y, z", xyz.map((v) => metres(v)).join(", ")]);
  if (station.modified) rows.push(["Modified", station.modified]);
  rows.push(["Original name", station.original || "–"]);
  return rows;
}

/** Value and deviation, in mm/yr. */
export function rate(value: number | null | undefined, std?: number | null): string {
  if (value === null || value === undefined) return "–";
  const text = formatValue(value * 1000, 0.1, true);
  return std ? `${text} ± ${formatValue(std * 1000, 0.1)} mm/yr` : `${text} mm/yr`;
}

export function popupContent(model: AnyModel<LayerState>, station: StationInfo, shown: Shown): HTMLElement {
  const motion = model.get("_motion");
  const own = motion.stations[station.name];
  const facts: [string, string][] = [];
  if (own) {
    facts.push(["GNSS, LOS velocity", rate(own.velocity, own.std)], ["InSAR, LOS velocity", rate(own.insar)]);
    const value = shown.value(station.name);
    if (shown.quantity === "displacement")
      facts.push([
        "GNSS, LOS displacement",
        Number.isFinite(value)
          ? `${formatValue(value * shown.factor, 0.1, true)} ${shown.units}`
          : "none at this date",
      ]);
  }
  const arrow = model.get("_arrows")[station.name];
  if (arrow)
    facts.push(
      ["East", rate(arrow.e, arrow.se)],
      ["North", rate(arrow.n, arrow.sn)],
      ["Up", rate(arrow.u, arrow.su)],
    );
  const reason = reasonOf(station, motion);
  const table = h("dl", {});
  for (const [term, text] of [...facts, ...rowsOf(station)])
    append(table, h("dt", {}, term), h("dd", {}, text));
  const element = h(
    "div",
    { class: "iw iw-gnss-pop", role: "group", "aria-label": `Station ${station.name}` },
    h("div", { class: "title" }, station.name, station.name === model.get("reference") ? " (reference)" : ""),
    reason
      ? h("p", { class: "reason" }, `${station.usable ? "Not compared" : "Not usable"}: ${reason}`)
      : null,
    table,
  );
  if (!station.usable) return element;
  const box = h("input", { type: "checkbox", "data-key": "take-part" });
  box.checked = model.get("selected").includes(station.name);
  listen(box, "change", () => {
    const others = model.get("selected").filter((name) => name !== station.name);
    model.set("selected", box.checked ? [...others, station.name] : others);
    model.save_changes();
  });
  append(
    element,
    h(
      "div",
      { class: "iw-row" },
      h("label", { class: "take" }, box, "compare it"),
      own && model.get("station") !== station.name
        ? button(
            "Show its series",
            () => {
              model.set("station", station.name);
              model.save_changes();
            },
            { class: "small" },
          )
        : null,
    ),
  );
  return element;
}
