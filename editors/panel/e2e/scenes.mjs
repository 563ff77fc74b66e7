// The panel in a real Chromium: every scene photographed and measured, under the
// CSP that the hosts use. usage: node e2e/scenes.mjs [scene…]
//   SHOTS     where the pictures go (default: a folder under the temporary one)
//   CHROMIUM  the browser (default /usr/bin/chromium)
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "dist");
const shots = process.env.SHOTS ?? path.join(os.tmpdir(), "fermata-panel-shots");
const only = process.argv.slice(2);
fs.mkdirSync(shots, { recursive: true });
await build({ entryPoints: { page: path.join(here, "page.tsx"), panel: path.join(here, "../src/panel.css") }, outdir: out, bundle: true, format: "iife", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const CSP = "default-src 'none'; script-src 'nonce-scene'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";
const server = http.createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/") {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP });
    response.end('<!doctype html><html lang="en"><head><title>Fermata</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/panel.css"></head><body><div id="fermata-panel"></div><script nonce="scene" src="/page.js"></script></body></html>');
    return;
  }
  const file = path.join(out, path.basename(url.pathname));
  if (!fs.existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "Content-Type": file.endsWith(".css") ? "text/css" : "text/javascript" });
  fs.createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });

let failures = 0;
function check(what, ok, detail = "") {
  if (!ok) failures += 1;
  console.log(`${ok ? "ok  " : "FAIL"} ${what}${detail === "" ? "" : ` (${detail})`}`);
}

async function open(scene, { width = 1280, height = 860, scheme = "light", forced = "none", query = "" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, forcedColors: forced, reducedMotion: "reduce", timezoneId: "UTC", bypassCSP: false });
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(`${origin}/?scene=${scene}${query}`);
  await page.locator(".app").waitFor();
  if (scene === "home") await page.locator(".run-row").first().waitFor();
  else if (scene === "choice") await page.locator(".card-choice").waitFor();
  else await page.locator(".log-line").first().waitFor();
  await page.locator(".connection.live").first().waitFor();
  return { page, errors, close: () => context.close() };
}

async function scene(name, variant, options, more) {
  if (only.length > 0 && !only.includes(name)) return;
  const view = await open(name, options);
  const { page, errors } = view;
  try {
    const facts = await page.evaluate(() => ({
      elements: document.querySelectorAll("*").length,
      overflow: document.documentElement.scrollWidth - innerWidth,
    }));
    check(`${name} ${variant}: at most 1,500 elements`, facts.elements <= 1500, String(facts.elements));
    check(`${name} ${variant}: nothing wider than the window`, facts.overflow <= 0, String(facts.overflow));
    await more?.(page);
    await page.screenshot({ path: path.join(shots, `${name}-${variant}.png`) });
    // A node's drawn text is shortened, so its name cannot contain it: that one experimental rule is off.
    // axe needs to be injected; the page's own policy would refuse it, as it should.
    const violations = await page.evaluate(`(async () => { ${axe}; const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], rules: { "label-content-name-mismatch": { enabled: false } } }); return found.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).join(" | ")); })()`);
    check(`${name} ${variant}: axe finds nothing`, violations.length === 0, violations.join("\n       "));
    check(`${name} ${variant}: the console is silent`, errors.length === 0, errors.join("; "));
  } catch (error) {
    check(`${name} ${variant}`, false, String(error));
    await page.screenshot({ path: path.join(shots, `${name}-${variant}-failed.png`) }).catch(() => undefined);
  } finally {
    await view.close();
  }
}

const SCENES = ["running", "limitGate", "roundsGate", "reworked", "nestedGates", "humanGate", "questions", "permission", "failed", "stoppedAtLimit", "finished", "choice", "home", "longText", "manyEvents", "manyNodes"];
for (const name of SCENES) await scene(name, "light", {});
for (const name of ["running", "limitGate", "humanGate", "failed", "choice"]) {
  await scene(name, "dark", { scheme: "dark" });
  await scene(name, "forced", { scheme: "dark", forced: "active" });
}
for (const name of SCENES) await scene(name, "600", { width: 600, height: 700 });

