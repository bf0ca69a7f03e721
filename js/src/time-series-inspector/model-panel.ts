// The terms of the time function.

import { append, button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { iso, type Context, type Model } from "./api";

const DEGREES = ["Constant", "Linear", "Quadratic", "Cubic"];

function choice(label: string, checked: boolean, onChange: (on: boolean) => void, key: string): HTMLElement {
  const input = h("input", { type: "checkbox", "data-key": key });
  input.checked = checked;
  listen(input, "change", () => {
    onChange(input.checked);
  });
  return h("label", { class: "ts-check" }, input, label);
}

function day(text: string): string | null {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text.trim());
  return match ? match.slice(1).join("") : null;
}

export function modelPanel(context: Context, pickStep: (on: boolean) => void): HTMLElement {
  const { model, requests } = context;
  const form = h("div", { class: "ts-model" });
  const problem = h("p", { class: "ts-problem", role: "alert" });
  const change = (part: Partial<Model>): void => {
    problem.textContent = "";
    context.set("model", { ...model.get("model"), ...part });
  };
  const refuse = (text: string): void => {
    problem.textContent = text;
  };
  const field = (label: string, input: HTMLElement): HTMLElement =>
    h("label", { class: "iw-field" }, label, input);

  const step = h("input", { class: "iw-in", placeholder: "2020-07-09", "data-key": "step", size: 11 });
  const addStep = (): void => {
    const found = day(step.value);
    if (!found) {
      refuse(`“${step.value}” is not a date; write it as 2020-07-09.`);
      return;
    }
    step.value = "";
    change({ steps: [...new Set([...model.get("model").steps, found])].sort() });
  };
  const kind = h(
    "select",
    { class: "iw-in", "data-key": "kind" },
    h("option", { value: "exp" }, "Exponential"),
    h("option", { value: "log" }, "Logarithmic"),
  );
  const onset = h("input", { class: "iw-in", placeholder: "2020-07-09", "data-key": "onset", size: 11 });
  const tau = h("input", { class: "iw-in", type: "number", min: 1, value: 60, "data-key": "tau" });
  const addOnset = (): void => {
    const found = day(onset.value);
    const days = Number(tau.value);
    if (!found || !(days > 0)) {
      refuse(
        "An exponential or logarithm needs a date as 2020-07-09 and a characteristic time in days above 0.",
      );
      return;
    }
    onset.value = "";
    const name = kind.value as "exp" | "log";
    const before = model.get("model")[name];
    change({ [name]: { ...before, [found]: [...new Set([...(before[found] ?? []), days])] } });
  };
  const file = h("input", {
    class: "iw-in",
    placeholder: "Path of NGL's steps.txt",
    "data-key": "steps-file",
  });
  const station = h("input", {
    class: "iw-in",
    placeholder: "Station",
    size: 6,
    "data-key": "station",
    maxlength: 4,
  });
  const readFile = (): void => {
    requests.request("steps", { path: file.value, station: station.value }).then(
      ({ payload }) => {
        context.live.say(`${payload.added} steps added`);
      },
      (error: unknown) => {
        refuse(error instanceof Error ? error.message : String(error));
      },
    );
  };
  for (const [input, action] of [
    [step, addStep],
    [onset, addOnset],
    [tau, addOnset],
    [file, readFile],
    [station, readFile],
  ] as const)
    listen(input, "keydown", (event) => {
      if (event.key === "Enter") action();
    });
  const click = button(
    "Click on the chart",
    () => {
      const on = click.getAttribute("aria-pressed") !== "true";
      click.setAttribute("aria-pressed", String(on));
      pickStep(on);
    },
    { class: "small", key: "click-step" },
  );
  click.setAttribute("aria-pressed", "false");
  context.watch(["model"], () => {
    click.setAttribute("aria-pressed", "false");
    pickStep(false);
  });

  const terms = h("div", { class: "iw-row ts-end" });
  const listed = h("div", { class: "ts-terms" });
  context.watch(["model"], () => {
    const now = model.get("model");
    const degree = h("select", { class: "iw-in", "data-key": "poly" });
    DEGREES.forEach((name, value) => {
      const option = h("option", { value }, name);
      option.selected = value === now.poly;
      append(degree, option);
    });
    listen(degree, "change", () => {
      change({ poly: Number(degree.value) as Model["poly"] });
    });
    const period = (value: number, label: string): HTMLElement =>
      choice(
        label,
        now.periodic.includes(value),
        (on) => {
          const others = now.periodic.filter((p) => p !== value);
          change({ periodic: on ? [...others, value].sort((a, b) => b - a) : others });
        },
        `period-${value}`,
      );
    replace(terms, field("Polynomial", degree), period(1, "Annual"), period(0.5, "Semi-annual"));
    const chip = (label: string, remove: () => void): HTMLElement =>
      h(
        "span",
        { class: "iw-chip ts-term" },
        label,
        button(`Remove ${label}`, remove, {
          class: "ghost icon ts-x",
          icon: icon("close", "small"),
          hideLabel: true,
        }),
      );
    const others = now.periodic.filter((p) => p !== 1 && p !== 0.5);
    replace(
      listed,
      ...others.map((p) =>
        chip(`${p} years`, () => {
          change({ periodic: now.periodic.filter((q) => q !== p) });
        }),
      ),
      ...now.steps.map((date) =>
        chip(`step ${iso(date)}`, () => {
          change({ steps: now.steps.filter((other) => other !== date) });
        }),
      ),
      ...(["exp", "log"] as const).flatMap((name) =>
        Object.entries(now[name]).map(([date, taus]) =>
          chip(`${name} ${iso(date)}, ${taus.join("/")} d`, () => {
            change({ [name]: Object.fromEntries(Object.entries(now[name]).filter(([d]) => d !== date)) });
          }),
        ),
      ),
    );
    listed.hidden = !listed.hasChildNodes();
  });
  append(
    form,
    terms,
    listed,
    h(
      "div",
      { class: "iw-row ts-end" },
      field("Step at", step),
      button("Add step", addStep, { class: "small" }),
      click,
    ),
    h(
      "div",
      { class: "iw-row ts-end" },
      field("Relaxation", kind),
      field("from", onset),
      field("time (days)", tau),
      button("Add", addOnset, { class: "small", title: "Add the exponential or logarithm" }),
    ),
    h(
      "div",
      { class: "iw-row ts-end" },
      h("label", { class: "iw-field iw-grow" }, "Steps from an NGL steps file", file),
      field("of", station),
      button("Read steps", readFile, { class: "small" }),
    ),
    problem,
  );
  return form;
}
