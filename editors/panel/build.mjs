// Bundles the panel into dist/: one script and one style sheet, the same for the
// webview and for `fermata panel`, and the page that `fermata panel` serves.
// Fails when the budget of 120 KB gzip is passed. No other build step exists.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
const BUDGET = 120 * 1024;

mkdirSync(dist, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { panel: "src/main.tsx" },
  outdir: dist,
  bundle: true,
  format: "iife",
  target: ["es2022", "chrome114", "firefox115", "safari16"],
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
await build({
  absWorkingDir: here,
  entryPoints: { panel: "src/panel.css" },
  outdir: dist,
  bundle: true,
  minify: true,
  logLevel: "warning",
});
copyFileSync(path.join(here, "src/index.html"), path.join(dist, "index.html"));

const sizes = ["panel.js", "panel.css", "index.html"].map((name) => [name, gzipSync(readFileSync(path.join(dist, name))).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${name}: ${(size / 1024).toFixed(1)} KB gzip`);
console.log(`total: ${(total / 1024).toFixed(1)} KB gzip of ${BUDGET / 1024}`);
if (total > BUDGET) {
  console.error(`the panel weighs ${total} bytes gzip, the budget is ${BUDGET}`);
  process.exit(1);
}
