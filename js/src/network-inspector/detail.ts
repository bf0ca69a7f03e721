// What is known of the pair or the date that was chosen.

import { button, h, replace } from "../lib/dom";
import { isoDate, signed } from "../lib/network-plot";
import { Latest } from "../lib/messages";
import { netOf, outcomeOf, type Context, type Net, type NetPair, type Triplet } from "./api";

const ROWS = 6;

function facts(entries: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    "dl",
    { class: "ni-facts" },
    ...entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

function closureTable(triplets: readonly Triplet[]): HTMLElement {
  if (triplets.length === 0) return h("p", { class: "iw-2" }, "No two other pairs close a triplet with it.");
  const worst = [...triplets].sort((a, b) => (b.ambiguous ?? 0) - (a.ambiguous ?? 0));
  const percent = (value: number | null): string => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);
  return h(
    "table",
    { class: "ni-closure" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...["Triplet", "Closure (rad)", "Off by 2π"].map((title) => h("th", { scope: "col" }, title)),
      ),
    ),
    h(
      "tbody",
      {},
      ...worst
        .slice(0, ROWS)
        .map((t) =>
          h(
            "tr",
            {},
            h("td", {}, t.dates.map(isoDate).join(", ")),
            h("td", {}, t.wrapped === null ? "–" : t.wrapped.toFixed(2)),
            h("td", {}, percent(t.ambiguous)),
          ),
        ),
    ),
    worst.length > ROWS ? h("caption", {}, `${worst.length - ROWS} better ones are not shown`) : null,
  );
}

export function detail(context: Context): HTMLElement {
  const { model } = context;
  const element = h("section", { class: "ni-detail", "aria-label": "Chosen pair or date" });
  const closure = h("div", { class: "ni-closures", "aria-live": "polite" });
  const latest = new Latest();
  let asked = "";

  function showClosure(pair: NetPair): void {
    if (asked === pair.name) return;
    asked = pair.name;
    replace(closure, h("p", { class: "iw-2" }, "Reading the triplets…"));
    context.requests
      .request("closure", pair.name, { signal: latest.next() })
      .then(({ payload }) => {
        replace(closure, closureTable(payload));
      })
      .catch((error: unknown) => {
        asked = "";
        replace(closure);
        context.fail(error);
      });
  }

  function onMap(): HTMLElement {
    const choices = [
      ["unwrapPhase", "Phase"],
      ["coherence", "Coherence"],
      ["", "Nothing"],
    ] as const;
    return h(
      "span",
      { class: "ni-map" },
      h("span", { class: "iw-2" }, "On the map"),
      h(
        "span",
        { class: "iw-seg", role: "group", "aria-label": "What the map shows of the pair" },
        ...choices.map(([value, words]) => {
          const one = button(
            words,
            () => {
              context.set("shown", value);
            },
            { class: "small", key: `shown-${value}` },
          );
          one.setAttribute("aria-pressed", String(model.get("shown") === value));
          return one;
        }),
      ),
    );
  }

  function ofPair(pair: NetPair, index: number, net: Net): void {
    const { reasons, tree } = outcomeOf(context);
    const reason = reasons[index] ?? "";
    const mapped = net.layers && model.get("_on_map");
    const by_hand = model.get("_rules").exclude_pairs?.includes(pair.name) ?? false;
    const entries: [string, string][] = [
      ["Time", `${pair.days} days`],
      ["bperp", `${signed(pair.bperp)} m`],
      ["Mean coherence", pair.coherence === null ? "not known" : pair.coherence.toFixed(3)],
      ["With these rules", reason ? `dropped: ${reason}` : "kept"],
    ];
    if (pair.in_file !== null) entries.push(["In the stack now", pair.in_file ? "kept" : "dropped"]);
    if (tree.length > 0)
      entries.push(["Spanning tree", tree.includes(index) ? "part of it" : "not part of it"]);
    replace(
      element,
      h("h3", {}, pair.name.split("_").map(isoDate).join(" – ")),
      facts(entries),
      h(
        "div",
        { class: "iw-row" },
        button(
          by_hand ? "Bring back" : "Drop this pair",
          () => {
            context.requests.request("pair", pair.name).catch(context.fail);
          },
          { class: "small", key: "drop" },
        ),
        mapped ? onMap() : null,
      ),
      net.closure ? closure : null,
    );
    if (net.closure) showClosure(pair);
  }

  context.watch(["pair", "date", "_view", "_outcome", "_rules", "_on_map", "shown"], () => {
    const net = netOf(context);
    const index = net.pairs.findIndex(({ name }) => name === model.get("pair"));
    const pair = net.pairs[index];
    if (pair) {
      ofPair(pair, index, net);
      return;
    }
    asked = "";
    latest.cancel();
    const place = net.dates.findIndex(({ date }) => date === model.get("date"));
    const date = net.dates[place];
    if (!date) {
      replace(element, h("p", { class: "iw-2" }, "Click a pair or a date to see what is known of it."));
      return;
    }
    const pairs = net.pairs.filter(({ from, to }) => from === place || to === place);
    const known = pairs.flatMap(({ coherence }) => (coherence === null ? [] : [coherence]));
    const out = model.get("_rules").exclude_dates?.includes(date.date) ?? false;
    replace(
      element,
      h("h3", {}, isoDate(date.date)),
      facts([
        ["bperp", `${signed(date.bperp)} m`],
        ["Pairs", `${outcomeOf(context).redundancy[place] ?? 0} of ${pairs.length} kept`],
        [
          "Mean coherence",
          known.length
            ? (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(3)
            : "not known",
        ],
      ]),
      h(
        "div",
        { class: "iw-row" },
        button(
          out ? "Bring back" : "Leave this date out",
          () => {
            context.requests.request("date", date.date).catch(context.fail);
          },
          { class: "small", key: "drop" },
        ),
      ),
      h(
        "ul",
        { class: "ni-list" },
        ...pairs.map((each) =>
          h(
            "li",
            {},
            button(
              each.name.split("_").map(isoDate).join(" – "),
              () => {
                context.set("pair", each.name);
              },
              { class: "ghost small", key: each.name },
            ),
            each.coherence === null ? "" : ` coherence ${each.coherence.toFixed(2)}`,
          ),
        ),
      ),
    );
  });
  return element;
}
