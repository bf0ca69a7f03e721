// Typing, uploading or naming a line.

import { alertRow, wordsOf } from "../lib/context";
import { button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context } from "./api";

const MOST = 1_000_000;

export function linePanel(context: Context): HTMLElement {
  const { model, requests, live } = context;
  const text = h("textarea", {
    class: "iw-in",
    rows: 4,
    spellcheck: "false",
    "aria-label": "Vertices of the line, one pair a row",
    placeholder: "-119.64, 35.10\n-119.60, 34.85",
  });
  let latFirst = false;
  const orders = [false, true].map((lat) =>
    button(
      lat ? "lat, lon" : "lon, lat",
      () => {
        latFirst = lat;
        show();
      },
      { class: "small", key: lat ? "lat-first" : "lon-first" },
    ),
  );
  const message = h("div", { role: "alert" });
  const notes = h("p", { class: "iw-2" });
  const fail = (error: unknown): void => {
    const words = wordsOf(error);
    replace(message, words ? alertRow(words, null) : null);
  };
  const take = (payload: { text: string; name?: string; lat_first?: boolean } | { path: string }): void => {
    replace(message);
    notes.textContent = "";
    requests.request("line", payload).then(({ payload: taken }) => {
      notes.textContent = taken.notes.join(" ");
      live.say(`Line of ${taken.vertices} vertices. ${taken.notes.join(" ")}`);
    }, fail);
  };
  const use = (): void => {
    take({ text: text.value, lat_first: latFirst });
  };
  const written = (order: boolean): string =>
    model
      .get("transect")
      .map(([lon, lat]) => (order ? [lat, lon] : [lon, lat]).map((v) => v.toFixed(6)).join(", "))
      .join("\n");
  const show = (): void => {
    orders.forEach((order, i) => {
      order.setAttribute("aria-pressed", String((i === 1) === latFirst));
    });
    // What the user typed stays; only what is the line's own is written again
    if (text.value === written(!latFirst)) text.value = written(latFirst);
  };
  context.watch(["transect"], () => {
    if (document.activeElement !== text) text.value = written(latFirst);
  });
  show();
  listen(text, "keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) use();
  });

  const chooser = h("input", {
    type: "file",
    class: "iw-sr",
    tabindex: -1,
    accept: ".txt,.gmt,.xy,.dat,.lonlat,.json,.geojson,.csv",
    "aria-label": "Line file",
  });
  listen(chooser, "change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (!file) return;
    if (file.size > MOST) {
      fail(new Error(`${file.name} is larger than 1 MB; a transect needs some vertices only. Thin it out.`));
      return;
    }
    file.text().then((content) => {
      take({ text: content, name: file.name, lat_first: latFirst });
    }, fail);
  });
  const path = h("input", {
    class: "iw-in",
    placeholder: "line.gmt or line.geojson",
    "aria-label": "Path of a line file on the kernel's machine",
    spellcheck: "false",
  });
  const read = (): void => {
    if (path.value.trim()) take({ path: path.value.trim() });
  };
  listen(path, "keydown", (event) => {
    if (event.key === "Enter") read();
  });
  const draw = button(
    "Draw on the map",
    () => {
      context.set("_drawing", !model.get("_drawing"));
    },
    { icon: icon("area"), key: "draw" },
  );
  context.watch(["_drawing", "_can_draw"], () => {
    draw.hidden = !model.get("_can_draw");
    draw.setAttribute("aria-pressed", String(model.get("_drawing")));
    draw.lastChild?.replaceWith(model.get("_drawing") ? "End drawing" : "Draw on the map");
  });
  return h(
    "div",
    { class: "ti-line" },
    h(
      "div",
      {},
      text,
      h(
        "div",
        { class: "iw-row ti-line-head" },
        h("span", { class: "iw-2" }, "A pair of degrees a row"),
        h("span", { class: "iw-seg", role: "group", "aria-label": "Order" }, ...orders),
      ),
    ),
    h(
      "div",
      { class: "ti-line-more" },
      h(
        "div",
        { class: "iw-row" },
        button("Use this line", use, { class: "primary", key: "use-line" }),
        draw,
        button(
          "Upload…",
          () => {
            chooser.click();
          },
          { icon: icon("up"), key: "upload", title: "GMT file of lon lat, or GeoJSON" },
        ),
        chooser,
      ),
      h("div", { class: "ti-path" }, path, button("Read", read, { icon: icon("file"), key: "read-line" })),
      h("p", { class: "iw-2" }, "GMT file of lon and lat, or GeoJSON with a LineString."),
      notes,
    ),
    message,
  );
}
