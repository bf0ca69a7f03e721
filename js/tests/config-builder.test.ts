// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { isSet, isoDate, items } from "../src/config-builder/api";
import { selectControl, textInput } from "../src/config-builder/controls";

describe("values as a template writes them", () => {
  it("reads lists with and without brackets, and words that mean none", () => {
    expect(items("20190110, 20190203")).toEqual(["20190110", "20190203"]);
    expect(items("[1,0.5]")).toEqual(["1", "0.5"]);
    for (const word of ["auto", "no", "none", undefined]) expect(items(word)).toEqual([]);
  });

  it("takes auto for not set, and shows dates with dashes", () => {
    expect(isSet({ a: "auto", b: "no" }, "a")).toBe(false);
    expect(isSet({ a: "auto", b: "no" }, "b")).toBe(true);
    expect(isoDate("20190110")).toBe("2019-01-10");
    expect(isoDate("exclude_date.txt")).toBe("exclude_date.txt");
  });
});

function type(input: HTMLInputElement, value: string, key: string): void {
  input.value = value;
  input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

describe("a line of text", () => {
  it("commits on Enter once, and resets when it is emptied", () => {
    const commit = vi.fn();
    const text = textInput("Subset", commit);
    text.update("1:2");
    type(text.element, "3:4", "Enter");
    text.element.dispatchEvent(new Event("change"));
    expect(commit.mock.calls).toEqual([["3:4"]]);
    type(text.element, "", "Enter");
    expect(commit).toHaveBeenLastCalledWith(null);
  });

  it("goes back on Escape, and keeps what is being typed when the kernel answers", () => {
    const commit = vi.fn();
    const text = textInput("Subset", commit);
    document.body.append(text.element);
    text.update("1:2");
    text.element.focus();
    text.element.value = "1:23";
    text.update("5:6");
    expect(text.element.value).toBe("1:23");
    type(text.element, "1:23", "Escape");
    expect(text.element.value).toBe("5:6");
    expect(commit).not.toHaveBeenCalled();
  });
});

describe("a menu", () => {
  it("shows a value that is none of its choices, and resets with its first entry", () => {
    const commit = vi.fn();
    const menu = selectControl(
      "Ramp",
      () => [
        ["", "auto: no"],
        ["linear", "linear"],
      ],
      commit,
    );
    const select = menu.element as HTMLSelectElement;
    menu.update("cubic");
    expect(select.value).toBe("cubic");
    menu.update("auto");
    expect(select.value).toBe("");
    select.dispatchEvent(new Event("change"));
    expect(commit).toHaveBeenLastCalledWith(null);
  });
});
