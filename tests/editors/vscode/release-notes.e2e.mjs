// An Archon folder in one window: mistakes are marked where they are made, in
// the workflow and in the command file beside it; names are completed and
// renamed everywhere; the loop holds at its limit, the approval at its
// decision, and a rejection carries its reason into the work.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { until } from '../browser.mjs';
import { openVsCode } from './driver.mjs';
import { filesIn, runsIn, sample } from './runs.mjs';

const FILE = '.archon/workflows/release-notes.yaml';
/** The sample's surroundings: a loop that needs more rounds than it has, and a second workflow with a command. */
const AROUND = filesIn(path.join(import.meta.dirname, '../archon'));

test('an Archon graph is mended, run, held and answered in VS Code', async (t) => {
  const text = sample(`release-notes/${FILE}`);
  const files = { ...AROUND, [FILE]: text };
  const editor = await openVsCode(t, { vsix: process.env.FERMATA_VSIX, files, settings: { 'window.autoDetectColorScheme': true, 'editor.minimap.enabled': false, 'explorer.autoReveal': false }, env: { USER: 'ada' } });
  const notes = runsIn(editor, 'release-notes.yaml', text);
  const signOff = runsIn(editor, 'sign-off.yaml', AROUND['.archon/workflows/sign-off.yaml']);
  const { frame, lens, listed, look } = notes;
  const toNode = (runs, node) => runs.toLine(runs.lineOf(`- id: ${node}`), 10);
  const endOfLine = (part) => notes.toLine(notes.lineOf(part), notes.lines[notes.lineOf(part) - 1].length + 1);
  const problems = async (wanted) => until(`problems ${wanted}`, async () => {
    // What stands in the other file, open or not, is not what is looked at.
    const rows = (await editor.problems()).filter((row) => !row.includes('on_reject'));
    return wanted.length === rows.length && wanted.every((part) => rows.some((row) => row.includes(part))) && rows;
  });

  await editor.step('a sound file has no problem, and each mistake is marked where it is made', async () => {
    await editor.openFile('release-notes.yaml');
    await editor.waitForCodeLens('Run scripted');
    await problems([]);
    // `$notes.output` becomes `$notesx.output`, and `changes` a name that no node has.
    await notes.toLine(notes.lineOf('bash: printf'), notes.lines[notes.lineOf('bash: printf') - 1].indexOf('.output') + 1);
    await editor.type('x');
    await notes.toLine(notes.lineOf('depends_on: [changes, tone]'), notes.lines[notes.lineOf('depends_on: [changes, tone]') - 1].indexOf(', tone') + 1);
    await editor.type('z');
    await editor.waitForSquiggle('error');
    const rows = await problems(['changesz', 'notesx']);
    await editor.screenshot('release-notes-mistakes');
    assert.ok(rows.some((row) => row.includes(`[Ln ${notes.lineOf('bash: printf')},`)), rows.join('\n'));
    await toNode(notes, 'notes');
    for (let undone = 0; undone < 2; undone += 1) await editor.page.keyboard.press('Control+z');
    await problems([]);
  });

  await editor.step('a command file that is emptied in another editor marks the workflow that uses it', async () => {
    await editor.openFile('sign-off.yaml');
    await editor.waitForCodeLens('Run scripted');
    await editor.openFile('draft.md');
    await editor.focus();
    await editor.page.keyboard.press('Control+a');
    await editor.page.keyboard.press('Delete');
    const rows = await problems(['draft']);
    assert.ok(rows.some((row) => row.includes('empty')), rows.join('\n'));
    await editor.page.locator('.tab', { hasText: 'draft.md' }).first().click();
    await editor.focus();
    await editor.page.keyboard.press('Control+z');
    await problems([]);
    await editor.command('View: Hide Panel').catch(() => editor.command('View: Toggle Panel Visibility'));
  });

  await editor.step('a reference is explained and completed', async () => {
    await notes.toLine(notes.lineOf('bash: printf'), 1);
    const card = await editor.hover('.output');
    assert.match(card, /notes/);
    await editor.screenshot('release-notes-hover');
    await endOfLine('How to write:');
    await editor.type(' $');
    const offered = await editor.completions();
    assert.ok(offered.some((label) => label.includes('changes')), offered.join(', '));
    assert.ok(offered.some((label) => label.includes('tone')), offered.join(', '));
    await editor.screenshot('release-notes-completion');
    await editor.page.keyboard.press('Escape');
    await editor.page.keyboard.press('Control+z');
  });

  await editor.step('a renamed node is renamed in depends_on, in references and in conditions', async () => {
    await toNode(notes, 'publish');
    await editor.page.keyboard.press('F2');
    const box = editor.page.locator('.rename-box input');
    await box.fill('release');
    await box.press('Enter');
    await until('the new name to be shown', async () => (await editor.text()).includes('- id: release'));
    await editor.save(FILE, (saved) => saved.includes('- id: release\n') && saved.includes('depends_on: [release]') && saved.includes(`"$release.output.decision == 'approve'"`) && saved.includes('$release.output.text'));
    await editor.focus();
    await editor.page.keyboard.press('Control+z');
    await until('the old name to be shown', async () => (await editor.text()).includes('- id: publish'));
    await editor.save(FILE, (saved) => saved === text);
  });

  await editor.step('Run asks what the run is about, and the loop that is not done holds at its limit', async () => {
    await notes.toLine(notes.lineOf('name: release-notes'), 1);
    await notes.run(() => editor.page.locator('.quick-input-widget:visible input').first().waitFor({ timeout: 15_000 }));
    await editor.answerInput('version 2.4');
    const toast = await editor.waitForNotification('release-notes held at 4/4 in notes');
    assert.deepEqual(toast.buttons, ['1 more', '5 more', '10 more', 'Stop', 'Abort']);
    assert.equal(listed().runs[0].message, 'version 2.4');
    await editor.waitForStatusBar('1');
    await toNode(notes, 'notes');
    await lens('held at 4/4').waitFor();
  });

  await editor.step('the panel shows the graph with its loop, and the tree what waits', async () => {
    await frame().locator('.card-iteration_limit').waitFor();
    await frame().locator('.connection.live').waitFor();
    const card = (await frame().locator('.card-iteration_limit').innerText()).replaceAll(/\s+/g, ' ');
    assert.match(card, /4 of 4/);
    assert.match(card, /NOTES_READY/);
    await look('release-notes-limit');
    await editor.command('View: Show Fermata');
    await editor.page.locator('.sidebar .monaco-list-row', { hasText: 'notes held at 4 of 4' }).waitFor();
    await editor.screenshot('release-notes-tree');
    await editor.command('View: Show Explorer');
  });

  await editor.step('one more round by code action, and the approval holds with the decisions of its author', async () => {
    await editor.clearNotifications();
    await toNode(notes, 'notes');
    await editor.quickFix('Continue with 1 more');
    const toast = await editor.waitForNotification('release-notes holds at publish');
    assert.deepEqual(toast.buttons, ['Announce it', 'Not today', 'Reject']);
    await lens('held at 4/4').waitFor({ state: 'detached' });
    await toNode(notes, 'publish');
    await lens('held: answer').waitFor();
    await frame().locator('.card-approval').waitFor();
    await look('release-notes-approval');
  });

  await editor.step('a decision by code action ends the run, and only its branch has run', async () => {
    await toNode(notes, 'publish');
    await editor.quickFix('Announce it');
    await lens('held: answer').waitFor({ state: 'detached' });
    await notes.toLine(notes.lineOf('name: release-notes'), 1);
    await lens('completed').waitFor();
    await frame().locator('.card-end').waitFor();
    const { steps } = JSON.parse(editor.fermata('show', '@last', '--json').stdout);
    const outcome = Object.fromEntries(steps.map(({ path: step, status }) => [step, status]));
    assert.equal(outcome.announce, 'completed');
    assert.equal(outcome.shelve, 'skipped');
    assert.equal(outcome['notes[5]'], 'completed');
    await look('release-notes-ended');
  });

  await editor.step('a rejection takes its reason along, and what was changed is asked about again', async () => {
    await editor.clearNotifications();
    await signOff.toLine(1, 1);
    await signOff.run(() => editor.page.locator('.quick-input-widget:visible input').first().waitFor({ timeout: 15_000 }));
    await editor.answerInput('the release');
    const toast = await editor.waitForNotification('sign-off holds at review: 2.4 is out.');
    assert.deepEqual(toast.buttons, ['Approve', 'Open']);
    await toNode(signOff, 'review');
    await lens('held: answer').waitFor();
    const offered = await editor.quickFixes();
    assert.ok(offered.some((title) => title.startsWith('Approve')), offered.join('\n'));
    assert.ok(!offered.some((title) => title.startsWith('Reject')), 'a rejection without a reason would be worked from nothing');
    await editor.command('Fermata: Answer a Gate');
    await editor.pick('Reject');
    await editor.answerInput('it is too short');
    await frame().getByText('it starts in half the time').first().waitFor();
    await until('the second question', () => listed().runs[0].gates.some((gate) => gate.gate === 'g2'));
    await lens('held: answer').waitFor();
    await editor.screenshot('release-notes-rejected');
    await editor.quickFix('Approve');
    await frame().locator('.card-end').waitFor();
    await until('both runs to be over', () => listed().runs.map((run) => run.status).join() === 'completed,completed');
  });

  await editor.step('nothing was asked of another host', () => {
    assert.deepEqual(editor.strangers.filter((origin) => !origin.endsWith('.vscode-resource.vscode-cdn.net')), []);
  });
});
