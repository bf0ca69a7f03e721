// Whether something over the map lies on what must stay readable.

const REFERENCE = ".dm-ref i, .dm-ref span";

/** Whether an element covers the reference point or its name, or another of these. */
export function covers(container: HTMLElement, element: HTMLElement, others = ""): boolean {
  const own = element.getBoundingClientRect();
  const kept = container.querySelectorAll([REFERENCE, others].filter(Boolean).join(", "));
  return [...kept].some((one) => {
    const { left, right, top, bottom, width } = one.getBoundingClientRect();
    return width > 0 && left < own.right && right > own.left && top < own.bottom && bottom > own.top;
  });
}
