// The whole promise in one window: the loop is marked before the run, the gate
// reaches the editor, whoever is late is told, words are never swapped, and a
// reload loses nothing. Real extension, real server, real workers; the sample's
// scripted agent answers, so nothing is asked of a model.
import assert from 'node:assert/strict';
import test from 'node:test';

import { openVsCode } from './driver.mjs';
import { runsIn, sample } from './runs.mjs';

const TASK = 'A rate limiter for the public API';
const FLAG_ALONE = '"{{ output.approved }}"';

test('a review loop is seen, held, answered and run again in VS Code', async (t) => {
  const files = { 'review-loop.yaml': sample('review-loop.yaml'), 'review-loop.script.yaml': sample('review-loop.script.yaml') };
  const editor = await openVsCode(t, { vsix: process.env.FERMATA_VSIX, files, settings: { 'window.autoDetectColorScheme': true, 'editor.minimap.enabled': false }, env: { USER: 'ada' } });
  const { lines, lens, lineOf, toLine, frame, listed, run, clickNotification, look } = runsIn(editor, 'review-loop.yaml', files['review-loop.yaml']);
  const back = lines.findLastIndex((line) => line.includes('- to: architect')) + 1;
  const toStep = (step) => toLine(lineOf(`- name: ${step}`), 6);
  const runWith = async (task) => {
    await run(() => editor.page.locator('.quick-input-widget:visible input').first().waitFor({ timeout: 15_000 }));
    await editor.answerInput(task);
  };

  await editor.step('both loop warnings stand where the loop is written', async () => {
    await editor.openFile('review-loop.yaml');
    await editor.waitForCodeLens('Run scripted');
    await editor.goTo(lineOf(FLAG_ALONE));
    await editor.waitForSquiggle('warning');
    const rows = await editor.problems(2);
    const place = (line, text) => `[Ln ${line}, Col ${lines[line - 1].indexOf(text) + 1}]`;
    assert.ok(rows.some((row) => row.includes('trusts the flag alone') && row.includes(place(lineOf(FLAG_ALONE), FLAG_ALONE))), rows.join('\n'));
    assert.ok(rows.some((row) => row.includes('can send work back') && row.includes(place(back, 'architect'))), rows.join('\n'));
    await editor.screenshot('review-loop-marked');
    await editor.command('View: Hide Panel').catch(() => editor.command('View: Toggle Panel Visibility'));
  });

  await editor.step('Run scripted asks for the task, and the gate is brought by a notification', async () => {
    await toLine(lineOf('workflow:'));
    await runWith(TASK);
    const toast = await editor.waitForNotification('review-loop held at 20/20 before architect');
    assert.match(toast.message, /architect → reviewer × 10 \(run [0-9a-z]{8}\)/);
    assert.deepEqual(toast.buttons, ['1 more', '5 more', '10 more', 'Stop', 'Abort']);
    await editor.waitForStatusBar('1');
  });

  await editor.step('the panel shows the count, the cycle and every verdict', async () => {
    await frame().locator('.card-iteration_limit').waitFor();
    await frame().locator('.connection.live').waitFor();
    const card = (await frame().locator('.card-iteration_limit').innerText()).replaceAll(/\s+/g, ' ');
    assert.match(card, /20 of 20/);
    assert.match(card, /architect . reviewer/);
    assert.match(card, /88/);
    await look('review-loop-gate');
  });

  await editor.step('a button of the notification continues the run, which holds again', async () => {
    await clickNotification('held at 20/20', '5 more');
    await editor.waitForNotification('review-loop held at 25/25');
    const [held] = listed().runs;
    assert.equal(held.gates[0].max_iterations, 25);
    await frame().getByText('continued review-loop with 5 more steps').first().waitFor();
  });

  await editor.step('a code action on the step answers too, and lens, card and status vanish', async () => {
    await toStep('reviewer');
    await lens('held at 25/25').waitFor();
    await editor.quickFix('Continue with 5 more');
    await lens('held at 25/25').waitFor({ state: 'detached' });
    await toStep('architect');
    await lens('held at 30/30').waitFor();
    await frame().getByText(/30 of 30/).first().waitFor();
    assert.equal(listed().runs[0].gates.length, 1);
  });

  await editor.step('a late click on the notification is told who answered, and changes nothing', async () => {
    await clickNotification('held at 25/25', '10 more');
    await editor.waitForNotification('Answered already by ada from vscode');
    await editor.screenshot('review-loop-late');
    assert.equal(listed().runs[0].gates[0].max_iterations, 30);
  });

  await editor.step('what the terminal answers is gone from the editor', async () => {
    const stopped = editor.fermata('answer', '@last', 'stop');
    assert.equal(stopped.code, 0, stopped.stderr);
    await lens('held at 30/30').waitFor({ state: 'detached' });
    await frame().locator('.card-iteration_limit').waitFor({ state: 'detached' });
    await lens('failed (iteration_limit)').waitFor();
  });

  await editor.step('running again asks what is meant, in a notification and in the panel', async () => {
    await editor.clearNotifications();
    await toLine(lineOf('workflow:'));
    await runWith('A queue for outgoing mail');
    const toast = await editor.waitForNotification('or run fresh and keep it?');
    assert.match(toast.message, new RegExp(TASK));
    assert.deepEqual(toast.buttons, ['Resume', 'Abandon', 'Run fresh', 'Dismiss']);
    assert.equal(listed().runs.length, 1, 'nothing may start before the choice');
    await lens('choose').click();
    await frame().locator('.card-choice').waitFor();
    await look('review-loop-choice');
  });

  await editor.step('run fresh keeps the earlier run and runs the new words', async () => {
    await clickNotification('or run fresh and keep it?', 'Run fresh');
    await editor.waitForNotification('review-loop held at 20/20');
    const { starts, runs } = listed();
    assert.deepEqual(starts, []);
    assert.deepEqual(runs.map((run) => [run.status, run.inputs.task]), [['waiting', 'A queue for outgoing mail'], ['failed', TASK]]);
    await frame().locator('.card-choice').waitFor({ state: 'detached' });
  });

  await editor.step('a window reloaded while the run holds shows all of it again', async () => {
    await frame().locator('.card-iteration_limit').waitFor();
    await editor.clearNotifications();
    await editor.reloadWindow();
    await editor.page.locator('iframe.webview.ready').waitFor();
    await frame().locator('.card-iteration_limit').waitFor();
    await frame().locator('.connection.live').waitFor();
    await editor.waitForStatusBar('1');
    await toStep('architect');
    await lens('held at 20/20').waitFor();
    await editor.screenshot('review-loop-reloaded');
    // The picture of the README: the loop marked in the file, the gate in the panel.
    await editor.command('View: Toggle Primary Side Bar Visibility');
    await toLine(back, 1);
    await editor.waitForSquiggle('warning');
    await editor.screenshot('vscode-gate');
    await editor.command('View: Toggle Primary Side Bar Visibility');
    await toStep('architect');
    await editor.quickFix('Abort the run');
    await lens('cancelled').waitFor();
    await frame().locator('.card-end').waitFor();
    await editor.screenshot('review-loop-ended');
  });

  await editor.step('nothing was asked of another host', () => {
    // Webview files have an address that VS Code's service worker answers; it never reaches the network.
    assert.deepEqual(editor.strangers.filter((origin) => !origin.endsWith('.vscode-resource.vscode-cdn.net')), []);
  });
});
