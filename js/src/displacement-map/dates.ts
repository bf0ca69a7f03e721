// The date axis: true to scale, with gaps, dropped dates, the reference date, play and keys.

import { button, h, replace, svg } from "../lib/dom";
import type { Context } from "./api";
import { mapIcon } from "./icons";
import { dayOf, isoDate } from "./words";

const WAIT = 1500; // longest stay at a date whose tiles are not there yet, in ms
const AHEAD = 6;
const SPEEDS = [2, 4, 8, 16];
const MARGIN = 9;
const HEIGHT = 44;
const NS = "http://www.w3.org/2000/svg";

export interface DateStrip {
  readonly element: HTMLElement;
  /** Handles a key pressed somewhere in the map; tells whether it did. */
  key(event: KeyboardEvent): boolean;
}

function option(value: string, text: string, selected: boolean): HTMLOptionElement {
  const made = h("option", { value }, text);
  made.selected = selected;
  return made;
}

export function dateStrip(context: Context): DateStrip {
  const { model, raster } = context;
  let playing: ReturnType<typeof setTimeout> | undefined;
  let speed = 4;
  let width = 0;

  const dates = (): string[] => model.get("_about").dates ?? [];
  const label = h("b", { class: "dm-date" });
  const note = h("span", { class: "iw-2 dm-date-note" });
  const plot = svg("svg", { class: "iw-chart dm-axis-plot", "aria-hidden": "true" });
  const slider = h(
    "div",
    { class: "dm-axis", role: "slider", tabindex: 0, "aria-label": "Date", "data-key": "date" },
    plot,
  );
  const zero = h("select", {
    class: "dm-select",
    "aria-label": "Date that is zero",
    title: "Displacement is zero at this date",
  });
  const speeds = h(
    "select",
    { class: "dm-select", "aria-label": "Speed" },
    ...SPEEDS.map((n) => option(String(n), `${n} dates/s`, n === speed)),
  );
  const play = button("Play", toggle, {
    class: "small icon",
    icon: mapIcon("play"),
    hideLabel: true,
    key: "play",
  });
  const previous = button(
    "Previous date",
    () => {
      step(-1);
    },
    { class: "ghost small icon", icon: mapIcon("previous"), hideLabel: true },
  );
  const next = button(
    "Next date",
    () => {
      step(1);
    },
    { class: "ghost small icon", icon: mapIcon("next"), hideLabel: true },
  );
  const flag = svg(
    "svg",
    { class: "dm-zero-flag", width: 10, height: 14, viewBox: "0 0 10 14", "aria-hidden": "true" },
    svg("path", { d: "M1 14V1h8l-2 2.5 2 2.5h-8" }),
  );
  const zeroLabel = h(
    "label",
    { class: "iw-2 dm-zero" },
    h("span", { class: "dm-zero-word" }, "Zero at"),
    flag,
    zero,
  );
  const element = h(
    "div",
    { class: "dm-strip" },
    h("div", { class: "dm-strip-head" }, previous, play, next, label, note),
    slider,
    h("div", { class: "dm-strip-tail" }, zeroLabel, speeds),
  );

  function go(index: number): void {
    const count = dates().length;
    const to = Math.max(0, Math.min(count - 1, index));
    if (count > 0 && to !== raster.get("index")) context.draw({ index: to });
  }

  function step(by: number): void {
    stop();
    go(raster.get("index") + by);
  }

  function stop(): void {
    clearTimeout(playing);
    playing = undefined;
    play.replaceChildren(mapIcon("play"));
    play.setAttribute("aria-label", "Play");
    play.title = "Play (space)";
  }

  function toggle(): void {
    if (playing !== undefined) {
      stop();
      return;
    }
    play.replaceChildren(mapIcon("pause"));
    play.setAttribute("aria-label", "Pause");
    play.title = "Pause (space)";
    if (raster.get("index") >= dates().length - 1) go(0);
    frame(performance.now());
  }

  function frame(since: number): void {
    const to = (raster.get("index") + 1) % Math.max(1, dates().length);
    const mount = context.mount();
    mount?.prefetch(Array.from({ length: AHEAD }, (_, n) => (to + n) % dates().length));
    const waited = performance.now() - since;
    const due = waited >= 1000 / speed && (mount?.ready(to) !== false || waited > WAIT);
    if (due) go(to);
    playing = setTimeout(
      () => {
        frame(due ? performance.now() : since);
      },
      due ? 1000 / speed : 30,
    );
  }

  function place(date: string): number {
    const all = dates();
    const [first, last] = [dayOf(all[0] ?? ""), dayOf(all.at(-1) ?? "")];
    return MARGIN + ((dayOf(date) - first) / Math.max(1, last - first)) * (width - 2 * MARGIN);
  }

  function draw(): void {
    const all = dates();
    element.hidden = all.length === 0;
    if (all.length === 0) {
      stop();
      return;
    }
    const index = Math.min(raster.get("index"), all.length - 1);
    const date = all[index] ?? "";
    const about = model.get("_about");
    const base = raster.get("base_index");
    const zeroDate = (base >= 0 ? all[base] : about.file_reference_date) ?? "";
    label.textContent = isoDate(date);
    const days = zeroDate ? dayOf(date) - dayOf(zeroDate) : 0;
    note.textContent = `${index + 1} of ${all.length}${zeroDate ? `, ${days < 0 ? "−" : "+"}${Math.abs(days)} days` : ""}`;
    slider.setAttribute("aria-valuemin", "1");
    slider.setAttribute("aria-valuemax", String(all.length));
    slider.setAttribute("aria-valuenow", String(index + 1));
    slider.setAttribute("aria-valuetext", `${isoDate(date)}, ${note.textContent}`);
    if (width < 60) return;
    const x = place(date);
    plot.setAttribute("width", String(width));
    plot.setAttribute("height", String(HEIGHT));
    plot.replaceChildren(
      ...yearMarks(all),
      svg("path", { class: "dm-track", d: `M${MARGIN} 18H${width - MARGIN}` }),
      svg("path", { class: "dm-track on", d: `M${MARGIN} 18H${x}` }),
      ...all.map((d) => svg("path", { class: d <= date ? "dm-tick on" : "dm-tick", d: `M${place(d)} 5v8` })),
      ...(about.dropped
        ?.filter((d) => d > (all[0] ?? "") && d < (all.at(-1) ?? ""))
        .map((d) => {
          const at = place(d);
          const cross = svg("path", { class: "dm-dropped", d: `M${at - 2.5} 6.5l5 5M${at + 2.5} 6.5l-5 5` });
          const title = document.createElementNS(NS, "title");
          title.textContent = `${isoDate(d)} is not in the series`;
          cross.append(title);
          return cross;
        }) ?? []),
      zeroDate
        ? svg("path", { class: "dm-flag", d: `M${place(zeroDate)} 20V1h7l-2 2.5 2 2.5h-7` })
        : svg("g"),
      svg("circle", { class: "dm-thumb", cx: x, cy: 18, r: 7 }),
    );
  }

  function yearMarks(all: readonly string[]): SVGElement[] {
    const [first, last] = [Number((all[0] ?? "0").slice(0, 4)), Number((all.at(-1) ?? "0").slice(0, 4))];
    const marks: SVGElement[] = [];
    const months = dayOf(all.at(-1) ?? "") - dayOf(all[0] ?? "") < 1100;
    const names = ["Jan", "", "", "Apr", "", "", "Jul", "", "", "Oct", "", ""];
    let free = -100;
    for (let year = first; year <= last; year++) {
      for (let month = 0; month < 12; month += months ? 3 : 12) {
        const day = `${year}${String(month + 1).padStart(2, "0")}01`;
        const starts = year === first && month === 0;
        if (!starts && (day < (all[0] ?? "") || day > (all.at(-1) ?? ""))) continue;
        const x = starts ? MARGIN : place(day);
        const text = month === 0 ? String(year) : (names[month] ?? "");
        if (!text || x < free || x > width - 24) continue;
        free = x + (month === 0 ? 38 : 32);
        if (!starts) marks.push(svg("path", { class: "axis", d: `M${x} 28v${month === 0 ? 12 : 4}` }));
        marks.push(svg("text", { x: x + (starts ? 0 : 4), y: 40 }, text));
      }
    }
    return marks;
  }

  function nearest(event: PointerEvent): number {
    const x = event.clientX - plot.getBoundingClientRect().left;
    const all = dates();
    let best = 0;
    all.forEach((date, i) => {
      if (Math.abs(place(date) - x) < Math.abs(place(all[best] ?? "") - x)) best = i;
    });
    return best;
  }

  slider.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stop();
    slider.setPointerCapture(event.pointerId);
    go(nearest(event));
  });
  slider.addEventListener("pointermove", (event) => {
    if (slider.hasPointerCapture(event.pointerId)) go(nearest(event));
  });
  zero.addEventListener("change", () => {
    const all = dates();
    const own = model.get("_about").file_reference_date;
    context.draw({ base_index: zero.value === own ? -1 : all.indexOf(zero.value) });
    context.set({ reference_date: zero.value });
  });
  speeds.addEventListener("change", () => {
    speed = Number(speeds.value);
  });

  function key(event: KeyboardEvent): boolean {
    if (dates().length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === " ") toggle();
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Home") step(-1e6);
    else if (event.key === "End") step(1e6);
    else return false;
    return true;
  }

  const observer = new ResizeObserver(([entry]) => {
    width = Math.floor(entry?.contentRect.width ?? 0);
    draw();
  });
  observer.observe(slider);
  context.signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(playing);
  });
  context.watch(["_about", "reference_date"], () => {
    const all = dates();
    const base = raster.get("base_index");
    const now = base >= 0 ? all[base] : model.get("_about").file_reference_date;
    zeroLabel.hidden = model.get("_about").zero_date === false;
    replace(zero, ...all.map((date) => option(date, isoDate(date), date === now)));
    draw();
  });
  context.watchRaster(["index", "base_index"], draw);
  return { element, key };
}
