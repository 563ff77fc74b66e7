// fermata.ui.runs and fermata.ui.openPanel: a run by menu, shown in the panel.

import * as vscode from "vscode";
import { firstLine, heldGates, shortRun, statusIcon, statusWords } from "../labels";
import { targetOf, type Parts } from "./parts";

/** Shows the runs in a menu; the picked one in the panel. */
export async function showRuns(parts: Parts): Promise<void> {
  await parts.runs.refresh();
  const { runs } = parts.runs.document;
  if (runs.length === 0) {
    await vscode.commands.executeCommand("fermata.runs.focus");
    return;
  }
  const picked = await vscode.window.showQuickPick(
    runs.map((run) => ({ label: `$(${statusIcon(run)}) ${run.workflow}`, description: `${statusWords(run)} · ${shortRun(run.run)}`, detail: firstLine(run.message), run: run.run })),
    { title: "Runs, newest first", matchOnDescription: true, matchOnDetail: true },
  );
  if (picked !== undefined) parts.panel.show({ run: picked.run });
}

/** Opens the panel on a run, else on what waits, else on the newest, else on the list. */
export function openPanel(parts: Parts, argument: unknown): void {
  const target = targetOf(argument);
  if (target.run !== undefined) {
    parts.panel.show({ run: target.run, ...(target.gate === undefined ? {} : { gate: target.gate }) });
    return;
  }
  if (parts.panel.isOpen) {
    parts.panel.show({});
    return;
  }
  const document = parts.runs.document;
  const run = heldGates(document)[0]?.run.run ?? document.runs[0]?.run ?? null;
  parts.panel.show({ run });
}
