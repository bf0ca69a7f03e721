import { expect, test } from "vitest";
import { findingRow, plural, severityChips, splitSentence, type Finding } from "../src/lib/findings";

const finding: Finding = {
  severity: "warning",
  code: "date-on-one-pair",
  message: "Dates on a single pair: 20180705. An error would go unnoticed.",
  remedy: "Order more pairs.",
  products: ["<b>one</b>", "two"],
  mended_by_prepare: false,
};

test("a finding says its severity in words, what, the consequence and the remedy", () => {
  const row = findingRow(finding, "k");
  expect(row.querySelector(".iw-b")?.textContent).toBe("Warning: Dates on a single pair: 20180705.");
  expect(row.querySelector(".iw-2")?.textContent).toBe("An error would go unnoticed. Order more pairs.");
  expect(row.querySelector("summary")?.textContent).toBe("2 products");
  expect(row.querySelector("li.iw-mono")?.textContent).toBe("<b>one</b>");
  expect(row.querySelector("b")).toBeNull();
});

test("what preparing mends says so", () => {
  expect(findingRow({ ...finding, mended_by_prepare: true }, "k").textContent).toContain(
    "preparing mends this",
  );
  expect(findingRow(finding, "k").textContent).not.toContain("preparing mends this");
});

test("there is one chip for each severity that occurred, worst first", () => {
  const chips = severityChips([finding, { ...finding, severity: "error" }, finding]);
  expect(chips.map((chip) => chip.textContent)).toEqual(["1 error", "2 warnings"]);
});

test("a headline ends at the first sentence and not inside of a number or a file name", () => {
  expect(splitSentence("Off by 0.25 of a pixel in a.tif. Then more.")).toEqual([
    "Off by 0.25 of a pixel in a.tif.",
    "Then more.",
  ]);
  expect(splitSentence("One sentence.")).toEqual(["One sentence.", ""]);
  expect(plural(1, "pair")).toBe("1 pair");
});

test("names of files stand out, and neither they nor the remedy are said twice", () => {
  const row = findingRow(
    {
      ...finding,
      message: "S1AA_20190101_corr.tif is cut short. Download the product again.",
      remedy: "Download the product again, or go on without it.",
      products: ["S1AA_20190101"],
    },
    "k",
  );
  expect(row.querySelector(".iw-b .iw-mono")?.textContent).toBe("S1AA_20190101_corr.tif");
  expect(row.querySelector(".iw-2")?.textContent).toBe("Download the product again, or go on without it.");
  expect(row.querySelectorAll(".iw-mono")).toHaveLength(1);
});
