// The theme of the page, for what CSS does not reach.

/**
 * Calls `changed` when the page gets another theme: what is drawn on a canvas, or in colours chosen by code, keeps
 * those of the theme before. Returns what ends it.
 */
export function watchTheme(changed: () => void): () => void {
  let frame = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(changed); // by then the new styles are in force
  });
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
}
