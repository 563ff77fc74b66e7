// fermata.ui.run: runs the workflow of the active editor, and deals with what a
// run request comes to, also when a lens of the server asked for it.

import * as vscode from "vscode";
import { randomUUID } from "node:crypto";
import type { ActResult, ActingVerbs } from "../../../panel/src/protocol/documents";
import { askInputs } from "../inputs-form";
import { said, type Parts } from "./parts";

type RunParams = ActingVerbs["run"];

/** Runs the file of a URI, or of the active editor. */
export async function run(parts: Parts, argument: unknown): Promise<void> {
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined) {
    void vscode.window.showInformationMessage("Open a workflow file to run it.");
    return;
  }
  const params: RunParams = { uri: uri.toString(), request: randomUUID() };
  await settled(parts, "run", params, await parts.server.act("run", params));
}

/** What follows from the result of a request to run, or to run dry. */
export async function settled(parts: Parts, verb: "run" | "dryRun", params: RunParams, result: ActResult): Promise<void> {
  if (result.ok !== false) {
    if (result.run !== undefined && vscode.workspace.getConfiguration("fermata").get("panel.openOnRun", true)) parts.panel.show({ run: result.run }, true);
    return;
  }
  /** The same request with what was missing. */
  const again = async (more: Partial<RunParams>): Promise<void> => {
    const next: RunParams = { ...params, ...more, request: randomUUID() };
    await settled(parts, verb, next, await parts.server.act(verb, next));
  };
  switch (result.reason) {
    case "choice":
      // The server's notification asks; the tree, the status bar and the panel show it too.
      await parts.runs.refresh();
      return;
    case "inputs_needed": {
      if (result.inputs === undefined) break;
      const values = await askInputs(`Run ${name(params.uri)}`, result.inputs);
      if (values === undefined) return;
      await again({ inputs: { ...params.inputs, ...values } });
      return;
    }
    case "message_needed": {
      const message = await vscode.window.showInputBox({ title: `Run ${name(params.uri)}`, prompt: result.message ?? "What is this run about?", placeHolder: "May be left empty", ignoreFocusOut: true });
      if (message !== undefined) await again({ message });
      return;
    }
    case "no_agent": {
      if (result.scripted === undefined || result.scripted === null) break;
      const picked = await vscode.window.showWarningMessage(result.message ?? "No agent is installed that could carry this out.", "Run with the scripted agent");
      if (picked === undefined) return;
      await again({ agent: "scripted" });
      return;
    }
    case "untrusted": {
      const picked = await vscode.window.showWarningMessage(result.message ?? "Nothing is run in a workspace that you do not trust.", "Manage Trust");
      if (picked !== undefined) await vscode.commands.executeCommand("workbench.trust.manage");
      return;
    }
    case "rejected": {
      const picked = await vscode.window.showWarningMessage(result.message ?? "The workflow has errors and was not run.", "Show Problems");
      if (picked !== undefined) await vscode.commands.executeCommand("workbench.actions.view.problems");
      return;
    }
    default:
      break;
  }
  said(result, "The run");
}

function name(uri: string): string {
  return decodeURIComponent(uri.split("/").at(-1) ?? uri);
}
