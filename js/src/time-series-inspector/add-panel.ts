// Points typed, or read from a table.

import { append, button, h, listen } from "../lib/dom";
import type { Context } from "./api";

const LARGEST = 900_000;

export function addPanel(context: Context): HTMLElement {
  const { requests } = context;
  const problem = h("p", { class: "ts-problem", role: "alert" });
  const text = h("textarea", {
    class: "iw-in",
    rows: 2,
    "data-key": "coordinates",
    placeholder: "-119.6425, 34.9819, Bowl centre",
    "aria-label": "Longitude, latitude and label, one point a line",
  });
  const said = (promise: Promise<{ payload: { added: number } }>, done: () => void): void => {
    problem.textContent = "";
    promise.then(
      ({ payload }) => {
        done();
        context.live.say(`${payload.added} ${payload.added === 1 ? "point" : "points"} added`);
      },
      (error: unknown) => {
        problem.textContent = error instanceof Error ? error.message : String(error);
      },
    );
  };
  const add = (): void => {
    said(requests.request("add", { text: text.value }), () => {
      text.value = "";
    });
  };
  listen(text, "keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    add();
  });
  const upload = h("input", {
    type: "file",
    accept: ".csv,.txt,.tsv",
    class: "ts-file",
    "data-key": "csv-file",
  });
  listen(upload, "change", () => {
    const [file] = upload.files ?? [];
    if (!file) return;
    if (file.size > LARGEST) {
      problem.textContent = `${file.name} is larger than 0.9 MB; give its path instead.`;
      return;
    }
    said(
      file.text().then((content) => requests.request("csv", { name: file.name, text: content })),
      () => {
        upload.value = "";
      },
    );
  });
  const path = h("input", { class: "iw-in", placeholder: "points.csv", "data-key": "csv-path" });
  const read = (): void => {
    said(requests.request("csv", { path: path.value }), () => {
      path.value = "";
    });
  };
  listen(path, "keydown", (event) => {
    if (event.key === "Enter") read();
  });
  const panel = h("div", { class: "ts-add" });
  append(
    panel,
    h("label", { class: "iw-field" }, "Longitude, latitude, label: one point a line, Enter adds", text),
    h(
      "div",
      { class: "iw-row ts-end" },
      button("Add point", add, { class: "small" }),
      h("label", { class: "iw-field" }, "CSV file with lon, lat, label", upload),
      h("label", { class: "iw-field iw-grow" }, "or its path where the kernel runs", path),
      button("Read CSV", read, { class: "small" }),
    ),
    problem,
  );
  return panel;
}
