import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RenderProps } from "@anywidget/types";
import widget from "../src/stack-picker";
import type { State } from "../src/stack-picker/api";
import { MockModel } from "./mock-model";

type Fields = State & Record<string, unknown>;

const EMPTY: Fields = {
  path: "",
  opens: "",
  project: "",
  work_dir: "",
  aoi: null,
  busy: "",
  map: "anywidget:none",
  _view: {},
  _estimate: {},
  _selection: { start: "", end: "", months: [], max_days: null, max_bperp: null, leave_out: "" },
  _progress: {},
  _error: null,
  _notice: {},
};

const OPEN: Fields = {
  ...EMPTY,
  path: "/data/hyp3",
  opens: "products",
  project: "valley",
  work_dir: "/data/mintpy",
  _view: {
    revision: 1,
    facts: [{ value: "12", note: "products" }],
    findings: [
      {
        severity: "warning",
        code: "date-on-one-pair",
        message: "Dates on a single pair.",
        remedy: "",
        products: ["p1"],
        mended_by_prepare: false,
        action: { kind: "leave_out", label: "Leave out 1" },
      },
    ],
    footprints: [],
    overlap: null,
    network: { dates: [], pairs: [] },
    read_note: "Headers read in 0.9 s",
    check_label: "Check every pixel",
    filter_note: "time and perpendicular baseline",
  },
  _estimate: { fact: { value: "5.8 × 4.2 km", note: "common overlap" }, lines: ["1 GB"], problem: "" },
};

let controller: AbortController;
let el: HTMLElement;
let model: MockModel<Fields>;

function show(state: Fields): HTMLElement {
  model = new MockModel(state);
  el = document.createElement("div");
  document.body.append(el);
  widget.render({ model: model.asModel(), el, signal: controller.signal } as unknown as RenderProps<State>);
  return el;
}

function named(name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find(
    (button) => (button.getAttribute("aria-label") ?? button.textContent) === name,
  );
  if (!found) throw new Error(`there is no button ${name}`);
  return found;
}

beforeEach(() => {
  vi.useFakeTimers();
  controller = new AbortController();
});

afterEach(() => {
  controller.abort();
  vi.useRealTimers();
  document.body.replaceChildren();
});

test("before a folder is open one sentence says what to do", () => {
  show(EMPTY);
  expect(el.querySelector(".sp-empty")?.textContent).toContain("No stack is open");
  expect(el.querySelector(".sp-body")?.childElementCount).toBe(0);
});

test("typing asks for completions and Enter opens what was typed", () => {
  show(EMPTY);
  const input = el.querySelector<HTMLInputElement>("[role=combobox]");
  if (!input) throw new Error("no path field");
  input.focus();
  input.value = "/data/h";
  input.dispatchEvent(new Event("input"));
  vi.advanceTimersByTime(100);
  expect(model.request("complete").payload).toEqual({ text: "/data/h" });
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(model.get("path")).toBe("/data/h");
  expect(model.saved).toBe(1);
});

test("completions are walked with arrows, as options of the field", async () => {
  show(EMPTY);
  const input = el.querySelector<HTMLInputElement>("[role=combobox]");
  if (!input) throw new Error("no path field");
  input.focus();
  input.value = "/d";
  input.dispatchEvent(new Event("input"));
  vi.advanceTimersByTime(100);
  model.answer("complete", {
    entries: [
      { name: "<i>a</i>", path: "/d/a", kind: "folder", products: 0 },
      { name: "b", path: "/d/b", kind: "products", products: 12 },
    ],
  });
  await Promise.resolve();
  await Promise.resolve();
  const options = [...el.querySelectorAll("[role=option]")];
  expect(options.map((option) => option.textContent)).toEqual(["<i>a</i>", "b12 products"]);
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
  const active = input.getAttribute("aria-activedescendant") ?? "";
  expect(document.getElementById(active)?.textContent).toContain("b");
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(model.get("path")).toBe("/d/b");
});

test("what was offered for other text is not taken for this one", async () => {
  show(EMPTY);
  const input = el.querySelector<HTMLInputElement>("[role=combobox]");
  if (!input) throw new Error("no path field");
  input.focus();
  input.value = "/d";
  input.dispatchEvent(new Event("input"));
  vi.advanceTimersByTime(100);
  model.answer("complete", { entries: [{ name: "data", path: "/data", kind: "folder", products: 0 }] });
  await Promise.resolve();
  await Promise.resolve();
  expect(el.querySelectorAll("[role=option]")).toHaveLength(1);
  input.value = "/data/h";
  input.dispatchEvent(new Event("input"));
  expect(el.querySelectorAll("[role=option]")).toHaveLength(0);
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(model.get("path")).toBe("/data/h");
});

test("an open stack shows facts, findings and what preparing needs", () => {
  show(OPEN);
  expect(el.querySelector(".sp-facts")?.textContent).toContain("12products");
  expect(el.querySelector(".sp-estimate")?.textContent).toBe("1 GB");
  named("Leave out 1").click();
  expect(model.request("leave_out").payload).toEqual({ names: ["p1"] });
  named("Prepare on one grid").click();
  expect(model.request("prepare").id).toBeTypeOf("string");
});

test("while it prepares, nothing else can be started, and it can be cancelled", () => {
  show({ ...OPEN, busy: "prepare", _progress: { fraction: 0.335, text: "S1AA_1" } });
  expect(named("Prepare on one grid").disabled).toBe(true);
  expect(named("Browse…").disabled).toBe(true);
  const bar = el.querySelector(".sp-footer [role=progressbar]");
  expect(bar?.getAttribute("aria-valuenow")).toBe("33");
  el.querySelector<HTMLButtonElement>('[data-key="prepare-cancel"]')?.click();
  expect(model.request("cancel").id).toBeTypeOf("string");
});

test("a problem with the area or the work directory stands where preparing would start", () => {
  show({ ...OPEN, _estimate: { lines: [], problem: "The area of interest lies outside." } });
  expect(el.querySelector(".sp-estimate")?.textContent).toContain("lies outside");
  expect(named("Prepare on one grid").disabled).toBe(true);
});

test("an error is an alert with its remedy and a way to try again", () => {
  show({ ...EMPTY, _error: { message: "There is no folder x.", remedy: "Check its name.", retry: true } });
  const alert = [...el.querySelectorAll("[role=alert]")].find((box) => box.textContent !== "");
  expect(alert?.textContent).toContain("There is no folder x.");
  expect(alert?.textContent).toContain("Check its name.");
  named("Try again").click();
  expect(model.request("reopen").id).toBeTypeOf("string");
});

test("a change of the kernel's state is shown at once, and a closed view leaves no listener", () => {
  show(EMPTY);
  model.set("_view", OPEN._view);
  model.set("opens", "products");
  expect(el.querySelector(".sp-findings")?.childElementCount).toBe(1);
  controller.abort();
  expect(model.listeners()).toBe(0);
});

test("a work directory is a table of its files", () => {
  show({
    ...EMPTY,
    opens: "work_dir",
    _view: {
      files: [{ name: "velocity.h5", what: "velocity", detail: "9 × 7 pixels", problem: "" }],
      files_note: "The interferograms are loaded.",
    },
  });
  expect(el.querySelector("tbody tr")?.textContent).toBe("velocity.h5velocity9 × 7 pixels");
});
