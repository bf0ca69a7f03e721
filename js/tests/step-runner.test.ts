// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Line, LogPart, Row } from "../src/step-runner/api";
import { LogSearch } from "../src/step-runner/log-search";
import { LogWindow, MOST, occurrences } from "../src/step-runner/log-window";
import { about, bytes, count, detail, duration, kept, ranges, title } from "../src/step-runner/words";

function lines(from: number, to: number): Line[] {
  return Array.from({ length: to - from }, (_, index): Line => [`line ${from + index}`, ""]);
}

function part(from: number, to: number, total = to, epoch = 0): LogPart {
  return { start: from, total, size: total * 10, epoch, lines: lines(from, to) };
}

function shown(log: LogWindow): string[] {
  return log.lines.map(([text]) => text);
}

function wanted(from: number, to: number): string[] {
  return lines(from, to).map(([text]) => text);
}

describe("the window on a log", () => {
  it("grows at its end, replaces the line that was not whole, and lets go of the beginning", () => {
    const log = new LogWindow();
    log.reset("velocity", part(0, 300));
    const joined = log.join({ ...part(299, 1000), lines: [["line 299 whole", ""], ...lines(300, 1000)] });
    expect(joined).toMatchObject({ side: "end", replaced: 1, dropped: 0 });
    expect(shown(log)[299]).toBe("line 299 whole");
    for (let end = 2000; end <= 20_000; end += 1000) log.join(part(end - 1000, end));
    expect(log.lines.length).toBe(MOST);
    expect(log.end).toBe(20_000);
    expect(shown(log)).toEqual(wanted(20_000 - MOST, 20_000));
  });

  it("slides to the beginning and lets go of the end", () => {
    const log = new LogWindow();
    log.reset("velocity", part(5000, 6400, 9000));
    expect(log.join(part(4700, 5000, 9000))).toMatchObject({ side: "start", added: 300, dropped: 200 });
    expect(shown(log)).toEqual(wanted(4700, 4700 + MOST));
    expect(log.touches(part(100, 200, 9000))).toBe(false);
    expect(log.touches(part(6100, 6400, 9000, 1))).toBe(false);
  });

  it("finds every place of a text, whatever the case", () => {
    expect(occurrences("Retry: RETRY", "retry")).toEqual([
      [0, 5],
      [7, 12],
    ]);
    expect(occurrences("anything", "")).toEqual([]);
  });
});

describe("the search in a log", () => {
  it("begins at what is in sight, goes round, and takes in what the log grows by", async () => {
    const log = ["an error", "fine", "ERROR again", "fine"];
    const asked: number[] = [];
    const reached: number[] = [];
    const search = new LogSearch(
      {
        signal: new AbortController().signal,
        fail: (error) => {
          throw error;
        },
        requests: {
          request: (_kind: string, { query, start }: { query: string; start: number }) => {
            asked.push(start);
            const found = log.flatMap((line, n) =>
              n >= start && occurrences(line, query).length > 0 ? [n] : [],
            );
            return Promise.resolve({ payload: { lines: found, total: log.length }, buffers: [] });
          },
        } as never,
      },
      {
        step: () => "velocity",
        following: () => false,
        topLine: () => 1,
        reach: (line) => {
          reached.push(line);
          return Promise.resolve();
        },
        mark: () => undefined,
      },
    );
    const field = document.createElement("div");
    field.append(...search.elements);
    const [input, status, prev, next] = ["input", "[role=status]", "button", "button:last-child"].map(
      (selector) => field.querySelector<HTMLInputElement>(selector) ?? expect.fail(selector),
    ) as [HTMLInputElement, HTMLElement, HTMLButtonElement, HTMLButtonElement];
    expect(next.disabled).toBe(true);
    input.value = " error ";
    input.dispatchEvent(new Event("input"));
    await vi.waitFor(() => {
      expect(status.textContent).toBe("2 of 2");
    });
    log.push("errors still");
    search.grown(log.length);
    await vi.waitFor(() => {
      expect(status.textContent).toBe("2 of 3");
    });
    next.click();
    next.click();
    prev.click();
    await vi.waitFor(() => {
      expect(status.textContent).toBe("3 of 3");
    });
    expect(reached).toEqual([2, 4, 0, 4]);
    expect(asked).toEqual([0, 3]);

    const [line, words] = [document.createElement("div"), document.createElement("span")];
    line.dataset.line = "4";
    search.show(line, words, "errors still");
    expect([...words.childNodes].map((node) => [node.nodeName, node.textContent])).toEqual([
      ["#text", ""],
      ["MARK", "error"],
      ["#text", "s still"],
    ]);
    expect(line.className).toBe("current");
    input.value = "";
    input.dispatchEvent(new Event("input"));
    await vi.waitFor(() => {
      expect(status.textContent).toBe("");
    });
    expect(prev.disabled).toBe(true);
  });
});

describe("words", () => {
  it("writes times as a user would", () => {
    expect([0, 7, 2380, 7511].map(duration)).toEqual(["0:00", "0:07", "39:40", "2:05:11"]);
    expect([3, 42, 100, 2460, 4800, 7200].map(about)).toEqual([
      "3 s",
      "40 s",
      "2 min",
      "41 min",
      "1 h 20 min",
      "2 h",
    ]);
  });

  it("writes counts and sizes", () => {
    expect([312, 12_345, 5_000_000].map(count)).toEqual(["312", "12,345", "5,000,000"]);
    expect([12, 1536, 41.7e9].map(bytes)).toEqual(["12 bytes", "1.5 kB", "41.7 GB"]);
  });

  it("says which steps are kept", () => {
    expect(ranges([1, 2, 3, 4, 6])).toBe("1 to 4 and 6");
    expect(ranges([1, 2, 5])).toBe("1, 2 and 5");
    const done = (number: number): Row => ({ number, state: "completed" }) as Row;
    expect(kept([done(1), done(2), done(3)])).toBe("Steps 1 to 3 are kept");
    expect(kept([done(4)])).toBe("Step 4 is kept");
    expect(kept([])).toBe("");
  });

  it("has one sentence for each state of a run", () => {
    const rows = [
      { name: "load_data", number: 1, state: "completed" },
      { name: "velocity", number: 2, state: "stale", reason: "mintpy.x changed" },
    ] as Row[];
    expect(title({ state: "running", step: "velocity", number: 2 }, rows)).toBe("Step 2 of 2, velocity");
    expect(title({ state: "running", step: "" }, rows)).toBe("Starting the run");
    expect(title({ state: "failed", step: "velocity", number: 2 }, rows)).toBe("Stopped at step 2, velocity");
    expect(title({ state: "failed", step: "" }, rows)).toBe("Stopped before the first step");
    expect(title({ state: "ready", to_do: ["velocity"] }, rows)).toBe("1 step is stale");
    expect(title({ state: "completed", to_do: [] }, rows)).toBe("All steps are up to date");
    expect(detail({ state: "ready", to_do: ["velocity"] }, rows, 0)).toBe(
      "To run: velocity; first velocity: mintpy.x changed.",
    );
  });
});
