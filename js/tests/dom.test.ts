import { expect, test } from "vitest";
import { arrange, h } from "../src/lib/dom";

test("text that looks like markup stays text", () => {
  const name = "<img src=x onerror=alert(1)>";
  const element = h("p", { title: name }, name);
  expect(element.querySelector("img")).toBeNull();
  expect(element.textContent).toBe(name);
  expect(element.title).toBe(name);
});

test("arranged elements stay, come and go, and the focus stays with what has the same key", () => {
  const [a, b, c] = ["a", "b", "c"].map((key) => h("button", { "data-key": key }, key));
  const again = h("button", { "data-key": "b" }, "b");
  const parent = h("div");
  document.body.append(parent);
  if (!a || !b || !c) throw new Error("no elements");
  arrange(parent, [a, b]);
  b.focus();
  arrange(parent, [c, again, a]);
  expect([...parent.children]).toEqual([c, again, a]);
  expect(document.activeElement).toBe(again);
  arrange(parent, []);
  expect(parent.children).toHaveLength(0);
  parent.remove();
});
