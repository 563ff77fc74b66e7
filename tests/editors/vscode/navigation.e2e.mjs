// Problems are there once although VS Code asks for them, files that nobody has
// opened are among them, and the ways through workflows are VS Code's own:
// symbols of the workspace, call hierarchy, linked editing, durations.
import assert from 'node:assert/strict';
import test from 'node:test';

import { until } from '../browser.mjs';
import { openVsCode } from './driver.mjs';

const PARENT = `workflow:
  name: parent
  entry_point: plan
agents:
  - name: plan
    type: set
    value: x
    routes: [{to: kid}]
  - name: kid
    type: workflow
    workflow: parts/kid.yaml
    routes: [{to: nowhere}]
`;
const KID = `workflow: {name: kid-flow, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: $end}]}
`;
const HIDDEN = `workflow: {name: hidden, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: nobody}]}
`;

test('workflows are checked once and walked through in VS Code', async (t) => {
  const files = { 'parent.yaml': PARENT, 'parts/kid.yaml': KID, 'hidden.yaml': HIDDEN, 'compose.yaml': 'services: {}\n' };
  const settings = { 'editor.minimap.enabled': false, 'editor.linkedEditing': true };
  const editor = await openVsCode(t, { vsix: process.env.FERMATA_VSIX, files, settings });
  const rows = async (count) => until(`${count} problems`, async () => {
    const found = await editor.problems();
    return found.length === count ? found : false;
  });
  const toFile = async (name) => editor.page.locator('.tab', { hasText: name }).first().click();

  await editor.step('each problem is there once, those of unopened files too', async () => {
    await editor.openFile('parent.yaml');
    await editor.waitForSquiggle('error');
    const found = await rows(2);
    assert.ok(found.some((row) => row.includes('nowhere')), found.join('\n'));
    assert.ok(found.some((row) => row.includes('nobody')), found.join('\n'));
    await editor.screenshot('navigation-problems');
  });

  await editor.step('a file mended outside is mended here, and an edit is told once', async () => {
    editor.writeFile('hidden.yaml', HIDDEN.replace('nobody', '$end'));
    assert.match((await rows(1))[0], /nowhere/);
    await toFile('parent.yaml');
    await editor.goTo(12, 19);
    await editor.type('else');
    const told = await until('the new name to be told of', async () => {
      const found = await editor.problems();
      return found.some((row) => row.includes('elsenowhere')) ? found : false;
    });
    assert.equal(told.length, 1, told.join('\n'));
  });

  await editor.step('a name typed where it is defined is typed where it is used', async () => {
    await toFile('parent.yaml');
    await editor.goTo(5, 15);
    // The ranges arrive before the keys, as they do for people.
    await editor.page.locator('.linked-editing-decoration').first().waitFor();
    await editor.type('ner');
    await until('all three places to follow', async () => {
      const text = await editor.text();
      return text.match(/planner/g)?.length === 2 && !/\bplan\b/.test(text);
    });
    await editor.screenshot('navigation-linked');
  });

  await editor.step('symbols of the workspace are found', async () => {
    await editor.palette('Control+t', '#kid-fl');
    await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'kid-flow' }).first().waitFor();
    await editor.screenshot('navigation-symbols');
    await editor.page.keyboard.press('Escape');
  });

  await editor.step('the call hierarchy shows who routes here', async () => {
    await toFile('parent.yaml');
    await editor.goTo(9, 12);
    await editor.command('Peek Call Hierarchy');
    await editor.page.locator('.call-hierarchy .monaco-list-row', { hasText: 'planner' }).first().waitFor();
    await editor.screenshot('navigation-calls');
    await editor.page.keyboard.press('Escape');
  });
});
