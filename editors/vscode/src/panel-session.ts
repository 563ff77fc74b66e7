// One panel's side of the conversation: answers its requests from the server,
// forwards what it follows, and pings while the server answers. Knows messages
// and the server, nothing of the editor.

import type { Act, FromPanel, PanelRequest, Reply, ToPanel } from "../../panel/src/protocol/messages";
import type { GraphDocument, RunsDocument, Snapshot } from "../../panel/src/protocol/documents";
import type { RunEvent } from "../../panel/src/protocol/events";
import type { EventsBatch } from "./server";

/** What the session needs of the server. */
export interface PanelServer {
  readonly running: boolean;
  ping(): Promise<boolean>;
  runs(): Promise<RunsDocument>;
  events(run: string, from: number, limit: number): Promise<{ readonly events: readonly RunEvent[]; readonly last: number }>;
  graph(params: { readonly run: string } | { readonly uri: string }): Promise<GraphDocument | null>;
  act(verb: Act["verb"], params: never): Promise<import("../../panel/src/protocol/documents").ActResult>;
  request<R>(method: string, params: unknown): Promise<R>;
}

/** What only the editor can do. */
export interface PanelEditor {
  showing(run: string | null, title: string, waiting: number): void;
  reveal(file: string, step: string | null, line: number | null): void;
  openText(title: string, text: string): void;
  copy(text: string): void;
}

/** Events in one page of a log. */
const PAGE = 1000;

/** A panel's session. */
export class PanelSession {
  readonly #server: PanelServer;
  readonly #editor: PanelEditor;
  readonly #post: (message: ToPanel) => void;
  /** Followed runs with the next event that the panel needs. */
  readonly #tails = new Map<string, number>();
  #shown: string | null = null;
  #pinging = false;

  constructor(server: PanelServer, editor: PanelEditor, post: (message: ToPanel) => void) {
    this.#server = server;
    this.#editor = editor;
    this.#post = post;
  }

  /** The run that is shown now. */
  get shown(): string | null {
    return this.#shown;
  }

  /** Takes a message of the panel. */
  async receive(message: FromPanel): Promise<void> {
    switch (message.type) {
      case "ready":
        // A reloaded page follows nothing yet.
        for (const run of [...this.#tails.keys()]) await this.#untail(run);
        await this.ping();
        return;
      case "tail":
        this.#tails.set(message.run, message.from);
        await this.#subscribe(message.run, message.from);
        return;
      case "untail":
        await this.#untail(message.run);
        return;
      case "showing":
        this.#shown = message.run;
        this.#editor.showing(message.run, message.title, message.waiting);
        return;
      case "reveal":
        this.#editor.reveal(message.file, message.step, message.line);
        return;
      case "openText":
        this.#editor.openText(message.title, message.text);
        return;
      case "copy":
        this.#editor.copy(message.text);
        return;
      case "runs":
      case "snapshot":
      case "graph":
      case "act":
        try {
          this.#post({ type: "reply", id: message.id, ok: true, value: await this.#answer(message) });
        } catch (error) {
          this.#post({ type: "reply", id: message.id, ok: false, error: error instanceof Error ? error.message : String(error) });
        }
        return;
    }
  }

  async #answer(message: PanelRequest): Promise<Reply> {
    switch (message.type) {
      case "runs":
        return this.#server.runs();
      case "snapshot":
        return this.#snapshot(message.run);
      case "graph":
        if (message.uri !== undefined) return this.#server.graph({ uri: message.uri });
        return message.run === undefined ? null : this.#server.graph({ run: message.run });
      case "act":
        return this.#server.act(message.verb, message.params as never);
    }
  }

  async #snapshot(run: string): Promise<Snapshot> {
    const graph = this.#server.graph({ run });
    const events: RunEvent[] = [];
    for (;;) {
      const page = await this.#server.events(run, events.length + 1, PAGE);
      events.push(...page.events);
      if (page.events.length === 0 || events.length >= page.last) break;
    }
    return { events, last: events.length, graph: await graph };
  }

  /** Forwards a batch of a followed run. */
  batch(batch: EventsBatch): void {
    const next = this.#tails.get(batch.run);
    if (next === undefined) return;
    this.#post({ type: "events", run: batch.run, from: batch.from, events: batch.events });
    this.#tails.set(batch.run, Math.max(next, (batch.events.at(-1)?.seq ?? 0) + 1));
  }

  /** Tells the panel that runs, gates or start requests changed. */
  runsChanged(): void {
    this.#post({ type: "runsChanged" });
  }

  /** Follows again what was followed before the server was restarted. */
  async serverCameBack(): Promise<void> {
    for (const [run, from] of this.#tails) await this.#subscribe(run, from);
    await this.ping();
    this.runsChanged();
  }

  /** Tells the panel that the server answers; silent when it does not. One question at a time. */
  async ping(): Promise<void> {
    if (this.#pinging || !this.#server.running) return;
    this.#pinging = true;
    try {
      // Silence is the message otherwise: the panel says when it last heard something.
      if (await this.#server.ping()) this.#post({ type: "ping", at: Date.now() });
    } finally {
      this.#pinging = false;
    }
  }

  /** Ends everything that was followed. */
  async end(): Promise<void> {
    for (const run of [...this.#tails.keys()]) await this.#untail(run);
  }

  async #subscribe(run: string, from: number): Promise<void> {
    try {
      await this.#server.request("fermata/subscribe", { run, from });
    } catch {
      // The server's return subscribes again.
    }
  }

  async #untail(run: string): Promise<void> {
    if (!this.#tails.delete(run)) return;
    try {
      await this.#server.request("fermata/unsubscribe", { run });
    } catch {
      // A server that is gone follows nothing.
    }
  }
}
