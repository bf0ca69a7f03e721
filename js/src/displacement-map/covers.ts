// Whether something over the map lies on what must stay readable.

const REFERENCE = ".dm-ref i, .dm-ref span";

export function overlap(a: DOMRect, b: DOMRect): boolean {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}

/** Whether an element covers the reference point or its name, or another of these. */
export function covers(container: HTMLElement, element: HTMLElement, others = ""): boolean {
  const own = element.getBoundingClientRect();
  const kept = container.querySelectorAll([REFERENCE, others].filter(Boolean).join(", "));
  return [...kept].some((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && overlap(box, own);
  });
}
