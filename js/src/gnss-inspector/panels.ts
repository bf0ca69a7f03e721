// What is chosen, asked for and taken along.

import { download } from "../lib/chart";
import { button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { ageWords, type Context } from "./api";
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

function select<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  value: T,
  onChange: (value: T) => void,
  key: string,
): HTMLElement {
  const element = h("select", { class: "iw-in", "data-key": key });
  for (const [name, text] of options) {
    const option = h("option", { value: name }, text);
    option.selected = name === value;
    element.append(option);
  }
  listen(element, "change", () => {
    onChange(element.value as T);
  });
  return h("label", { class: "iw-field" }, label, element);
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
      select(
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
      select(
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
      select(
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
        ? select(
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
      select(
        "Unit",
        [
          ["mm", "mm"],
          ["cm", "cm"],
          ["m", "m"],
        ],
        model.get("unit"),
        (unit) => {
          context.set("unit", unit);
        },
        "unit",
      ),
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
    { class: "iw-row gi-own" },
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

export function codePanel(context: Context): { element: HTMLElement; refresh: () => void } {
  const text = h("textarea", {
    class: "iw-in",
    readonly: true,
    rows: 11,
    "aria-label": "Python code",
    spellcheck: "false",
  });
  return {
    element: h(
      "div",
      {},
      h("p", { class: "iw-2" }, "Python that makes these numbers without the widget."),
      text,
    ),
    refresh() {
      context.requests.request("code", null).then(({ payload }) => {
        text.value = payload.text;
      }, context.fail);
    },
  };
}

/** List, search, progress: one line that says what there is and what goes on. */
export function statusLine(context: Context, find: (refresh: boolean) => void): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "gi-status" });
  const name = h("input", {
    class: "iw-in gi-search",
    type: "search",
    placeholder: "Name",
    "aria-label": "Stations whose name holds",
    "data-key": "name",
  });
  listen(name, "input", () => {
    context.set("filter", { ...model.get("filter"), name: name.value });
  });
  const words = h("span", { class: "iw-grow" });
  const actions = h("span", { class: "iw-row" });
  const bar = h("div", { class: "iw-bar", role: "progressbar", "aria-label": "Progress" }, h("i"));
  const draw = (): void => {
    const progress = model.get("_progress");
    const stations = model.get("_stations");
    const list = model.get("_list");
    box.hidden = stations.length === 0 && progress === null;
    name.hidden = stations.length < 12;
    bar.hidden = progress === null;
    box.setAttribute("aria-busy", String(progress !== null));
    if (progress) {
      const { fraction, text } = progress;
      bar.classList.toggle("unknown", fraction === null);
      if (bar.firstElementChild instanceof HTMLElement)
        bar.firstElementChild.style.width = fraction === null ? "" : `${Math.round(100 * fraction)}%`;
      if (fraction === null) bar.removeAttribute("aria-valuenow");
      else bar.setAttribute("aria-valuenow", String(Math.round(100 * fraction)));
      words.textContent = text;
      replace(
        actions,
        button(
          "Cancel",
          () => {
            context.requests.request("cancel", null).catch(context.fail);
          },
          { class: "small", key: "cancel" },
        ),
      );
      return;
    }
    const usable = stations.filter((s) => s.usable).length;
    const total = list && list.total > 0 ? ` of ${list.total.toLocaleString("en")}` : "";
    const age = list && list.age !== null ? ` List fetched ${ageWords(list.age)}.` : "";
    replace(
      words,
      `${stations.length}${total} stations in or near the frame, ${usable} usable, ${model.get("selected").length} chosen.${age}`,
      list && list.skipped > 0 ? ` ${list.skipped} lines of it could not be read.` : null,
      list?.problem
        ? h("span", { class: "gi-bad" }, icon("warning", "small"), ` Offline? ${list.problem}`)
        : null,
      model.get("_stale") ? h("span", { class: "gi-bad" }, " What is chosen is not compared yet.") : null,
    );
    replace(
      actions,
      model.get("_stale")
        ? button(
            "Compare",
            () => {
              context.requests.request("compare", null).catch(context.fail);
            },
            { class: "small primary", key: "compare" },
          )
        : null,
      button(
        "Fetch again",
        () => {
          find(true);
        },
        {
          class: "small",
          icon: icon("retry"),
          key: "refresh",
          title: "Fetch list and series again, whatever the cache holds",
        },
      ),
    );
  };
  context.watch(["_progress", "_stations", "_list", "selected", "_stale"], draw);
  context.watch(["filter"], () => {
    if (document.activeElement !== name) name.value = model.get("filter").name;
  });
  return h("div", {}, h("div", { class: "gi-line" }, box), bar, fill(box, words, name, actions));
}

function fill(box: HTMLElement, ...parts: HTMLElement[]): null {
  box.append(...parts);
  return null;
}

/** Which station would make a good reference, and what to do with the one that is. */
export function referenceLine(context: Context): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "gi-advice" });
  let question: { text: string } | null = null;
  const template = (write: boolean): void => {
    context.requests.request("template", { write }).then(({ payload }) => {
      const { file, before, after, stale } = payload;
      if (write) {
        question = null;
        context.live.say(`${file} written`);
      } else {
        const again = stale.length > 0 ? ` These steps then have to run again: ${stale.join(", ")}.` : "";
        question = { text: `mintpy.reference.lalo changes from ${before} to ${after} in ${file}.${again}` };
      }
      draw();
    }, context.fail);
  };
  const draw = (): void => {
    const name = model.get("reference");
    const suggested = context.comparison()?.suggested;
    box.hidden = !context.comparison() || (!name && !suggested);
    if (name)
      replace(
        box,
        h("span", {}, "Reference: ", h("b", {}, name), ". "),
        model.get("_has_map")
          ? button(
              "Set on the map",
              () => {
                context.requests.request("reference", { name }).then(() => {
                  context.live.say(`${name} is the map's reference`);
                }, context.fail);
              },
              {
                class: "small",
                icon: icon("pin"),
                key: "on-map",
                title: "Makes the map relative to this station too",
              },
            )
          : null,
        question
          ? null
          : button(
              "Write to template",
              () => {
                template(false);
              },
              { class: "small", key: "template" },
            ),
        question
          ? h(
              "span",
              { class: "gi-question" },
              question.text,
              " ",
              button(
                "Write",
                () => {
                  template(true);
                },
                { class: "small primary", key: "template-yes" },
              ),
              button(
                "Leave it",
                () => {
                  question = null;
                  draw();
                },
                { class: "small", key: "template-no" },
              ),
            )
          : null,
      );
    else if (suggested)
      replace(
        box,
        h(
          "span",
          { class: "iw-grow" },
          "Suggested reference: ",
          h("b", {}, suggested.name),
          ` (${suggested.why}).`,
        ),
        button(
          `Use ${suggested.name}`,
          () => {
            context.set("reference", suggested.name);
          },
          { class: "small", key: "suggested" },
        ),
      );
  };
  context.onComparison(draw);
  context.watch(["reference"], () => {
    question = null;
    draw();
  });
  return box;
}

export function footer(context: Context): HTMLElement {
  const box = h("footer", { class: "gi-note gi-foot" });
  const draw = (): void => {
    const comparison = context.comparison();
    box.hidden = !comparison;
    if (!comparison) return;
    const failed = Object.keys(comparison.rejected).filter(
      (name) => context.model.get("_stations").find((s) => s.name === name)?.usable,
    ).length;
    replace(
      box,
      ...comparison.notes.map((note) =>
        h("p", { class: "gi-warn" }, icon("info", "small"), h("span", {}, note)),
      ),
      failed > 0
        ? h(
            "p",
            { class: "gi-bad" },
            `${failed} usable station${failed === 1 ? " was" : "s were"} not compared; the list says why.`,
          )
        : null,
      h(
        "p",
        {},
        `${comparison.layer}. Series fetched ${ageWords(comparison.age)}. Differences are InSAR minus GNSS, ± 95 %. ` +
          "GNSS: Nevada Geodetic Laboratory, cite Blewitt, Hammond and Kreemer (2018), doi:10.1029/2018EO104623.",
      ),
    );
  };
  context.onComparison(draw);
  return box;
}
