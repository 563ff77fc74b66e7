// The language server as the rest of the extension sees it: typed requests, the
// notifications as events, and its health. Starts it, restarts it, and says so
// when it is gone.

import * as vscode from "vscode";
import { CloseAction, ErrorAction, ErrorCodes, LanguageClient, ResponseError, State, type LanguageClientOptions, type Middleware } from "vscode-languageclient/node";
import os from "node:os";
import type { ActResult, ActingVerbs, GraphDocument, RunsDocument, Verb } from "../../panel/src/protocol/documents";
import type { RunEvent } from "../../panel/src/protocol/events";
import { readRuns } from "../../panel/src/protocol/read";
import { findServer } from "./server-path";
import type { Health } from "./labels";

/** A batch of a subscribed run. */
export interface EventsBatch {
  readonly run: string;
  readonly from: number;
  readonly events: readonly RunEvent[];
}

/** What a lens asks the panel to show. */
export interface PanelWish {
  readonly run?: string | null;
  readonly start?: string | null;
  /** The run was started just now by the answer to a prompt. */
  readonly started?: boolean;
}

/** Called with what came of a server's command that a lens or code action called. */
export type OnCommand = (command: string, argument: unknown, result: unknown) => Promise<void>;

/** How often a crashed server is started again in three minutes. */
const RESTARTS = 4;

/** The server. */
export class Server implements vscode.Disposable {
  #client: LanguageClient | null = null;
  #crashes: number[] = [];
  #health: Health = "starting";
  #restarting: Promise<void> = Promise.resolve();
  readonly #context: vscode.ExtensionContext;
  readonly #output: vscode.LogOutputChannel;
  readonly #onCommand: OnCommand;
  readonly #healthChanged = new vscode.EventEmitter<Health>();
  readonly #runsChanged = new vscode.EventEmitter<void>();
  readonly #events = new vscode.EventEmitter<EventsBatch>();
  readonly #openPanel = new vscode.EventEmitter<PanelWish>();
  readonly onHealth = this.#healthChanged.event;
  readonly onRunsChanged = this.#runsChanged.event;
  readonly onEvents = this.#events.event;
  readonly onOpenPanel = this.#openPanel.event;

  constructor(context: vscode.ExtensionContext, output: vscode.LogOutputChannel, onCommand: OnCommand) {
    this.#context = context;
    this.#output = output;
    this.#onCommand = onCommand;
  }

  get health(): Health {
    return this.#health;
  }

  /** Whether requests can be sent. */
  get running(): boolean {
    return this.#client?.state === State.Running;
  }

