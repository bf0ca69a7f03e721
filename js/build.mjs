// Bundles every folder of js/src that holds an index.ts into one ES module and one style sheet.
import { readdirSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const src = join(here, "src");
const watch = process.argv.includes("--watch");

const entryPoints = Object.fromEntries(
  readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(src, entry.name, "index.ts")))
    .map((entry) => [entry.name, join(src, entry.name, "index.ts")]),
);

const options = {
  entryPoints,
  outdir: join(here, "..", "src", "insar_widgets", "static"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  legalComments: "none",
  logLevel: "info",
};

if (watch) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
}
