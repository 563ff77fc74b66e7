// The one interface between the panel and the world. Two implementations, one
// for a webview's host and one for HTTP; everything above is the same for both.

import type { ActResult, ActingVerbs, GraphDocument, RunsDocument, Snapshot, Verb } from "../protocol/documents";
import type { RunEvent } from "../protocol/events";

/** A batch of a tail. `from` is the seq of its first event. */
export type OnEvents = (from: number, events: readonly RunEvent[]) => void;

/** What a transport says without being asked. */
export interface Watcher {
  /** The server was heard: a ping, an event, an answer. */
  heard(): void;
  /** Runs, gates or start requests changed. */
  runsChanged(): void;
  /** Something outside asks to show a run (null: the list), a step of it or a gate. */
  open(run: string | null, step: string | null, gate: string | null): void;
}

/** State of the surface that outlives a reload: drafts, selection, place. */
export interface Keep {
  load(): unknown;
  save(state: unknown): void;
}

/** How the panel talks. */
export interface Transport {
  readonly kind: "webview" | "http";
  /** Starts the signals; the function returned ends them. */
  watch(watcher: Watcher): () => void;
  runs(): Promise<RunsDocument>;
  /** The whole log so far, and the static graph where there is one. */
  snapshot(run: string): Promise<Snapshot>;
  /** The static graph of a file, for a sub-workflow; null where it cannot be had. */
  graph(uri: string): Promise<GraphDocument | null>;
  /** Events from `from` on, as they come; the function returned ends it. */
  tail(run: string, from: number, onEvents: OnEvents): () => void;
  act<V extends Verb>(verb: V, params: ActingVerbs[V]): Promise<ActResult>;
  /** What is shown now: for titles and badges. */
  showing(run: string | null, title: string, waiting: number): void;
  /** Goes to a step's text, where the surface has an editor. */
  reveal: ((file: string, step: string | null, line: number | null) => void) | null;
  /** Opens a long text in an editor tab, where the surface has one. */
  openText: ((title: string, text: string) => void) | null;
  copy(text: string): void;
  readonly keep: Keep;
}
