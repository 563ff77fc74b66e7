// The extension: builds its parts, registers its commands, and passes on what
// the editor says. Thin: what can be decided is decided by the server.

import * as vscode from "vscode";
import type { ActResult, ActingVerbs } from "../../panel/src/protocol/documents";
import { answer } from "./commands/answer";
import { choose } from "./commands/choose";
import { abandon, resume, resumed, stop } from "./commands/end";
import { guarded, said, type Parts } from "./commands/parts";
import { run, settled } from "./commands/run";
import { openPanel, showRuns } from "./commands/runs";
import { Panel } from "./panel";
import { Runs } from "./runs";
import { Server, type PanelWish } from "./server";
import { showStatusBar } from "./status-bar";
import { RunsTree } from "./tree";
import { isWorkflowFile } from "./workflow-file";
import { registerYamlSchema } from "./yaml-schema";

/** Settings that the server reads only when it starts. */
const AT_START = ["fermata.server.path", "fermata.server.env"];

/** Called by the editor once. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Fermata", { log: true });
  // A lens or code action runs the server's own commands; their results are dealt with as if we had asked.
  const server: Server = new Server(context, output, async (command, argument, result) => {
    const came = (result ?? { ok: true }) as ActResult;
    switch (command) {
      case "fermata.run":
      case "fermata.dryRun":
        return guarded(parts, "Running", () => settled(parts, command === "fermata.run" ? "run" : "dryRun", argument as ActingVerbs["run"], came));
      case "fermata.resume":
        return guarded(parts, "Resuming", () => resumed(parts, (argument as ActingVerbs["resume"]).run, came));
      default:
        if (command.startsWith("fermata.")) said(came, "It");
    }
  });
  const runs = new Runs(server);
  const panel = new Panel(context, server);
  const parts: Parts = { server, runs, panel, output };
  const command = (id: string, what: string, act: (argument: unknown) => Promise<void> | void): vscode.Disposable =>
    vscode.commands.registerCommand(`fermata.ui.${id}`, (argument: unknown) => guarded(parts, what, async () => act(argument)));

  context.subscriptions.push(
    output, server, runs, panel, new RunsTree(runs), showStatusBar(server, runs), watchActiveEditor(),
    command("run", "Running", (argument) => run(parts, argument)),
    command("answer", "Answering", (argument) => answer(parts, argument)),
    command("choose", "Choosing", (argument) => choose(parts, argument)),
    command("runs", "Showing runs", () => showRuns(parts)),
    command("openPanel", "Opening the panel", (argument) => openPanel(parts, argument)),
    command("stop", "Stopping", (argument) => stop(parts, argument)),
    command("resume", "Resuming", (argument) => resume(parts, argument)),
    command("abandon", "Abandoning", (argument) => abandon(parts, argument)),
    command("restart", "Restarting", () => server.restart()),
    command("showOutput", "Showing the output", () => output.show()),
    server.onOpenPanel((wish) => showWish(panel, wish)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.trust()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (AT_START.some((name) => change.affectsConfiguration(name))) void guarded(parts, "Restarting", () => server.restart());
    }),
  );
  await Promise.all([
    server.start(),
    registerYamlSchema(context).catch((error: unknown) => output.warn(`the YAML extension was not told about workflows: ${String(error)}`)),
  ]);
}

/** Nothing to do: everything is a subscription. Runs go on. */
export function deactivate(): void {}

function showWish(panel: Panel, { run: id, start, started }: PanelWish): void {
  if (start !== undefined && start !== null) panel.show({ run: panel.shown, gate: `start:${start}` });
  else if (started !== true) panel.show({ run: id ?? null });
  else if (vscode.workspace.getConfiguration("fermata").get("panel.openOnRun", true)) panel.show({ run: id ?? null }, true);
}

/** Keeps the context key of the Run button true to the active editor. */
function watchActiveEditor(): vscode.Disposable {
  let known: boolean | null = null;
  const update = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    // A focused panel or menu is no editor; the button belongs to the file that is still shown.
    if (document === undefined && vscode.window.visibleTextEditors.length > 0) return;
    const is = document !== undefined && document.languageId === "yaml" && isWorkflowFile(document.fileName, document.getText());
    if (is === known) return;
    known = is;
    void vscode.commands.executeCommand("setContext", "fermata.isWorkflow", is);
  };
  update();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeTextDocument((change) => {
      if (change.document === vscode.window.activeTextEditor?.document) update();
    }),
  );
}
