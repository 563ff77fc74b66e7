// The runs view: what waits on top, then the runs, newest first.

import * as vscode from "vscode";
import type { RunSummary, StartRequest } from "../../panel/src/protocol/documents";
import { firstLine, gateLabel, gatePlace, heldGates, isLive, shortRun, startLabel, statusIcon, statusWords, type HeldGate } from "./labels";
import type { Runs } from "./runs";

/** One line of the view. */
export type Row =
  | ({ readonly kind: "gate" } & HeldGate)
  | { readonly kind: "start"; readonly start: StartRequest }
  | { readonly kind: "run"; readonly run: RunSummary };

/** The rows of a list. */
export function rows(runs: Runs["document"]): Row[] {
  return [
    ...heldGates(runs).map((held) => ({ kind: "gate" as const, ...held })),
    ...runs.starts.map((start) => ({ kind: "start" as const, start })),
    ...runs.runs.map((run) => ({ kind: "run" as const, run })),
  ];
}

/** The provider of the view. */
export class RunsTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #runs: Runs;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<Row>;
  readonly #subscription: vscode.Disposable;

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#view = vscode.window.createTreeView("fermata.runs", { treeDataProvider: this });
    this.#subscription = runs.onChange(() => {
      this.#changed.fire();
      const waiting = heldGates(runs.document).length + runs.document.starts.length;
      this.#view.badge = waiting === 0 ? undefined : { value: waiting, tooltip: `${waiting} ${waiting === 1 ? "decision" : "decisions"} waiting` };
    });
  }

  getChildren(row?: Row): Row[] {
    return row === undefined ? rows(this.#runs.document) : [];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    switch (row.kind) {
      case "gate": {
        const item = new vscode.TreeItem(gateLabel(row.gate));
        item.id = `gate ${row.run.run} ${row.gate.gate}`;
        item.description = `${gatePlace(row)} · ${shortRun(row.run.run)}`;
        item.tooltip = new vscode.MarkdownString().appendText(row.gate.prompt);
        item.iconPath = new vscode.ThemeIcon("bell-dot", new vscode.ThemeColor("list.warningForeground"));
        item.contextValue = "gate";
        item.command = { command: "fermata.ui.openPanel", title: "Open", arguments: [{ run: row.run.run, gate: row.gate.gate }] };
        return item;
      }
      case "start": {
        const item = new vscode.TreeItem(startLabel(row.start));
        item.id = `start ${row.start.start}`;
        item.description = firstLine(row.start.request.message ?? null, 60);
        item.tooltip = row.start.prior === null ? `Nothing has started yet.\nNot committed: ${(row.start.changes ?? []).join(", ")}` : `Nothing has started yet.\nEarlier run: ${firstLine(row.start.prior.message) || "(no message)"}`;
        item.iconPath = new vscode.ThemeIcon("question", new vscode.ThemeColor("list.warningForeground"));
        item.contextValue = "start";
        item.command = { command: "fermata.ui.choose", title: "Choose", arguments: [{ start: row.start.start }] };
        return item;
      }
      case "run": {
        const { run } = row;
        const item = new vscode.TreeItem(run.workflow);
        item.id = `run ${run.run}`;
        item.description = [statusWords(run), shortRun(run.run), firstLine(run.message, 40)].filter((part) => part !== "").join(" · ");
        item.tooltip = [`${run.workflow} ${run.run}`, statusWords(run), firstLine(run.message, 400)].filter((part) => part !== "").join("\n");
        item.iconPath = new vscode.ThemeIcon(statusIcon(run));
        item.contextValue = isLive(run) ? "run-live" : run.status === "failed" ? "run-failed" : "run-ended";
        item.command = { command: "fermata.ui.openPanel", title: "Open", arguments: [{ run: run.run }] };
        return item;
      }
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#view.dispose();
    this.#changed.dispose();
  }
}
