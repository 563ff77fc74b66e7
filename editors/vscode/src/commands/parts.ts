// What every command is given, and what their menus have in common.

import * as vscode from "vscode";
import type { ActResult, RunSummary } from "../../../panel/src/protocol/documents";
import { firstLine, shortRun, statusIcon, statusWords } from "../labels";
import type { Panel } from "../panel";
import type { Runs } from "../runs";
import type { Server } from "../server";

/** The parts of the extension that commands act on. */
export interface Parts {
  readonly server: Server;
  readonly runs: Runs;
  readonly panel: Panel;
  readonly output: vscode.LogOutputChannel;
}

/** What a tree row, a lens or another extension hands to a command. */
export interface Target {
  readonly run: string | undefined;
  readonly gate: string | undefined;
  readonly start: string | undefined;
}

/** Reads a command's argument: a tree row has objects where a plain argument has ids. */
export function targetOf(argument: unknown): Target {
  const given = record(argument) ?? {};
  const id = (name: string): string | undefined => {
    const value = given[name];
    if (typeof value === "string") return value;
    const inner = record(value)?.[name];
    return typeof inner === "string" ? inner : undefined;
  };
  return { run: id("run"), gate: id("gate"), start: id("start") };
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** Asks for one of several runs; the only one is taken without asking. */
export async function pickRun(runs: readonly RunSummary[], title: string, none: string): Promise<RunSummary | undefined> {
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  if (runs.length === 1) return runs[0];
  const picked = await vscode.window.showQuickPick(
    runs.map((run) => ({ label: `$(${statusIcon(run)}) ${run.workflow}`, description: `${statusWords(run)} · ${shortRun(run.run)}`, detail: firstLine(run.message), run })),
    { title, matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.run;
}

/** Shows a refusal; true when it was none. */
export function said(result: ActResult, what: string): boolean {
  if (result.ok) return true;
  const answered = result.answered;
  const who = answered === undefined || answered === null ? "" : ` Answered by ${answered.by} in ${answered.surface}.`;
  const needed = result.needed === undefined || result.needed === null ? "" : ` At least ${result.needed} steps are needed.`;
  void vscode.window.showWarningMessage(`${result.message ?? result.reason ?? `${what} was refused.`}${needed}${who}`);
  return false;
}

/** Runs a command and shows its error, if any, as a sentence. */
export async function guarded(parts: Parts, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    parts.output.error(`${what}: ${message}`);
    void vscode.window.showErrorMessage(`${what}: ${message}`, "Show Output").then((picked) => {
      if (picked !== undefined) parts.output.show();
    });
  }
}
