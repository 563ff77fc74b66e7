// The extension alone, in a real VS Code, against a stand-in server: from the
// Run button over the inputs form to the answered gate in the panel.
//   FERMATA_VSIX    the package (default: the newest beside package.json)
//   FERMATA_DRIVER  the driver (default: tests/editors/vscode/driver.mjs)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

const here = import.meta.dirname;
const driver = process.env.FERMATA_DRIVER ?? path.join(here, '../../../tests/editors/vscode/driver.mjs');
const { openVsCode } = await import(pathToFileURL(driver).href);
const { until } = await import(pathToFileURL(path.join(path.dirname(driver), '../browser.mjs')).href);
const vsix = process.env.FERMATA_VSIX ?? path.join(here, '..', fs.readdirSync(path.join(here, '..')).filter((name) => name.endsWith('.vsix')).sort().at(-1));

const LOOP = `workflow:
  name: loop
agents:
  - name: draft
    routes:
      - to: review
  - name: review
    routes:
      - to: draft
`;

/** A program that starts the stand-in with the node that runs this test. */
function standIn() {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fermata-stand-in-')), 'fermata');
  fs.writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${path.join(here, 'stand-in-server.mjs')}"\n`, { mode: 0o755 });
  return file;
}

test('a workflow is run, holds and is answered without leaving the editor', async (t) => {
  const editor = await openVsCode(t, { vsix, files: { 'loop.yaml': LOOP, 'other.yaml': 'services:\n  web: {}\n' } });
  const frame = () => editor.webviewFrame();

  await editor.step('a missing server is said to be missing, and a setting brings it', async () => {
    await editor.openFile('loop.yaml');
    await editor.waitForNotification("Fermata's server was not found");
    // The setting belongs to the machine, so user settings of a browser do not count.
    const machine = path.join(editor.fermataHome, '../user-data/Machine');
    fs.mkdirSync(machine, { recursive: true });
    fs.writeFileSync(path.join(machine, 'settings.json'), JSON.stringify({ 'fermata.server.path': standIn() }));
    await editor.waitForCodeLens('Run');
    await editor.clearNotifications();
  });

  await editor.step('the Run button is there for a workflow and for no other file', async () => {
    await editor.openFile('other.yaml');
    assert.equal(await editor.page.locator('.editor-actions .codicon-play').count(), 0);
    await editor.page.locator('.tab', { hasText: 'loop.yaml' }).click();
    await editor.page.locator('.editor-actions .codicon-play').first().waitFor();
    await editor.waitForStatusBar('Fermata');
  });

  await editor.step('what the workflow needs is asked for, and the panel opens on the run', async () => {
    await editor.page.locator('.editor-actions .codicon-play').first().click();
    await editor.answerInput('tides');
    await frame().locator('.card-iteration_limit').waitFor();
    assert.match(await frame().locator('#card-title').innerText(), /loop\s*used 4 of 4 steps; next:\s*draft/);
    await frame().locator('.connection.live').waitFor();
    await editor.screenshot('host-panel-gate');
  });

  await editor.step('status bar and runs view show the gate', async () => {
    await editor.waitForStatusBar('1');
    await editor.command('View: Show Fermata');
    await until('the rows', async () => (await editor.page.locator('.pane-body .monaco-list-row').allInnerTexts()).join(' ').includes('loop held at 4 of 4'));
    await editor.screenshot('host-runs-view');
  });

  await editor.step('a window that is reloaded shows the panel again, with what was selected', async () => {
    await frame().getByText('+1 round (2 steps)').click();
    // A reload of the page alone would lose what the workbench has not stored yet.
    await editor.command('Developer: Reload Window').catch(() => undefined);
    await editor.page.locator('iframe.webview.ready').waitFor();
    await frame().locator('.option.chosen').waitFor();
    assert.equal(await frame().locator('.option.chosen .option-label').innerText(), '+1 round (2 steps)');
    await frame().locator('.connection.live').waitFor();
  });

  await editor.step('an answer from the panel closes the gate everywhere', async () => {
    await frame().locator('.decision-send button').click();
    await frame().locator('.card-end').waitFor();
    assert.match(await frame().locator('.audit li').first().innerText(), /mia in vscode continued loop with 2 more steps; limit 4 to 6/);
    assert.equal(await frame().locator('.attention').count(), 0);
    await until('the status bar without a gate', async () => (await editor.statusBar()).some((text) => text.trim() === 'Fermata'));
    await editor.screenshot('host-panel-answered');
  });

  await editor.step('nothing was asked of another host', () => {
    // Webview files have an address that VS Code's service worker answers; it never reaches the network.
    assert.deepEqual(editor.strangers.filter((origin) => !origin.endsWith('.vscode-resource.vscode-cdn.net')), []);
  });
});