await scene("limitGate", "narrow-first-screen", { width: 600, height: 700 }, async (page) => {
  const bottom = await page.locator(".decision fieldset").evaluate((element) => element.getBoundingClientRect().top);
  check("limitGate: the choices begin on the first screen at 600x700", bottom < 640, `${Math.round(bottom)} px`);
});
await scene("limitGate", "keyboard", {}, async (page) => {
  let keys = 0;
  const press = async (key) => {
    keys += 1;
    await page.keyboard.press(key);
  };
  check("limitGate: the card's heading has the focus", await page.locator("#card-title").evaluate((element) => element === document.activeElement));
  await press("Tab");
  while (keys < 6 && !(await page.evaluate(() => document.activeElement?.getAttribute("type") === "radio"))) await press("Tab");
  await press("Space");
  await press("Control+Enter");
  await page.waitForFunction(() => window.panel.world.acts.length === 1);
  check("limitGate: a decision takes at most 6 keystrokes", keys <= 6, `${keys}`);
  const sent = await page.evaluate(() => window.panel.world.acts[0].params);
  check("limitGate: what was sent is the selected round", JSON.stringify(sent.answer) === '{"kind":"iteration_limit","do":"continue","n":2}', JSON.stringify(sent));
});
await scene("humanGate", "enter", {}, async (page) => {
  await page.locator("input[type=radio]").nth(1).check();
  await page.locator("textarea").fill("Rename it first");
  await page.locator("textarea").press("Enter");
  check("humanGate: Enter in a text field decides nothing", (await page.evaluate(() => window.panel.world.acts.length)) === 0);
});
await scene("running", "selected", {}, async (page) => {
  await page.locator("g[data-step=reviewer]").click();
  await page.locator(".detail").waitFor();
});
await scene("limitGate", "custom", {}, async (page) => {
  await page.getByText("Another number of steps").click();
  await page.locator(".field input").fill("0");
  await page.locator(".field-problem").waitFor();
  check("limitGate: a number that is too small cannot be sent", await page.locator(".decision-send button").isDisabled());
});
await scene("manyEvents", "speed", {}, async (page) => {
  const delay = await page.evaluate(async () => {
    const { transport, store } = window.panel;
    const last = store.live.lastSeq;
    const delays = [];
    for (let i = 1; i <= 60; i += 1) {
      const seq = last + i;
      const from = performance.now();
      transport.push(store.live.run, [{ run: store.live.run, seq, at: Date.now(), path: "plan#2", schema: 1, type: "script_output", step: "plan", attempt: 1, stream: "stdout", text: `line ${seq}` }]);
      await new Promise((resolve) => {
        const look = () => (document.querySelector(".log-count").textContent.startsWith(String(seq)) ? resolve() : requestAnimationFrame(look));
        requestAnimationFrame(look);
      });
      delays.push(performance.now() - from);
    }
    delays.sort((a, b) => a - b);
    return { p50: delays[30], p95: delays[57] };
  });
  check("manyEvents: event to paint at 10,000 events, p95 at most 100 ms", delay.p95 <= 100, `p50 ${delay.p50.toFixed(0)} ms, p95 ${delay.p95.toFixed(0)} ms`);
});
if (only.length === 0 || only.includes("silence")) {
  const view = await open("limitGate", { query: "&silent=1" });
  await view.page.evaluate(() => window.panel.later(5000));
  await view.page.locator(".connection.lost").waitFor();
  check("silence: the connection is said to be lost", (await view.page.locator(".connection.lost").textContent()).includes("Last seen"));
  check("silence: decisions are disabled with the reason", (await view.page.locator(".decision-why").textContent()).includes("connection is lost"));
  await view.page.screenshot({ path: path.join(shots, "limitGate-silence.png") });
  await view.close();
}
await browser.close();
server.close();
console.log(`pictures: ${shots}`);
process.exit(failures === 0 ? 0 : 1);
