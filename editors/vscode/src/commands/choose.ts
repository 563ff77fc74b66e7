// fermata.ui.choose: answers an open start request by menu.

import * as vscode from "vscode";
import type { ChoiceAnswer, StartRequest } from "../../../panel/src/protocol/documents";
import { firstLine, shortRun, startLabel } from "../labels";
import { said, targetOf, type Parts } from "./parts";

const ABOUT_PRIOR: readonly ChoiceAnswer[] = ["resume", "abandon_and_run", "run_fresh", "dismiss"];
const ABOUT_CHANGES: readonly ChoiceAnswer[] = ["with_changes", "from_head", "dismiss"];

/** Label and consequence of an answer. */
export function answerWords(start: StartRequest, answer: ChoiceAnswer): { readonly label: string; readonly detail: string } {
  const prior = start.prior === null ? "" : shortRun(start.prior.run);
  switch (answer) {
    case "resume":
      if (start.prior?.status === "running" || start.prior?.status === "queued") return { label: `Follow ${prior}`, detail: "Shows the earlier run; the new request is not run" };
      if (start.prior?.status === "waiting") return { label: `Answer ${prior}`, detail: "Shows what the earlier run waits for; the new request is not run" };
      return { label: `Resume ${prior}`, detail: "Goes on with the earlier run and its own message; the new request is not run" };
    case "abandon_and_run":
      return { label: "Abandon it and run", detail: `Cancels ${prior} for good, then runs the new request` };
    case "run_fresh":
      return { label: "Run fresh, keep it", detail: `Runs the new request; ${prior} stays as it is` };
    case "with_changes":
      return { label: "With my changes", detail: "Takes them along into the run's worktree; your checkout stays as it is" };
    case "from_head":
      return { label: "From the last commit", detail: "The run does not see them; your checkout stays as it is" };
    case "dismiss":
      return { label: "Dismiss", detail: start.prior === null ? "Nothing runs" : "Nothing runs; the earlier run stays as it is" };
  }
}

/** Answers a start request. */
export async function choose(parts: Parts, argument: unknown): Promise<void> {
  const target = targetOf(argument);
  await parts.runs.refresh();
  const starts = parts.runs.document.starts.filter((start) => target.start === undefined || start.start === target.start);
  const start = await pickStart(starts);
  if (start === undefined) return;
  const picked = await vscode.window.showQuickPick(
    (start.answers ?? (start.prior === null ? ABOUT_CHANGES : ABOUT_PRIOR)).map((answer) => ({ ...answerWords(start, answer), answer })),
    { title: startLabel(start), placeHolder: `${aboutWhat(start)}. New: ${firstLine(start.request.message ?? null, 60) || "(no message)"}`, ignoreFocusOut: true },
  );
  if (picked === undefined) return;
  const result = await parts.server.act("choose", { start: start.start, answer: picked.answer });
  await parts.runs.refresh();
  if (!said(result, "The choice")) return;
  const run = result.run ?? (picked.answer === "resume" ? start.prior?.run : undefined);
  if (run !== undefined) parts.panel.show({ run }, true);
}

function aboutWhat(start: StartRequest): string {
  if (start.prior === null) return `Not committed: ${firstLine((start.changes ?? []).join(", "), 60)}`;
  return `Earlier: ${firstLine(start.prior.message, 60) || "(no message)"}`;
}

async function pickStart(starts: readonly StartRequest[]): Promise<StartRequest | undefined> {
  if (starts.length === 0) {
    void vscode.window.showInformationMessage("No start request is waiting for a choice.");
    return undefined;
  }
  if (starts.length === 1) return starts[0];
  const picked = await vscode.window.showQuickPick(starts.map((start) => ({ label: startLabel(start), detail: firstLine(start.request.message ?? null), start })), { title: "Which start request?" });
  return picked?.start;
}
