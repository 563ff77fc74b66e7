// Proves the VS Code driver against a trivial extension: when this fails, the
// environment or the driver is broken, and no scenario can tell anything.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { NODE, TOOLS, until } from '../browser.mjs';
import { openVsCode } from '../vscode/driver.mjs';

const TEXT = 'one WRONG word\nand another WRONG word\n';

function packed() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fermata-selftest-'));
  const vsix = path.join(folder, 'selftest.vsix');
  execFileSync(NODE, [path.join(TOOLS, '@vscode/vsce/vsce'), 'package', '--no-dependencies', '--skip-license', '--out', vsix],
    { cwd: path.join(import.meta.dirname, 'extension'), stdio: 'pipe' });
  return vsix;
}

let vsix;
before(() => { vsix = packed(); });
after(() => fs.rmSync(path.dirname(vsix), { recursive: true }));

test('the driver sees and does what a person would in VS Code', async (t) => {
  const editor = await openVsCode(t, { vsix, files: { 'notes/a.txt': TEXT } });

  await editor.step('a file opens, and its problems are underlined and listed', async () => {
    await editor.openFile('notes/a.txt');
    await editor.waitForSquiggle('error');
    await editor.waitForCodeLens('Ask me');
    await until('both squiggles', async () => (await editor.squiggles('error')) === 2);
    assert.match(await editor.text(), /another WRONG word/);
    const problems = await editor.problems(2);
    assert.match(problems[0], /WRONG is not right/);
    await editor.screenshot('selftest-problems');
  });

  await editor.step('a code lens asks, and the notification\'s button answers', async () => {
    await editor.waitForCodeLens('Ask me');
    await until('the lens alone', async () => (await editor.codeLenses()).join() === 'Ask me');
    await editor.clickCodeLens('Ask me');
    assert.deepEqual(await editor.waitForNotification('The sample holds'), { message: 'The sample holds', buttons: ['Go on', 'Stop'] });
    await editor.screenshot('selftest-notification');
    await editor.clickNotificationButton('The sample holds', 'Go on');
    await editor.waitForStatusBar('selftest: Go on');
    assert.ok((await editor.statusBar()).includes('selftest: Go on'));
  });

  await editor.step('hints, completions and the rows of a tree are read', async () => {
    await until('the hint', async () => (await editor.inlayHints()).includes('a hint'));
    await editor.goTo(2, 1);
    assert.deepEqual((await editor.completions()).filter((label) => label.startsWith('wrong')), ['wrongly', 'wrongness']);
    await editor.page.keyboard.press('Escape');
    await editor.showView('Fruit');
    await until('the tree', async () => (await editor.treeRows('Fruit')).join() === 'apple,pear');
  });

  await editor.step('a dialog, an input box and a pick list are answered', async () => {
    await editor.command('Selftest: Ask in a Dialog');
    assert.deepEqual(await editor.dialog(), { message: 'Really?', buttons: ['Cancel', 'Yes, really'] });
    await editor.clickDialogButton('Yes, really');
    await editor.waitForStatusBar('selftest: Yes, really');
    await editor.command('Selftest: Ask for a Name');
    await editor.answerInput('Ada');
    await editor.waitForStatusBar('selftest: Ada');
    await editor.command('Selftest: Ask for a Colour');
    await editor.pick('green');
    await editor.waitForStatusBar('selftest: green');
  });

  await editor.step('a hover shows its card', async () => {
    assert.match(await editor.hover('another'), /a word of the sample/);
  });

  await editor.step('a quick fix changes the text, and saving writes it', async () => {
    await editor.goTo(1, 6);
    assert.ok((await editor.quickFixes()).includes('Make it right'));
    await editor.quickFix('Make it right');
    await until('no squiggle', async () => (await editor.squiggles('error')) === 0);
    await editor.save('notes/a.txt', (text) => text === TEXT.replaceAll('WRONG', 'right'));
  });

  await editor.step('a webview opens, talks, and has the state folder of this test', async () => {
    await editor.command('Selftest: Open Panel');
    const frame = editor.webviewFrame();
    await frame.locator('h1', { hasText: 'Panel' }).waitFor();
    assert.equal(await frame.locator('#home').innerText(), editor.fermataHome);
    await frame.locator('button').click();
    await frame.locator('#reply', { hasText: 'host heard: pressed' }).waitFor();
    await editor.screenshot('selftest-webview');
  });

  await editor.step('after a reload the extension is alive again', async () => {
    await editor.reload();
    await editor.openFile('notes/a.txt');
    await editor.waitForStatusBar('selftest: asked nothing');
    await editor.type('WRONG ');
    await editor.waitForSquiggle('error');
  });

  await editor.step('nothing but this machine was asked for the page', () => {
    assert.deepEqual(editor.strangers, []);
  });
});

test('a workspace that nobody trusted is opened without trust', async (t) => {
  const editor = await openVsCode(t, { vsix, files: { 'a.txt': TEXT }, workspaceTrust: true });
  await editor.step('the extension knows that it is not trusted', async () => {
    await editor.openFile('a.txt');
    await editor.waitForStatusBar('selftest: not trusted');
  });
});
