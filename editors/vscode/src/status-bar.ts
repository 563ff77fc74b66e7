// The status bar item: what runs, what waits, and how the server is.

import * as vscode from "vscode";
import { statusBar } from "./labels";
import type { Runs } from "./runs";
import type { Server } from "./server";

/** Shows the item until it is disposed. */
export function showStatusBar(server: Server, runs: Runs): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("fermata", vscode.StatusBarAlignment.Left, 10);
  item.name = "Fermata";
  const update = (): void => {
    const { text, tooltip, urgent, command } = statusBar(runs.document, server.health);
    item.text = text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: tooltip };
    item.backgroundColor = urgent ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    item.command = command;
    item.show();
  };
  update();
  return vscode.Disposable.from(item, server.onHealth(update), runs.onChange(update));
}