  /** Finds and starts the server. Says what is wrong when there is none. */
  async start(): Promise<void> {
    const config = vscode.workspace.getConfiguration("fermata");
    const found = findServer({
      setting: config.get<string>("server.path", ""),
      extension: this.#context.extensionPath,
      path: process.env["PATH"] ?? "",
      home: os.homedir(),
      platform: process.platform,
    });
    if (!found.ok) {
      this.#setHealth("missing");
      this.#output.error(found.message);
      void vscode.window.showErrorMessage(found.message, "Open Settings").then((picked) => {
        if (picked !== undefined) void vscode.commands.executeCommand("workbench.action.openSettings", "fermata.server.path");
      });
      return;
    }
    this.#output.info(`server: ${found.command} (${found.from})`);
    this.#setHealth("starting");
    const env = { ...process.env, ...config.get<Record<string, string>>("server.env", {}) };
    const client = new LanguageClient("fermata", "Fermata", { command: found.command, args: ["lsp"], options: { env } }, this.#options());
    client.registerFeature({
      fillClientCapabilities: (capabilities) => {
        capabilities.experimental = { ...(capabilities.experimental as object | undefined), fermata: true };
      },
      initialize: () => undefined,
      getState: () => ({ kind: "static" }),
      clear: () => undefined,
    });
    this.#client = client;
    client.onDidChangeState(({ newState }) => {
      if (client !== this.#client) return;
      if (newState === State.Running) {
        this.#setHealth("ok");
        this.#runsChanged.fire();
      } else if (newState === State.Stopped) this.#setHealth("stopped");
    });
    client.onNotification("fermata/runChanged", () => this.#runsChanged.fire());
    client.onNotification("fermata/startsChanged", () => this.#runsChanged.fire());
    client.onNotification("fermata/events", (batch: EventsBatch) => this.#events.fire(batch));
    client.onNotification("fermata/openPanel", (wish: PanelWish | null) => this.#openPanel.fire(wish ?? {}));
    client.onNotification("fermata/serverStatus", (status: { readonly health: string; readonly message?: string | null }) => {
      this.#setHealth(status.health === "ok" || status.health === "warning" || status.health === "error" ? status.health : "warning");
      if (status.message !== undefined && status.message !== null) this.#output.info(status.message);
    });
    try {
      await client.start();
    } catch (error) {
      this.#setHealth("stopped");
      this.#output.error(`the server did not start: ${String(error)}`);
      this.#sayStopped("Fermata's server did not start.");
    }
  }

  /** Ends the server and starts it again, also when its place in the settings changed. Two wishes at once are one after the other, or there would be two servers. */
  restart(): Promise<void> {
    this.#restarting = this.#restarting.catch(() => undefined).then(() => this.#startAgain());
    return this.#restarting;
  }

  async #startAgain(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#crashes = [];
    await client?.dispose().catch((error: unknown) => this.#output.warn(`while stopping: ${String(error)}`));
    await this.start();
  }

  /** Runs and start requests. */
  async runs(): Promise<RunsDocument> {
    return readRuns(await this.request("fermata/runs", {}));
  }

  /** Whether the server answers. An error is an answer too: servers may not know the method. */
  async ping(): Promise<boolean> {
    try {
      await this.request("fermata/ping", {});
      return true;
    } catch (error) {
      return error instanceof ResponseError && error.code === ErrorCodes.MethodNotFound;
    }
  }

  /** A page of a run's log. */
  events(run: string, from: number, limit: number): Promise<{ readonly events: readonly RunEvent[]; readonly last: number }> {
    return this.request("fermata/events", { run, from, limit });
  }

  /** The static graph of a run or file; null where the server has none. */
  async graph(params: { readonly run: string } | { readonly uri: string }): Promise<GraphDocument | null> {
    try {
      return await this.request<GraphDocument | null>("fermata/graph", params);
    } catch (error) {
      this.#output.debug(`no graph: ${String(error)}`);
      return null;
    }
  }

  /** Calls an acting command with its one argument. */
  act<V extends Verb>(verb: V, params: ActingVerbs[V]): Promise<ActResult> {
    return this.request<ActResult>("workspace/executeCommand", { command: `fermata.${verb}`, arguments: [params] });
  }

  /** Any request; an error when the server is not running. */
  async request<R>(method: string, params: unknown): Promise<R> {
    const client = this.#client;
    if (client === null || client.state !== State.Running) throw new Error("Fermata's server is not running.");
    return client.sendRequest<R>(method, params);
  }

  /** Tells the server that the workspace is trusted now. */
  async trust(): Promise<void> {
    if (this.running) await this.#client?.sendNotification("fermata/didChangeTrust", { trusted: true });
  }

  dispose(): void {
    const client = this.#client;
    this.#client = null;
    void client?.dispose().catch((error: unknown) => this.#output.warn(`while stopping: ${String(error)}`));
    for (const emitter of [this.#healthChanged, this.#runsChanged, this.#events, this.#openPanel]) emitter.dispose();
  }

  #setHealth(health: Health): void {
    this.#health = health;
    void vscode.commands.executeCommand("setContext", "fermata.health", health);
    this.#healthChanged.fire(health);
  }

  #sayStopped(message: string): void {
    void vscode.window.showErrorMessage(`${message} Runs go on without it.`, "Restart", "Show Output").then((picked) => {
      if (picked === "Restart") void this.restart();
      if (picked === "Show Output") this.#output.show();
    });
  }

  #options(): LanguageClientOptions {
    const config = vscode.workspace.getConfiguration("fermata");
    const middleware: Middleware = {
      executeCommand: async (command: string, args: unknown[], next: (command: string, args: unknown[]) => unknown) => {
        const result = await next(command, args);
        await this.#onCommand(command, args[0], result);
        return result;
      },
    };
    return {
      // Command files are no workflows; what is typed into one decides about the workflows that use it.
      documentSelector: [{ scheme: "file", language: "yaml" }, { scheme: "untitled", language: "yaml" }, { scheme: "file", pattern: "**/.archon/commands/**/*.md" }],
      outputChannel: this.#output,
      initializationOptions: {
        trusted: vscode.workspace.isTrusted,
        gatePrompt: config.get("gatePrompt"),
        dialect: config.get("dialect"),
        rules: config.get("rules"),
        lastRun: config.get("lastRun"),
        isolation: config.get("isolation"),
        on: config.get("on"),
      },
      synchronize: { configurationSection: "fermata" },
      middleware,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => {
          const now = Date.now();
          this.#crashes = [...this.#crashes.filter((at) => now - at < 180_000), now];
          if (this.#crashes.length <= RESTARTS) return { action: CloseAction.Restart, handled: true };
          this.#sayStopped(`Fermata's server stopped ${this.#crashes.length} times in three minutes.`);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    };
  }
}
