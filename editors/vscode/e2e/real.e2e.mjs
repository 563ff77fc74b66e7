// The extension with the real server, in a real VS Code: a loop that holds is
// answered in the panel; three nested gates are answered newest first; a second
// request about a run that did not finish asks, and starts nothing.
//   FERMATA_BIN, FERMATA_VSIX   the binary and the package
//   FERMATA_DRIVER              the driver (default: tests/editors/vscode/driver.mjs)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

const here = import.meta.dirname;
const driver = process.env.FERMATA_DRIVER ?? path.join(here, '../../../tests/editors/vscode/driver.mjs');
const { openVsCode } = await import(pathToFileURL(driver).href);
const { until } = await import(pathToFileURL(path.join(path.dirname(driver), '../browser.mjs')).href);
const vsix = process.env.FERMATA_VSIX ?? path.join(here, '..', fs.readdirSync(path.join(here, '..')).filter((name) => name.endsWith('.vsix')).sort().at(-1));

const INNER = `workflow:
  name: inner
  entry_point: draft
  limits:
    max_iterations: 4
agents:
  - name: draft
    type: set
    value: "text"
    routes:
      - to: review
  - name: review
    type: script
    command: echo
    args: ["score 81"]
    routes:
      - to: $end
        when: "{{ false }}"
      - to: draft
`;
const OUTER = `workflow:
  name: outer
  entry_point: seed
agents:
  - name: seed
    type: set
    values:
      list: "{{ ['x', 'y', 'z'] }}"
    routes:
      - to: each
for_each:
  - name: each
    type: for_each
    source: seed.output.list
    as: it
    max_concurrent: 3
    failure_mode: continue_on_error
    agent:
      name: worker
      type: workflow
      workflow: ./inner.yaml
    routes:
      - to: $end
`;

async function opened(t) {
  const editor = await openVsCode(t, { vsix, files: { 'inner.yaml': INNER, 'outer.yaml': OUTER }, settings: { 'fermata.gatePrompt': 'none' } });
  const machine = path.join(editor.fermataHome, '../user-data/Machine');
  fs.mkdirSync(machine, { recursive: true });
  fs.writeFileSync(path.join(machine, 'settings.json'), JSON.stringify({ 'fermata.server.path': process.env.FERMATA_BIN }));
  return editor;
}

async function run(editor, file) {
  await editor.openFile(file);
  await until('a server that answers', async () => (await editor.statusBar()).some((text) => /^Fermata/.test(text.trim()) && !/loading/.test(text)));
  await editor.page.locator('.editor-actions .codicon-play').first().click();
}

test('a loop that holds is answered in the panel, and a second request asks first', async (t) => {
  const editor = await opened(t);
  const frame = () => editor.webviewFrame();
  await editor.step('the run holds at its limit, with the loop as evidence', async () => {
    await run(editor, 'inner.yaml');
    await frame().locator('.card-iteration_limit').waitFor();
    assert.match(await frame().locator('#card-title').innerText(), /inner\s*used 4 of 4 steps; next:\s*draft/);
    assert.match(await frame().locator('.cycle').first().innerText(), /draft > review ×2/);
    await editor.screenshot('real-limit');
  });
  await editor.step('one more round leads to the next gate', async () => {
    await frame().getByText('+1 round (2 steps)').click();
    await frame().locator('.decision-send button').click();
    await frame().locator('#card-title', { hasText: 'used 6 of 6' }).waitFor();
    assert.match(await frame().locator('.audit li').first().innerText(), /in vscode continued inner with 2 more steps; limit 4 to 6/);
  });
  await editor.step('a stopped run is failed, and what stopped it is said', async () => {
    await frame().getByText('Stop', { exact: true }).last().click();
    await frame().locator('.decision-send button').click();
    await frame().locator('.card-end.end-failed').waitFor();
    assert.match(await frame().locator('.card-end h2').innerText(), /failed: iteration limit/);
    await editor.screenshot('real-stopped');
  });
  await editor.step('a second request starts nothing and asks', async () => {
    await editor.page.locator('.tab', { hasText: 'inner.yaml' }).click();
    await editor.page.locator('.editor-actions .codicon-play').first().click();
    await frame().locator('.attention-item', { hasText: 'an earlier run is in the way' }).click();
    await frame().locator('.card-choice').waitFor();
    assert.equal(await frame().locator('.card-choice .option').count(), 4);
    await editor.screenshot('real-choice');
    await frame().getByText('Abandon it and run').click();
    await frame().locator('.decision-send button').click();
    await frame().locator('#card-title', { hasText: 'used 4 of 4' }).waitFor();
  });
});

test('three nested gates are answered newest first, and none is lost', async (t) => {
  const editor = await opened(t);
  const frame = () => editor.webviewFrame();
  await editor.step('all three are listed', async () => {
    await run(editor, 'outer.yaml');
    await frame().locator('.attention-count', { hasText: '3 decisions' }).waitFor();
    await editor.screenshot('real-nested');
  });
  await editor.step('each is resolved by its own answer', async () => {
    for (const left of [2, 1, 0]) {
      await frame().locator('.attention-item').last().click();
      await frame().locator('.option-label', { hasText: /^Stop$/ }).click();
      await frame().locator('.decision-send button').click();
      if (left > 0) await frame().locator('.attention-count', { hasText: `${left} decision` }).waitFor();
      else await frame().locator('.card-end').waitFor();
    }
    await editor.screenshot('real-nested-done');
  });
});
