// The live panel in a webview: one panel, restored after a reload of the window.

import * as vscode from "vscode";
import { randomBytes } from "node:crypto";
import type { FromPanel, ToPanel } from "../../panel/src/protocol/messages";
import { PanelSession } from "./panel-session";
import { panelPage } from "./panel-page";
import type { Server } from "./server";
import { lineOfStep } from "./workflow-file";

const TYPE = "fermata.panel";
/** Milliseconds between two pings. */
const PING = 1000;

/** What to show in the panel. */
export interface PanelTarget {
  readonly run?: string | null;
  readonly gate?: string;
  readonly step?: string;
}

/** The panel of this window. */
export class Panel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #context: vscode.ExtensionContext;
  readonly #server: Server;
  readonly #subscriptions: vscode.Disposable[];
  #open: { readonly panel: vscode.WebviewPanel; readonly session: PanelSession } | null = null;

  constructor(context: vscode.ExtensionContext, server: Server) {
    this.#context = context;
    this.#server = server;
    this.#subscriptions = [
      vscode.window.registerWebviewPanelSerializer(TYPE, this),
      server.onEvents((batch) => this.#open?.session.batch(batch)),
      server.onRunsChanged(() => this.#open?.session.runsChanged()),
      server.onHealth((health) => {
        if (health === "ok") void this.#open?.session.serverCameBack();
      }),
    ];
  }

  /** The run that is shown, if the panel is open. */
  get shown(): string | null {
    return this.#open?.session.shown ?? null;
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Opens the panel, or shows something else in it. */
  show(target: PanelTarget, preserveFocus = false): void {
    if (this.#open !== null) {
      this.#open.panel.reveal(undefined, preserveFocus);
      if (target.run !== undefined) this.#send({ type: "open", run: target.run, ...(target.gate === undefined ? {} : { gate: target.gate }), ...(target.step === undefined ? {} : { step: target.step }) });
      return;
    }
    const panel = vscode.window.createWebviewPanel(TYPE, "Fermata", { viewColumn: vscode.ViewColumn.Beside, preserveFocus }, this.#webviewOptions());
    this.#attach(panel, target);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = this.#webviewOptions();
    this.#attach(panel, {});
  }

  #webviewOptions(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#context.extensionUri, "dist", "panel")] };
  }

  #send(message: ToPanel): void {
    void this.#open?.panel.webview.postMessage(message);
  }

  #attach(panel: vscode.WebviewPanel, target: PanelTarget): void {
    const { webview } = panel;
    const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#context.extensionUri, "dist", "panel", name)).toString();
    const session = new PanelSession(this.#server, {
      showing: (_run, title, waiting) => {
        panel.title = waiting > 0 ? `(${waiting}) ${title}` : title;
      },
      reveal: (path, step, line) => void reveal(path, step, line),
      openText: (title, text) => void openText(title, text),
      copy: (text) => void vscode.env.clipboard.writeText(text),
    }, (message) => void webview.postMessage(message));
    this.#open = { panel, session };
    // A tab's icon is drawn as it is: it needs the colour of each theme.
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(this.#context.extensionUri, "media", `panel-${theme}.svg`);
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    const pings = setInterval(() => {
      if (panel.visible) void session.ping();
    }, PING);
    let first: PanelTarget | null = target.gate === undefined && target.step === undefined ? null : target;
    webview.onDidReceiveMessage((message: FromPanel) => {
      void session.receive(message);
      if (message.type === "ready" && first !== null) {
        this.#send({ type: "open", run: first.run ?? null, ...(first.gate === undefined ? {} : { gate: first.gate }), ...(first.step === undefined ? {} : { step: first.step }) });
        first = null;
      }
    });
    panel.onDidChangeViewState(() => {
      if (panel.visible) void session.ping();
    });
    panel.onDidDispose(() => {
      clearInterval(pings);
      void session.end();
      if (this.#open?.panel === panel) this.#open = null;
    });
    webview.html = panelPage({ script: file("panel.js"), style: file("panel.css"), source: webview.cspSource, nonce: randomBytes(16).toString("base64url"), run: target.run ?? "" });
  }

  dispose(): void {
    this.#open?.panel.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

/** Goes to a step's text beside the panel. */
async function reveal(path: string, step: string | null, line: number | null): Promise<void> {
  try {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    // The text may have moved since the graph was made: the name is the better guide.
    const at = (step === null ? null : lineOfStep(document.getText(), step)) ?? line ?? 0;
    const position = new vscode.Position(Math.min(at, document.lineCount - 1), 0);
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
    await vscode.window.showTextDocument(document, { viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One, selection: new vscode.Range(position, position) });
  } catch {
    void vscode.window.showWarningMessage(`The workflow file ${path} cannot be opened any more.`);
  }
}

async function openText(title: string, text: string): Promise<void> {
  const language = /^\s*[[{]/.test(text) ? "json" : "plaintext";
  const document = await vscode.workspace.openTextDocument({ content: text, language });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One, preview: true });
  void vscode.window.setStatusBarMessage(title, 3000);
}
