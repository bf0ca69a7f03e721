import { expect, test } from "vitest";
import { h } from "../src/lib/dom";

test("text that looks like markup stays text", () => {
  const name = "<img src=x onerror=alert(1)>";
  const element = h("p", { title: name }, name);
  expect(element.querySelector("img")).toBeNull();
  expect(element.textContent).toBe(name);
  expect(element.title).toBe(name);
});
