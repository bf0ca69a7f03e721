// Which pixels are shown: the layer that decides, its threshold, and what share is kept.

import { h, replace, svg } from "../lib/dom";
import type { Context } from "./api";
import { fill, number, row, section, select, slider } from "./fields";

const WIDTH = 256;
const HEIGHT = 20;
const BINS = 50;

/** Counts of values between 0 and 1, from their quantiles. */
export function histogramOf(quantiles: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const q of quantiles) {
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(q * bins)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

export function maskPanel(context: Context): HTMLElement {
  const { model, raster } = context;
  const share = h("span", { class: "iw-2" });
  const chooser = select("Mask", [], (value) => {
    context.requests.request("choose", { mask_layer: value }).catch(context.fail);
  });
  const range = slider("Least value of the mask", 1, 0.01);
  const field = number("Threshold of the mask", (value) => {
    context.draw({ mask_threshold: value });
    return true;
  });
  const plot = svg("svg", {
    class: "dm-mask-plot",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const line = h("div", { class: "dm-mask-range" }, plot, row("At least", range, field));
  const note = h("p", { class: "iw-2" });
  let quantiles: number[] = [];
  let of = "";

  range.addEventListener("input", () => {
    context.draw({ mask_threshold: Number(range.value) });
  });

  function update(): void {
    const threshold = raster.get("mask_threshold");
    const mode = raster.get("mask_mode");
    range.value = String(threshold);
    fill(field, threshold.toFixed(2));
    line.hidden = mode !== "minimum";
    const least = mode === "nonzero" ? 0.5 : threshold;
    const kept = quantiles.length ? quantiles.filter((q) => q >= least).length / quantiles.length : 0;
    const where = model.get("aoi") ? "of the area" : "of pixels";
    share.textContent =
      mode === "none" || !quantiles.length ? "" : `keeps ${(kept * 100).toFixed(1)} % ${where}`;
    const counts = histogramOf(quantiles, BINS);
    const peak = Math.max(1, ...counts);
    const width = WIDTH / BINS;
    plot.replaceChildren(
      ...counts.map((count, i) => {
        const height = Math.sqrt(count / peak) * HEIGHT;
        const on = (i + 0.5) / BINS >= threshold;
        return svg("rect", {
          class: on ? "on" : "",
          x: i * width,
          y: HEIGHT - height,
          width: width - 0.6,
          height,
        });
      }),
    );
  }

  function ask(): void {
    const about = model.get("_about");
    const key = [
      model.get("mask_layer"),
      model.get("_revision"),
      about.masked,
      raster.get("_mask")?.key,
      JSON.stringify(model.get("aoi")),
    ].join(" ");
    if (key === of) return;
    of = key;
    if (raster.get("mask_mode") === "none") {
      quantiles = [];
      return;
    }
    context.requests.request("mask", null, { signal: context.signal }).then(({ payload }) => {
      if (key !== of) return;
      quantiles = payload.quantiles;
      update();
    }, context.fail);
  }

  context.watchRaster(["mask_threshold", "mask_mode", "_mask"], () => {
    ask();
    update();
  });
  context.watch(["mask_layer", "_about", "aoi", "_revision"], () => {
    const about = model.get("_about");
    const now = model.get("mask_layer");
    const known = about.masks ?? [];
    const other = now && !known.some(({ name }) => name === now) ? [now] : [];
    replace(
      chooser,
      h("option", { value: "" }, "None"),
      ...known.map(({ name, label }) => h("option", { value: name }, label)),
      ...other.map((name) =>
        h(
          "option",
          { value: name },
          name === "connectComponent" ? "Connected components of the pair shown" : name,
        ),
      ),
    );
    chooser.value = now;
    note.textContent =
      now && about.masked === false
        ? "Not applied to this layer."
        : now && raster.get("mask_mode") === "none"
          ? "Only interferograms have connected components; this layer is not masked."
          : "";
    note.hidden = !note.textContent;
    ask();
    update();
  });
  return section("Mask", share, h("div", { class: "dm-line" }, chooser), line, note);
}
