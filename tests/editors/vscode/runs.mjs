// What scenarios about runs do in VS Code again and again: run by lens, answer
// from a notification that may be gone, take pictures. Knows the extension.
import fs from 'node:fs';
import path from 'node:path';

import { until } from '../browser.mjs';

const SAMPLES = path.resolve(import.meta.dirname, '../../../workflows-samples');

/** The text of a sample. */
export function sample(name) { return fs.readFileSync(path.join(SAMPLES, name), 'utf8'); }

/** The texts of a folder's files, by relative path. */
export function filesIn(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const read = (file) => [path.relative(folder, file), fs.readFileSync(file, 'utf8')];
  return Object.fromEntries(entries.map((entry) => read(path.join(entry.parentPath, entry.name))));
}

/**
 * @param {import('./driver.mjs').VsCode} editor
 * @param {string} workflow the file's name, as its tab shows it
 * @param {string} text the file's text
 */
export function runsIn(editor, workflow, text) {
  const lines = text.split('\n');
  const lens = (title) => editor.page.locator('.codelens-decoration a', { hasText: title }).first();

  /** The line (from 1) of the first text that contains `part`. */
  const lineOf = (part) => lines.findIndex((line) => line.includes(part)) + 1;

  // The panel may have the focus, rightly so: people click on the file before they go on in it.
  const toLine = async (line, column) => {
    await editor.page.locator('.tab', { hasText: workflow }).first().click();
    await editor.goTo(line, column);
  };

  return {
    lines,
    lens,
    lineOf,
    toLine,
    /** The document of the panel. */
    frame: () => editor.webviewFrame(),
    /** What the terminal says of runs and starts. */
    listed: () => JSON.parse(editor.fermata('runs', '--json').stdout),

    /** Runs by lens. A click is lost when the layout moves under it, so clicking and what follows are one. */
    async run(followed) {
      await until('the lens to be clicked', async () => {
        await editor.clickCodeLens('Run scripted');
        await followed();
        return true;
      });
    },

    // Toasts hide after a while; the notification centre keeps them.
    async clickNotification(message, button) {
      const item = editor.page.locator('.notification-list-item:visible', { hasText: message }).first();
      await until(`"${button}" of "${message}" to be clicked`, async () => {
        if (!(await item.isVisible())) await editor.command('Notifications: Show Notifications');
        await item.locator('.monaco-button', { hasText: button }).first().click({ timeout: 5000 });
        return true;
      });
    },

    /** The same moment in light and dark, wide and narrow: pictures to look at. */
    async look(name) {
      for (const theme of ['light', 'dark']) {
        await editor.page.emulateMedia({ colorScheme: theme });
        await editor.page.locator(`.monaco-workbench.vs${theme === 'dark' ? '-dark' : ':not(.vs-dark)'}`).waitFor();
        for (const [width, size] of [['wide', { width: 1400, height: 900 }], ['narrow', { width: 1000, height: 700 }]]) {
          await editor.page.setViewportSize(size);
          await editor.screenshot(`${name}-${theme}-${width}`);
        }
      }
      await editor.page.setViewportSize({ width: 1400, height: 900 });
    },
  };
}
