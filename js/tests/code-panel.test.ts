import { expect, test, vi } from "vitest";
import { codePanel } from "../src/lib/code-panel";
import { LiveRegion } from "../src/lib/dom";

test("code is asked for when the panel is seen, and again when the data change; a failure is told", async () => {
  const told: unknown[] = [];
  let changed = (): void => undefined;
  const answers = ["one", "two"];
  const ask = vi.fn(() => {
    const answer = answers.shift();
    return answer === undefined ? Promise.reject(new Error("gone")) : Promise.resolve(answer);
  });
  const panel = codePanel(
    {
      live: new LiveRegion(),
      fail: (error) => told.push(error),
      onData(update) {
        changed = update;
      },
    },
    ask,
    { panel: "x-panel" },
  );
  const text = panel.element.querySelector("textarea");
  if (!text) throw new Error("there is no text");
  changed();
  expect(ask).not.toHaveBeenCalled(); // nobody sees it

  document.body.append(panel.element);
  panel.refresh();
  await vi.waitFor(() => {
    expect(text.value).toBe("one");
  });
  panel.element.hidden = true;
  changed();
  expect(ask).toHaveBeenCalledTimes(1); // closed
  panel.element.hidden = false;
  changed();
  await vi.waitFor(() => {
    expect(text.value).toBe("two");
  });
  panel.refresh();
  await vi.waitFor(() => {
    expect(told).toHaveLength(1);
  });
  expect(text.value).toBe("two");
  panel.element.remove();
});
