// fermata.ui.stop, fermata.ui.resume, fermata.ui.abandon: what is done to a run
// as a whole. Abandoning asks once more, because nothing undoes it.

import * as vscode from "vscode";
import type { ActResult, RunSummary } from "../../../panel/src/protocol/documents";
import { isLive, shortRun } from "../labels";
import { pickRun, said, targetOf, type Parts } from "./parts";

async function runOf(parts: Parts, argument: unknown, fits: (run: RunSummary) => boolean, title: string, none: string): Promise<string | undefined> {
  const { run } = targetOf(argument);
  if (run !== undefined) return run;
  await parts.runs.refresh();
  return (await pickRun(parts.runs.document.runs.filter(fits), title, none))?.run;
}

/** Stops a run; it can be resumed. */
export async function stop(parts: Parts, argument: unknown): Promise<void> {
  const run = await runOf(parts, argument, isLive, "Stop which run?", "No run is going on.");
  if (run !== undefined) said(await parts.server.act("stop", { run }), "Stopping");
}

/** Resumes a failed run; asks which definition where the file changed. */
export async function resume(parts: Parts, argument: unknown): Promise<void> {
  const run = await runOf(parts, argument, (each) => each.status === "failed", "Resume which run?", "No run can be resumed.");
  if (run === undefined) return;
  await resumed(parts, run, await parts.server.act("resume", { run }));
}

/** What follows from the result of a resume, also when a lens of the server asked for it. */
export async function resumed(parts: Parts, run: string, first: ActResult): Promise<void> {
  let result = first;
  if (!result.ok && result.reason === "definition_changed") {
    const picked = await vscode.window.showQuickPick(
      [
        { label: "As it was started", detail: "The workflow as it was when the run started", definition: "pinned" as const },
        ...(result.edited === false ? [] : [{ label: "As it is now", detail: "The edited workflow, where what has finished is unchanged", definition: "edited" as const }]),
      ],
      { title: `${shortRun(run)}: the workflow changed since it started`, placeHolder: result.message ?? "" },
    );
    if (picked === undefined) return;
    result = await parts.server.act("resume", { run, definition: picked.definition });
  }
  if (said(result, "Resuming")) parts.panel.show({ run: result.run ?? run }, true);
}

/** Cancels a run for good. */
export async function abandon(parts: Parts, argument: unknown): Promise<void> {
  const run = await runOf(parts, argument, (each) => isLive(each) || each.status === "failed", "Abandon which run?", "No run can be abandoned.");
  if (run === undefined) return;
  const picked = await vscode.window.showWarningMessage(`Abandon run ${shortRun(run)}?`, { modal: true, detail: "It is cancelled for good and cannot be resumed. Its log is kept." }, "Abandon");
  if (picked === "Abandon") said(await parts.server.act("abandon", { run }), "Abandoning");
}
