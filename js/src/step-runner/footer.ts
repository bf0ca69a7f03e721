// What the run uses of the machine, and which process it is.

import { h, replace, svg } from "../lib/dom";
import type { Context } from "./api";
import { runIcon } from "./icons";
import { gigabytes } from "./words";

const WIDTH = 56;
const HEIGHT = 18;

function sparkline(values: readonly number[], most: number): SVGSVGElement | null {
  if (values.length < 2) return null;
  const top = Math.max(most * 0.15, ...values) * 1.1 || 1;
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    return `${x.toFixed(1)} ${(HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1)}`;
  });
  return svg(
    "svg",
    {
      class: "rn-spark",
      width: WIDTH,
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      "aria-hidden": "true",
    },
    svg("path", { d: `M${points.join("L")}` }),
  );
}

export function footer(context: Context): HTMLElement {
  const machine = h("div", { class: "rn-machine" });
  const process = h("p", { class: "iw-2" });
  const { model } = context;
  context.watch(["_resources", "_head", "_file"], () => {
    const used = model.get("_resources");
    const head = model.get("_head");
    const memory = used.memory ?? [];
    const cpu = used.cpu ?? [];
    const group = (title: string, ...children: (Node | string | null)[]): HTMLElement =>
      h("span", { class: "rn-group", title }, ...children);
    const parts: HTMLElement[] = [];
    const lastMemory = memory.at(-1);
    const lastCpu = cpu.at(-1);
    if (used.running === true && lastMemory !== undefined) {
      const limit = used.memory_limit;
      parts.push(
        group(
          "Memory of the run and everything it started",
          "Memory ",
          sparkline(memory, limit ?? 0),
          h("b", {}, gigabytes(lastMemory)),
          limit ? ` of ${gigabytes(limit)} GB` : " GB",
        ),
      );
    } else if (used.running === false && memory.length > 0)
      parts.push(
        group(
          "The most that the last run used",
          runIcon("memory", "rn-idle"),
          "Memory at most ",
          h("b", {}, gigabytes(Math.max(...memory))),
          " GB",
        ),
      );
    if (used.running === true && lastCpu !== undefined)
      parts.push(
        group(
          "Processors in use",
          "Processors ",
          sparkline(cpu, used.cores ?? 1),
          h("b", {}, lastCpu.toFixed(1)),
          used.cores ? ` of ${used.cores}` : "",
        ),
      );
    if (used.disk_free !== null && used.disk_free !== undefined) {
      const needed = used.disk_needed;
      const short = typeof needed === "number" && needed > used.disk_free;
      parts.push(
        group(
          "Space in the file system of the work directory",
          "Disk ",
          h("b", { class: short ? "iw-word error" : "" }, gigabytes(used.disk_free)),
          needed ? ` GB free, ${gigabytes(needed)} GB needed` : " GB free",
          short ? h("b", { class: "iw-word error" }, " too little") : null,
        ),
      );
    }
    replace(machine, ...parts);
    const file = model.get("_file").name;
    process.title = [head.work_dir, model.get("_file").path].filter(Boolean).join("\n");
    process.textContent =
      head.state === "running"
        ? head.pid
          ? `Process ${head.pid}, goes on without this kernel`
          : "The process is starting"
        : `${file ? `Template ${file}. ` : ""}No process running`;
  });
  return h("footer", { class: "rn-footer" }, machine, process);
}
