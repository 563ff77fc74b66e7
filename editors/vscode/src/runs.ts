// The list of runs and start requests, kept current: asked for again when the
// server says that something changed. Sets the context keys of menus.

import * as vscode from "vscode";
import type { RunsDocument } from "../../panel/src/protocol/documents";
import { counts } from "./labels";
import type { Server } from "./server";

/** The list as it was last answered. */
export class Runs implements vscode.Disposable {
  #document: RunsDocument = { runs: [], starts: [] };
  #asking: Promise<void> | null = null;
  #again = false;
  readonly #server: Server;
  readonly #changed = new vscode.EventEmitter<RunsDocument>();
  readonly onChange = this.#changed.event;
  readonly #subscription: vscode.Disposable;

  constructor(server: Server) {
    this.#server = server;
    this.#subscription = server.onRunsChanged(() => void this.refresh());
  }

  get document(): RunsDocument {
    return this.#document;
  }

  /** Asks once more; changes that come meanwhile lead to one more question, not to many. Whoever waits gets what is true then. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        this.#document = await this.#server.runs();
        await this.#publish();
      }
    } catch {
      // The server is away; its health says so, and its return asks again.
    }
  }

  async #publish(): Promise<void> {
    const numbers = counts(this.#document);
    for (const [name, value] of Object.entries(numbers)) await vscode.commands.executeCommand("setContext", `fermata.${name}`, value);
    this.#changed.fire(this.#document);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
