// What a click on a product shows, in the place of the log.

import { button, h, replace, type Child } from "../lib/dom";
import { icon } from "../lib/icons";
import { Latest } from "../lib/messages";
import { isoDate, networkPlot, signed } from "../lib/network-plot";
import type { Chip, Context, Product } from "./api";
import { bytes, count } from "./words";

type Parts = readonly Uint8Array[];

function digits(low: number, high: number): number {
  const span = Math.abs(high - low);
  return span >= 20 ? 0 : span >= 2 ? 1 : span >= 0.2 ? 2 : 3;
}

export class ProductPanel {
  readonly element = h("section", { class: "rn-product", hidden: true });
  readonly #latest = new Latest();
  #urls: string[] = [];
  #from: HTMLElement | null = null;

  constructor(
    private readonly context: Context,
    private readonly toggled: (open: boolean) => void,
  ) {
    context.signal.addEventListener("abort", () => {
      this.#latest.cancel();
      this.#release();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(chip: Pick<Chip, "file" | "name">, from: HTMLElement | null, layer?: string): void {
    if (from) this.#from = from;
    this.#frame(chip.name, [h("p", { class: "rn-quiet" }, icon("running", "iw-spin"), "Reading…")]);
    this.context.requests
      .request("open", { file: chip.file, layer }, { signal: this.#latest.next() })
      .then(({ payload, buffers }) => {
        this.#release();
        this.#frame(chip.name, this.#content(payload, buffers, chip));
      })
      .catch((error: unknown) => {
        if (this.context.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        if (message !== "Cancelled.")
          this.#frame(chip.name, [
            h("p", { class: "rn-quiet", role: "alert" }, icon("error", "error"), message),
          ]);
      });
  }

  close(): void {
    if (!this.isOpen) return;
    this.#latest.cancel();
    this.element.hidden = true;
    this.#release();
    this.toggled(false);
    if (this.#from?.isConnected) this.#from.focus();
    this.#from = null;
  }

  #frame(name: string, children: readonly Child[]): void {
    const fresh = this.element.hidden;
    this.element.setAttribute("aria-label", name);
    const back = button(
      "Back to the log",
      () => {
        this.close();
      },
      {
        class: "small",
        icon: icon("close", "small"),
        key: "close-product",
      },
    );
    replace(
      this.element,
      h("div", { class: "rn-product-head" }, h("h3", { class: "iw-mono" }, name), back),
      h("div", { class: "rn-product-body", tabindex: "0" }, ...children),
    );
    this.element.hidden = false;
    this.toggled(true);
    if (fresh) back.focus();
  }

  #release(): void {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
  }

  #url(part: Uint8Array | undefined, mime: string): string {
    const url = URL.createObjectURL(new Blob([new Uint8Array(part ?? [])], { type: mime }));
    this.#urls.push(url);
    return url;
  }

  #pdf(part: Uint8Array | undefined, name: string): HTMLElement {
    return h(
      "a",
      { class: "iw-btn small", href: this.#url(part, "application/pdf"), target: "_blank", rel: "noopener" },
      icon("link", "small"),
      `Open ${name} in a new tab`,
    );
  }

  #content(product: Product, parts: Parts, chip: Pick<Chip, "file" | "name">): Child[] {
    switch (product.kind) {
      case "figure":
        if (product.mime !== "image/png")
          return [h("p", {}, "A page for print. "), this.#pdf(parts[0], chip.name), this.#where(product)];
        return [
          h("img", { class: "rn-figure", src: this.#url(parts[0], product.mime), alt: chip.name }),
          this.#where(product),
        ];
      case "network": {
        const plot = networkPlot(product.network.dates, product.network.pairs, 440, 300);
        return [
          h("p", { class: "iw-b" }, product.words),
          plot,
          h("p", { class: "iw-2" }, "Perpendicular baseline over time. Dashed: pairs left out."),
          product.mime ? this.#pdf(parts[0], chip.name) : null,
          this.#where(product),
        ];
      }
      case "table":
        return [
          ...product.notes.map((note) => h("p", { class: "iw-2" }, note)),
          this.#table(product),
          product.total > product.rows.length
            ? h(
                "p",
                { class: "iw-2" },
                `The first ${count(product.rows.length)} of ${count(product.total)} rows.`,
              )
            : null,
          this.#where(product),
        ];
      case "text":
        return [h("pre", {}, product.text), this.#where(product)];
      case "map":
        return [h("p", {}, h("b", {}, product.layer), " is shown on the map."), this.#choice(product, chip)];
      case "layer":
        return this.#layer(product, parts, chip);
      default:
        return [h("p", {}, "This file can't be shown here."), this.#where(product)];
    }
  }

  #where(product: { path: string; bytes: number }): HTMLElement {
    return h(
      "p",
      { class: "iw-2 rn-where" },
      h("span", { class: "iw-mono" }, product.path),
      ` (${bytes(product.bytes)})`,
    );
  }

  #table(product: Extract<Product, { kind: "table" }>): HTMLElement {
    const named = product.columns.some(Boolean);
    return h(
      "table",
      { class: "rn-table" },
      named
        ? h("thead", {}, h("tr", {}, ...product.columns.map((name) => h("th", { scope: "col" }, name))))
        : null,
      h(
        "tbody",
        {},
        ...product.rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cellText(cell))))),
      ),
    );
  }

