// What a check found, as rows: severity in words, what and where, the remedy, and a button where one click mends it.

import { button, h, type Child } from "./dom";
import { icon, type IconName } from "./icons";

export type Severity = "error" | "warning" | "info";

export interface Finding {
  severity: Severity;
  code: string;
  message: string;
  remedy: string;
  products: string[];
  mended_by_prepare: boolean;
}

const WORDS: Record<Severity, { one: string; many: string; icon: IconName }> = {
  error: { one: "error", many: "errors", icon: "error" },
  warning: { one: "warning", many: "warnings", icon: "warning" },
  info: { one: "note", many: "notes", icon: "info" },
};

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** One chip a severity, worst first; none for a severity that did not occur. */
export function severityChips(findings: readonly Finding[]): HTMLElement[] {
  return (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    const words = WORDS[severity];
    return count === 0
      ? []
      : [
          h(
            "span",
            { class: `iw-chip ${severity}` },
            icon(words.icon, "small"),
            plural(count, words.one, words.many),
          ),
        ];
  });
}

/** Text in which names of products and files stand out from the words around them. */
export function withNames(text: string): Child[] {
  return text
    .split(/((?:\/|S1[A-D]{0,2}_)[\w./<>=~-]*\w)/)
    .map((part, index) => (index % 2 === 1 ? h("span", { class: "iw-mono" }, part) : part));
}

/** Names are what one needs to order or download products again. */
function copyButton(names: readonly string[], key: string): HTMLButtonElement {
  const copy = button(
    "Copy names",
    () => {
      // Browsers offer the clipboard to https pages and to this machine only.
      const clipboard = navigator.clipboard as Clipboard | undefined;
      const said = (text: string): void => {
        copy.lastChild?.replaceWith(text);
      };
      if (!clipboard) said("Select the names to copy them");
      else
        clipboard.writeText(names.join("\n")).then(
          () => {
            said("Copied");
          },
          () => {
            said("Select the names to copy them");
          },
        );
    },
    { class: "small", icon: icon("copy"), key },
  );
  return copy;
}

function productList(products: readonly string[], key: string): HTMLElement | null {
  const [first] = products;
  if (first === undefined) return null;
  if (products.length === 1) return h("p", { class: "iw-mono iw-2" }, first);
  return h(
    "details",
    { class: "iw-products" },
    h("summary", { "data-key": `${key}-list` }, plural(products.length, "product")),
    h("ul", {}, ...products.map((name) => h("li", { class: "iw-mono iw-2" }, name))),
    copyButton(products, `${key}-copy`),
  );
}

/** The first sentence, which is the headline, and the rest. */
export function splitSentence(text: string): [string, string] {
  const match = /^(.+?[.!?])\s+(.+)$/s.exec(text);
  return match ? [match[1] ?? text, match[2] ?? ""] : [text, ""];
}

/** @param actions what stands at the right: buttons that mend it */
export function findingRow(finding: Finding, key: string, actions: readonly Child[] = []): HTMLElement {
  const words = WORDS[finding.severity];
  const [headline, rest] = splitSentence(finding.message);
  // An error of a file may end with the very remedy that the finding has.
  const consequence = finding.remedy.startsWith(rest.replace(/\.$/, "")) ? "" : rest;
  const named = finding.products.length === 1 && finding.message.includes(finding.products[0] ?? "");
  const word = words.one.charAt(0).toUpperCase() + words.one.slice(1);
  return h(
    "li",
    { class: "iw-finding", "data-code": finding.code },
    icon(words.icon, finding.severity),
    h(
      "div",
      { class: "iw-finding-text" },
      h(
        "p",
        { class: "iw-b" },
        h("span", { class: `iw-word ${finding.severity}` }, `${word}: `),
        ...withNames(headline),
      ),
      consequence || finding.remedy
        ? h("p", { class: "iw-2" }, ...withNames([consequence, finding.remedy].filter(Boolean).join(" ")))
        : null,
      named ? null : productList(finding.products, key),
    ),
    h(
      "div",
      { class: "iw-finding-actions" },
      finding.mended_by_prepare
        ? h("span", { class: "iw-mends" }, icon("check", "small done"), "preparing mends this")
        : null,
      ...actions,
    ),
  );
}
