// What there is and what goes on: list and progress, the reference, provenance.

import { button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { ageWords, type Context } from "./api";

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
      model.get("read_only")
        ? null
        : button(
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
  context.watch(["_progress", "_stations", "_list", "selected", "_stale", "read_only"], draw);
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
          : h(
              "span",
              { "data-writes": true },
              button(
                "Write to template",
                () => {
                  template(false);
                },
                { class: "small", key: "template" },
              ),
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
