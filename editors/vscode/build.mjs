// Bundles the extension into dist/extension.js and copies the panel beside it.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const panel = path.join(here, "../panel");

await build({
  absWorkingDir: here,
  entryPoints: { extension: "src/extension.ts" },
  outdir: "dist",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  minify: true,
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
});

const files = ["panel.js", "panel.css"];
if (!existsSync(path.join(panel, "node_modules"))) {
  console.error(`the panel's packages are missing: npm ci --ignore-scripts --prefix ${path.relative(process.cwd(), panel)}`);
  process.exit(1);
}
// Always built anew: a stale panel in the package would be worse than a second of waiting.
execFileSync(process.execPath, [path.join(panel, "build.mjs")], { stdio: "inherit" });
mkdirSync(path.join(here, "dist/panel"), { recursive: true });
for (const name of files) copyFileSync(path.join(panel, "dist", name), path.join(here, "dist/panel", name));
