// Numbers and lists as a user would write them.

import type { Head, Row, StepState } from "./api";

export const STATE_WORDS: Record<StepState, string> = {
  pending: "pending",
  running: "running",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  interrupted: "interrupted",
  stale: "stale",
  off: "off",
};

const two = (value: number): string => String(value).padStart(2, "0");

/** `0:07`, `39:40`, `2:05:11`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length of time nobody knows exactly: `40 s`, `3 min`, `1 h 20 min`. */
export function about(seconds: number): string {
  if (seconds < 55)
    return `${Math.max(1, seconds < 10 ? Math.round(seconds) : Math.round(seconds / 5) * 5)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rounded = Math.round(minutes / 5) * 5;
  const rest = rounded % 60;
  return rest === 0 ? `${Math.floor(rounded / 60)} h` : `${Math.floor(rounded / 60)} h ${rest} min`;
}

/** Time of day in the browser's zone; with the date if it was another day. */
export function clock(seconds: number, now: number): string {
  const then = new Date(seconds * 1000);
  const time = `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
  if (then.toDateString() === new Date(now * 1000).toDateString()) return time;
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${time}`;
}

/** `1.3`, `41.7`, `120`: gigabytes without their unit. */
export function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return value >= 100 ? value.toFixed(0) : value >= 0.05 || value === 0 ? value.toFixed(1) : value.toFixed(2);
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const [unit, size] = count < 1e6 ? ["kB", 1e3] : count < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  const value = count / size;
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
}

/** 12,345 */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 to 4 and 6`, `3`, `1, 3 and 5`. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const words = runs.flatMap(([a, b]) =>
    a === b ? [String(a)] : b === a + 1 ? [String(a), String(b)] : [`${a} to ${b}`],
  );
  return listed(words);
}

export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

/** What is kept whatever happens to the run: the completed steps. */
export function kept(rows: readonly Row[]): string {
  const numbers = rows.filter((row) => row.state === "completed").map((row) => row.number);
  if (numbers.length === 0) return "";
  return `${numbers.length === 1 ? "Step" : "Steps"} ${ranges(numbers)} ${numbers.length === 1 ? "is" : "are"} kept`;
}

const STOPS: Partial<Record<Head["state"], string>> = {
  failed: "Stopped",
  cancelled: "Cancelled",
  interrupted: "Interrupted",
};

/** The one sentence that matters. */
export function title(head: Partial<Head>, rows: readonly Row[]): string {
  const toDo = head.to_do ?? [];
  const steps = (n: number): string => (n === 1 ? "1 step" : `${n} steps`);
  switch (head.state) {
    case undefined:
      return "Looking at the run…";
    case "empty":
      return "Nothing to run yet";
    case "running":
      if (head.number) return `Step ${head.number} of ${rows.length}, ${head.step ?? ""}`;
      return head.step === "plot" ? "Drawing MintPy's figures" : "Starting the run";
    case "completed":
      return "All steps are up to date";
    case "ready": {
      const stale = rows.filter((row) => row.state === "stale").length;
      if (stale > 0 && stale === toDo.length) return `${steps(stale)} ${stale === 1 ? "is" : "are"} stale`;
      return rows.some((row) => row.state === "completed")
        ? `${steps(toDo.length)} still to run`
        : `Ready to run ${steps(toDo.length)}`;
    }
    default: {
      const word = STOPS[head.state] ?? "Stopped";
      return head.number
        ? `${word} at step ${head.number}, ${head.step ?? ""}`
        : `${word} before the first step`;
    }
  }
}

/** What stands under the title while nothing runs. */
export function detail(head: Partial<Head>, rows: readonly Row[], now: number): string {
  const toDo = head.to_do ?? [];
  const keeps = kept(rows);
  const took = head.started && head.ended ? duration(head.ended - head.started) : "";
  const when = head.ended ? clock(head.ended, now) : "";
  switch (head.state) {
    case "empty":
      return "Build a template, for example with ConfigBuilder, and give both: StepRunner(builder).";
    case "completed":
      return took ? `The last run took ${took} and ended at ${when}.` : "Nothing has changed since.";
    case "ready": {
      const first = rows.find((row) => row.name === toDo[0]);
      const why = first?.reason ? ` first ${first.name}: ${first.reason}.` : "";
      if (!keeps) return "Nothing was run here yet; the run goes on when the notebook is closed.";
      return `To run: ${toDo.length > 4 ? `${toDo.slice(0, 3).join(", ")} and ${toDo.length - 3} more` : listed(toDo)}${why ? `;${why}` : "."}`;
    }
    case "failed":
    case "cancelled":
      return [took ? `After ${took}, at ${when}.` : "", keeps ? `${keeps}.` : ""].join(" ").trim();
    case "interrupted":
      return `The process ended without a word: it was killed, or the machine went down. ${keeps ? `${keeps}; run` : "Run"} what is needed to go on.`;
    default:
      return "";
  }
}
