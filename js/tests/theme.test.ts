import { expect, test, vi } from "vitest";
import { watchTheme } from "../src/lib/theme";

test("another theme of the page is told, until it is no longer asked for", async () => {
  document.body.dataset.jpThemeLight = "true";
  const changed = vi.fn();
  const stop = watchTheme(changed);
  document.body.dataset.jpThemeLight = "false";
  document.body.dataset.jpThemeName = "JupyterLab Dark";
  await vi.waitFor(() => {
    expect(changed).toHaveBeenCalledTimes(1); // both at once
  });
  document.body.className = "other";
  stop();
  document.body.dataset.jpThemeLight = "true";
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  expect(changed).toHaveBeenCalledTimes(1);
});
