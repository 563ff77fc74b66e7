// `fermata panel` in a real Chromium, with a real server and real workers: what
// a terminal starts appears by itself, a gate is answered from the page, a late
// answer is told so, and a run of ten thousand events stays a page.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { closeBrowser, openPage, screenshot, until } from '../browser.mjs';

const SAMPLES = path.resolve(import.meta.dirname, '../../../workflows-samples');

// The step is over when somebody has written the file: the page is looked at in between.
const SLOW = `
workflow:
  name: patient
  entry_point: wait
agents:
  - name: wait
    type: script
    command: sh
    args: ["-c", "until [ -e go ]; do sleep 0.05; done; echo went"]
    routes: [{to: $end}]
output: {said: "{{ wait.output.stdout }}"}
`;

// Three events a round; the limit is raised by the policy as often as it is reached.
const LONG = `
workflow:
  name: marathon
  entry_point: lap
  limits: {max_iterations: 500}
agents:
  - name: lap
    type: set
    value: "{{ lap.output + 1 if lap is defined else 1 }}"
    output_type: integer
    routes:
      - {to: $end, when: "{{ output >= 3400 }}"}
      - {to: lap}
output: {laps: "{{ lap.output }}"}
`;

/** A folder with workflows, a home for runs, and the panel's server. */
async function lab(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fermata-panel-'));
  const work = path.join(folder, 'work');
  fs.cpSync(SAMPLES, work, { recursive: true });
  fs.cpSync(path.join(import.meta.dirname, '../archon'), path.join(work, 'release-notes'), { recursive: true });
  fs.writeFileSync(path.join(work, 'patient.yaml'), SLOW);
  fs.writeFileSync(path.join(work, 'marathon.yaml'), LONG);
  const env = { ...process.env, FERMATA_HOME: path.join(folder, 'home'), XDG_CONFIG_HOME: path.join(folder, 'config'), USER: 'ada', NO_COLOR: '1' };
  const fermata = (...words) => spawnSync(process.env.FERMATA_BIN, words, { cwd: work, env, encoding: 'utf8' });
  const runs = () => JSON.parse(fermata('runs', '--json').stdout).runs;
  const server = spawn(process.env.FERMATA_BIN, ['panel', '--no-open'], { cwd: work, env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => {
    server.kill();
    for (const run of runs()) if (['queued', 'running', 'waiting'].includes(run.status)) fermata('abandon', run.run);
    // A worker that was told to end may still be writing.
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  let said = '';
  server.stdout.on('data', (chunk) => (said += chunk));
  const url = await until('the address of the panel', () => /http:\S+/.exec(said)?.[0]);
  return { work, fermata, runs, server, url };
}

/** The same moment in light and dark, wide and narrow: pictures to look at. */
async function look(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [width, size] of [['wide', { width: 1400, height: 900 }], ['narrow', { width: 600, height: 700 }]]) {
      await page.setViewportSize(size);
      await until(`${name} ${width} to be no wider than the window`, () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await screenshot(page, `panel-live-${name}-${colorScheme}-${width}`);
    }
  }
  await page.setViewportSize({ width: 1400, height: 900 });
}

test('the live panel shows what a terminal starts, and answers its gate', async (t) => {
  t.after(closeBrowser);
  const { work, fermata, runs, server, url } = await lab(t);
  const { page, strangers, consoleErrors } = await openPage(url);
  const step = (name, body) => t.test(name, async () => {
    try {
      await body();
    } catch (error) {
      await screenshot(page, `panel-live-failed-${name.replaceAll(/\W+/g, '-')}`);
      throw error;
    }
  });

  await step('an empty home says so, and the token leaves the address', async () => {
    await page.locator('.connection.live').first().waitFor();
    assert.equal(new URL(page.url()).hash, '');
    await look(page, 'empty');
    await page.reload();
    await page.locator('.connection.live').first().waitFor();
  });

  await step('a run that a terminal starts appears, and goes on before the eyes', async () => {
    assert.equal(fermata('run', 'patient.yaml', '--detach').status, 0);
    await page.locator('.run-row', { hasText: 'patient' }).first().click();
    await page.locator('[data-step=wait]').first().waitFor();
    await page.locator('.log-line', { hasText: 'wait' }).first().waitFor();
    await look(page, 'running');
    fs.writeFileSync(path.join(work, 'go'), '');
    await page.locator('header', { hasText: /finished|completed/i }).first().waitFor();
    await look(page, 'finished');
  });

  await step('its gate is shown on every page, answered from one, and the other says who', async () => {
    assert.equal(fermata('run', 'review-loop.yaml', '--agent', 'scripted', '--detach', 'A rate limiter for the public API').status, 0);
    const held = await until('the loop to hold', () => runs().find((run) => run.workflow === 'review-loop' && run.status === 'waiting'));
    await page.goto(`${new URL(url).origin}/?run=${held.run}`);
    await page.locator('.card').first().waitFor();
    const other = await page.context().newPage();
    await other.goto(`${new URL(url).origin}/?run=${held.run}${new URL(url).hash}`);
    await other.locator('.card').first().waitFor();
    await look(page, 'gate');
    await page.locator('.card input[type=radio]').first().check();
    await page.locator('.decision-send button').click();
    await until('the answer to be in the log', () => fermata('events', held.run).stdout.includes('answered by ada from panel'));
    await other.locator('.audit', { hasText: 'ada' }).first().waitFor();
    await other.close();
    const again = await until('the next gate to hold', () => runs().find((run) => run.run === held.run && run.gates.some(({ gate }) => gate === 'g2')));
    const { max_iterations: limit } = again.gates[0];
    await page.locator('#card-title', { hasText: `used ${limit} of ${limit} steps` }).waitFor();
    const late = await page.evaluate(async (run) => {
      const token = sessionStorage.getItem('fermata-token');
      const response = await fetch('/api/answer', { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ run, gate: 'g1', answer: { kind: 'iteration_limit', do: 'stop' } }) });
      return response.json();
    }, held.run);
    assert.equal(late.ok, false);
    assert.equal(late.answered.surface, 'panel');
    await page.locator('button', { hasText: 'Stop' }).first().click();
    await page.locator('header', { hasText: /stopped|failed/i }).first().waitFor();
    await look(page, 'stopped');
  });

  await step('a new request is asked about, and its words are kept', async () => {
    const asked = fermata('run', 'review-loop.yaml', '--agent', 'scripted', '--json', 'Another limiter');
    assert.equal(asked.status, 3, asked.stdout);
    await page.goto(new URL(url).origin);
    await page.locator('.attention-item', { hasText: 'an earlier run is in the way' }).click();
    await page.locator('.card-choice', { hasText: /Another limiter/ }).filter({ hasText: /\d\d steps run/ }).first().waitFor();
    await look(page, 'choice');
  });

  await step('an Archon graph shows its loop, which holds, goes on, and comes to the approval', async () => {
    assert.equal(fermata('run', 'release-notes/.archon/workflows/release-notes.yaml', '--agent', 'scripted', '--share-checkout', '--detach', 'version 2.4').status, 0);
    const held = await until('the loop to hold', () => runs().find((run) => run.workflow === 'release-notes' && run.status === 'waiting'));
    await page.goto(`${new URL(url).origin}/?run=${held.run}`);
    await page.locator('.card-iteration_limit').waitFor();
    await page.locator('#card-title', { hasText: /^Loop notes used 4 of 4 rounds$/ }).waitFor();
    await page.locator('[data-step=notes][aria-label*="round 4 of 4"]').waitFor();
    await look(page, 'archon-limit');
    await page.locator('.option', { hasText: '+1 round' }).locator('input').check();
    await page.locator('.decision-send button').click();
    await page.locator('.card-approval').waitFor();
    await page.locator('[data-step=notes][aria-label*="round 5 of 5"]').waitFor();
    await look(page, 'archon-approval');
    await page.locator('.option', { hasText: 'Not today' }).locator('input').check();
    await page.locator('.card textarea').fill('After the weekend');
    await page.locator('.decision-send button').click();
    await page.locator('header', { hasText: /completed/i }).first().waitFor();
    await page.locator('[data-step=announce].node-skipped').waitFor();
    await page.locator('[data-step=shelve].node-done').waitFor();
    await look(page, 'archon-ended');
  });

  await step('ten thousand events are a page', async () => {
    const done = fermata('run', 'marathon.yaml', '--gates', 'continue:500', '--json');
    assert.equal(done.status, 0, done.stderr);
    const { run, last } = runs().find((each) => each.workflow === 'marathon');
    assert.ok(last > 10_000, `${last} events`);
    await page.goto(`${new URL(url).origin}/?run=${run}`);
    await until('all of them to be there', async () => (await page.locator('.log-count').textContent()).startsWith(String(last)));
    await page.locator('header', { hasText: /finished|completed/i }).first().waitFor();
    const elements = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(elements <= 1500, `${elements} elements`);
    await look(page, 'ten-thousand');
  });

  await step('nothing was asked of any other place, and the policy stopped nothing', async () => {
    assert.deepEqual([...strangers], []);
    assert.deepEqual(consoleErrors, []);
  });

  await step('a server that is gone is said to be gone', async () => {
    server.kill('SIGKILL');
    await page.locator('.connection.lost').first().waitFor();
    await screenshot(page, 'panel-live-gone');
  });
});