  #choice(
    product: { layer: string; layers: string[] },
    chip: Pick<Chip, "file" | "name">,
  ): HTMLElement | null {
    if (product.layers.length < 2) return null;
    const menu = h(
      "select",
      { class: "iw-in rn-select", "aria-label": "Layer", "data-key": "layer-choice" },
      ...product.layers.map((name) => h("option", { value: name, selected: name === product.layer }, name)),
    );
    menu.addEventListener("change", () => {
      this.open(chip, null, menu.value);
    });
    return h("label", { class: "iw-row" }, "Layer", menu);
  }

  #layer(
    product: Extract<Product, { kind: "layer" }>,
    parts: Parts,
    chip: Pick<Chip, "file" | "name">,
  ): Child[] {
    const { low, high, units } = product;
    const places = digits(low, high);
    const unit = units ? ` ${units}` : "";
    const [rows, columns] = product.shape;
    const notes = [
      product.date ? `Date ${product.date}.` : "",
      product.reference_date && product.signed && product.date
        ? `Relative to ${isoDate(product.reference_date)}.`
        : "",
      product.signed && /^mm?(\/yr)?$/.test(units) ? "Red: away from the satellite; blue: towards it." : "",
      product.empty > 0 ? `${Math.round(product.empty * 100) || "<1"} % of the pixels hold no value.` : "",
      product.step > 1
        ? `Every ${product.step}th pixel of ${count(columns)} × ${count(rows)}.`
        : `${count(columns)} × ${count(rows)} pixels.`,
    ];
    return [
      h("p", { class: "iw-b" }, `${product.long_name}${units ? `, ${units}` : ""}`),
      this.#choice(product, chip),
      product.mask
        ? h("p", { class: "iw-2" }, "White: true; black: false.")
        : h(
            "div",
            {
              class: "rn-scale",
              role: "img",
              "aria-label": `Colours from ${low.toFixed(places)} to ${high.toFixed(places)}${unit}`,
            },
            h("img", { src: this.#url(parts[1], "image/png"), alt: "" }),
            h(
              "div",
              {},
              h("span", {}, signed(low, places)),
              low < 0 && high > 0 ? h("span", {}, "0") : null,
              h("span", {}, `${product.signed ? "+" : ""}${signed(high, places)}${unit}`),
            ),
          ),
      h("img", {
        class: "rn-layer",
        src: this.#url(parts[0], "image/png"),
        alt: `Picture of ${product.layer}`,
      }),
      h("p", { class: "iw-2" }, notes.filter(Boolean).join(" ")),
    ];
  }
}

/** Numbers of a table without the digits that mean nothing; dates as dates. */
function cellText(cell: string): string {
  if (/^-?\d+\.\d{5,}(e[-+]?\d+)?$/i.test(cell)) return Number(cell).toPrecision(4).replace("-", "−");
  return cell;
}
