// The reference point: where it is, what is used, and writing it to the template.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context } from "./api";
import { fill, number, row, section } from "./fields";
import { degrees } from "./words";

const MOST = 50_000;

export function referencePanel(context: Context): HTMLElement {
  const { model } = context;
  const place = h("span", { class: "iw-grow" });
  const pixels = h("span", { class: "iw-2" });
  const note = h("p", { class: "dm-warning", role: "status" });
  const radius = number("Radius of the reference in metres", (value) => {
    const now = model.get("reference_point");
    if (!now || value < 0 || value > MOST) return false;
    context.remember();
    context.set({ reference_point: { ...now, radius: value } });
    return true;
  });
  const write = button("Write to template…", ask, { class: "small", key: "write" });
  write.dataset.writes = "";
  const back = button(
    "As in the file",
    () => {
      const origin = model.get("_about").origin;
      if (!origin) return;
      context.remember();
      context.set({ reference_point: { lon: origin.lon, lat: origin.lat, radius: 0 } });
    },
    { class: "small", key: "origin", title: "Back to the point that the run used" },
  );
  const dialog = h("div", {
    class: "dm-confirm",
    hidden: true,
    role: "alertdialog",
    "aria-label": "Write the reference point to the template",
  });

  function close(): void {
    dialog.hidden = true;
    write.focus();
  }

  function ask(): void {
    context.requests.request("template", { write: false }).then(({ payload }) => {
      const stale = payload.stale.length
        ? `These steps become stale and run again next time: ${payload.stale.join(", ")}.`
        : "No step that was run becomes stale.";
      const yes = button("Write", confirm, { class: "primary small", key: "write-yes" });
      const no = button("Cancel", close, { class: "small", key: "write-no" });
      dialog.hidden = false;
      replace(
        dialog,
        h(
          "p",
          {},
          h("b", {}, "mintpy.reference.lalo"),
          ` = ${payload.after} instead of ${payload.before}, in `,
          h("span", { class: "iw-mono" }, payload.file),
        ),
        h("p", {}, stale),
        h("div", { class: "iw-row" }, yes, no),
      );
      yes.focus();
    }, context.fail);
  }

  function confirm(): void {
    context.requests.request("template", { write: true }).then(({ payload }) => {
      replace(dialog, h("p", {}, icon("done", "small done"), ` Written to ${payload.file}.`));
      context.live.say("Reference point written to the template");
      write.focus();
    }, context.fail);
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    event.stopPropagation();
  });
  context.watch(["reference_point", "_reference", "_about"], () => {
    const now = model.get("reference_point");
    const { used, note: problem, pixels: count } = model.get("_reference");
    place.textContent = now ? `${degrees(now.lon)}, ${degrees(now.lat)}` : "none yet";
    fill(radius, String(now?.radius ?? 0));
    pixels.textContent = count && used === "point" ? `${count} px` : "";
    note.textContent = problem ?? "";
    note.hidden = !problem;
    write.disabled = back.disabled = radius.disabled = !now;
    back.disabled ||= !model.get("_about").origin;
  });
  context.watch(["reference_point"], () => {
    dialog.hidden = true;
  });
  const unused = h("p", { class: "iw-2" }, "Not a displacement: this layer has no reference.");
  context.watch(["_about"], () => {
    unused.hidden = model.get("_about").referenced !== false;
  });
  return section(
    "Reference",
    null,
    h("div", { class: "dm-line" }, h("i", { class: "dm-ref-mark", "aria-hidden": "true" }), place),
    row("Median within", radius, h("span", { class: "iw-2 iw-grow" }, "m"), pixels),
    note,
    unused,
    h("div", { class: "dm-line" }, write, back),
    dialog,
  );
}
