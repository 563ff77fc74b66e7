// The panel's one store: what is shown of which run, fed by a transport. Views
// read it and call its verbs; it renders nothing. Changes are announced once per
// animation frame, whatever the number of events.

import type { ActResult, ActingVerbs, ChoiceAnswer, GraphDocument, RunsDocument, Verb } from "../protocol/documents";
import type { RunEvent } from "../protocol/events";
import type { Json } from "../protocol/gates";
import { fileUri } from "../text/uri";
import type { Transport } from "../transport/transport";
import { emptyModel, type RunModel } from "./model";
import { emptyDraft, readKept, type Draft, type Place } from "./place";
import { foldAll, replayTo } from "./reduce";

/** How a decision that was sent stands. */
export type Sent =
  | { readonly state: "pending"; readonly at: number }
  | { readonly state: "late" }
  | { readonly state: "accepted" }
  | { readonly state: "refused"; readonly result: ActResult };

/** What the store needs from the surroundings. */
export interface StoreWorld {
  readonly now: () => number;
  /** Calls back before the next paint. */
  readonly frame: (callback: () => void) => void;
  /** Calls back every `ms`; the function returned ends it. */
  readonly every: (ms: number, callback: () => void) => () => void;
  readonly after: (ms: number, callback: () => void) => void;
  /** Keeps the place in the address, where the surface has one. */
  readonly onPlace?: (place: Place) => void;
}

/** Nothing heard for so long means: the connection is gone. Milliseconds. */
export const SILENCE = 3000;
/** A decision without an answer for so long can be sent again. Milliseconds. */
export const ACK = 2000;

/** Pause before missing events are asked for a second time. Milliseconds. */
export const RESYNC = 1000;

/** A gate's id among all runs: within one run they are `g1`, `g2`, …. */
export function gateId(run: string, gate: string): string {
  return `${run}/${gate}`;
}

/** The store. */
export class Store {
  readonly transport: Transport;
  readonly #world: StoreWorld;
  readonly #listeners = new Set<() => void>();
  #dirty = false;
  #ends: (() => void)[] = [];
  #endTail: (() => void) | null = null;
  #opening = 0;
  /** The event that was last asked for because it was missing. */
  #missing = 0;
  #refreshing = false;
  #refreshAgain = false;
  #replayed: { readonly at: number; readonly model: RunModel } | null = null;

  /** Counts announcements; views compare it. */
  revision = 0;
  place: Place;
  drafts: Record<string, Draft>;
  list: RunsDocument | null = null;
  live: RunModel | null = null;
  graph: GraphDocument | null = null;
  readonly graphs = new Map<string, GraphDocument | null>();
  readonly sent = new Map<string, Sent>();
  problem: string | null = null;
  /** The problem is that the workflow was edited since the run started. */
  changed = false;
  /** UTC ms of the last sign of life; 0 before the first. */
  heardAt = 0;
  connected = false;
  now: number;

  constructor(transport: Transport, world: StoreWorld, start: Partial<Place> = {}) {
    this.transport = transport;
    this.#world = world;
    const kept = readKept(transport.keep.load());
    this.place = { ...kept.place, ...start };
    this.drafts = kept.drafts;
    this.now = world.now();
  }

  /** Starts listening and opens the place that was kept. */
  start(): void {
    this.#ends.push(
      this.transport.watch({
        heard: () => this.#heard(),
        runsChanged: () => void this.refresh(),
        open: (run, step, gate) => {
          if (run !== this.place.run) void this.open(run);
          this.go({ ...(gate === null ? {} : { gate }), ...(step === null ? {} : { selected: step }) });
        },
      }),
      this.#world.every(500, () => this.#tick()),
    );
    void this.refresh();
    if (this.place.run !== null) void this.open(this.place.run, true);
  }

  /** Stops everything. */
  end(): void {
    this.#endTail?.();
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  /** Calls back after every announced change. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The state that is shown: live, or at the replay position. */
  get model(): RunModel | null {
    const { replay } = this.place;
    if (this.live === null || replay === null || replay >= this.live.lastSeq) return this.live;
    if (this.#replayed === null || this.#replayed.at !== replay || this.#replayed.model.run !== this.live.run) {
      this.#replayed = { at: replay, model: replayTo(this.live.run, this.live.events, replay) };
    }
    return this.#replayed.model;
  }

  /** Whether an earlier moment is shown, where nothing can be decided. */
  get replaying(): boolean {
    return this.live !== null && this.place.replay !== null && this.place.replay < this.live.lastSeq;
  }

  /** The clock that timers show: stands still while nothing is heard, and at a replay position. */
  get clock(): number {
    if (this.replaying) return this.model?.lastAt ?? this.now;
    return this.connected ? this.now : this.heardAt;
  }

  /** Asks for runs and start requests again; what changes meanwhile is one more question, not many. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return;
    }
    this.#refreshing = true;
    try {
      do {
        this.#refreshAgain = false;
        this.list = await this.transport.runs();
        this.#heard();
        this.#changed();
      } while (this.#refreshAgain);
    } catch (error) {
      this.problem = words(error);
    } finally {
      this.#refreshing = false;
    }
    this.#changed();
  }

  /** Shows a run from its first event on; null shows the list. */
  async open(run: string | null, keepPlace = false): Promise<void> {
    this.#endTail?.();
    this.#endTail = null;
    this.#opening += 1;
    const opening = this.#opening;
    this.problem = null;
    this.live = null;
    this.graph = null;
    this.#replayed = null;
    if (!keepPlace) this.go({ run, frame: "", selected: null, gate: null, replay: null });
    this.#changed();
    if (run === null) return;
    try {
      const snapshot = await this.transport.snapshot(run);
      if (opening !== this.#opening) return;
      const model = emptyModel(run);
      foldAll(model, snapshot.events);
      this.graph = snapshot.graph;
      this.live = model;
      this.#heard();
      this.#tail(model);
    } catch (error) {
      if (opening !== this.#opening) return;
      this.problem = words(error);
    }
    this.#changed();
  }

  #tail(model: RunModel): void {
    this.#endTail?.();
    this.#endTail = this.transport.tail(model.run, model.lastSeq + 1, (_from, events) => this.#take(model, events));
  }

  #take(model: RunModel, events: readonly RunEvent[]): void {
    if (this.live !== model) return;
    this.#heard();
    const result = foldAll(model, events);
    if (!result.ok) this.#resync(model, result.expected);
    for (const gate of model.closedGates.keys()) {
      const id = gateId(model.run, gate);
      const sent = this.sent.get(id);
      if (sent?.state === "pending" || sent?.state === "late") this.sent.set(id, { state: "accepted" });
    }
    this.#changed();
  }

  /** Asks for the missing events: at once, and where that did not help, once a second. */
  #resync(model: RunModel, expected: number): void {
    const again = this.#missing === expected;
    this.#missing = expected;
    if (!again) this.#tail(model);
    else
      this.#world.after(RESYNC, () => {
        if (this.live !== model || model.lastSeq + 1 !== expected) return;
        this.#missing = 0;
        this.#tail(model);
      });
  }

  /** Moves within the panel; remembered across reloads. */
  go(change: Partial<Place>): void {
    this.place = { ...this.place, ...change };
    this.#world.onPlace?.(this.place);
    this.#save();
    this.#announce();
  }

  /** The graph of a sub-workflow's file, asked for once. */
  graphOf(file: string): GraphDocument | null {
    const known = this.graphs.get(file);
    if (known !== undefined) return known;
    this.graphs.set(file, null);
    void this.transport.graph(fileUri(file)).then(
      (graph) => {
        this.graphs.set(file, graph);
        this.#changed();
      },
      () => undefined,
    );
    return null;
  }

  /** What was selected and typed at a gate or choice so far. */
  draft(id: string): Draft {
    return this.drafts[id] ?? emptyDraft();
  }

  /** Remembers a selection or a text. */
  setDraft(id: string, change: Partial<Draft>): void {
    const draft = this.draft(id);
    this.drafts = { ...this.drafts, [id]: { ...draft, ...change, values: { ...draft.values, ...change.values } } };
    this.#save();
    this.#announce();
  }

  /** Sends the answer of a gate. The server takes one answer per gate, so sending twice counts once. */
  async answer(gate: string, answer: Json): Promise<void> {
    const run = this.live?.run;
    if (run === undefined) return;
    await this.#decide(gateId(run, gate), () => this.transport.act("answer", { run, gate, answer }));
  }

  /** Answers a start request. */
  async choose(start: string, answer: ChoiceAnswer): Promise<void> {
    const result = await this.#decide(start, () => this.transport.act("choose", { start, answer }));
    if (result?.ok === true && result.run !== undefined) await this.open(result.run);
    await this.refresh();
  }

  async #decide(id: string, send: () => Promise<ActResult>): Promise<ActResult | null> {
    this.sent.set(id, { state: "pending", at: this.#world.now() });
    this.#changed();
    this.#world.after(ACK, () => {
      if (this.sent.get(id)?.state === "pending") this.sent.set(id, { state: "late" });
      this.#changed();
    });
    try {
      const result = await send();
      this.sent.set(id, result.ok ? { state: "accepted" } : { state: "refused", result });
      this.#changed();
      return result;
    } catch (error) {
      this.sent.set(id, { state: "refused", result: { ok: false, reason: words(error) } });
      this.#changed();
      return null;
    }
  }

  /** Calls another verb; a refusal is shown under the header. */
  async act<V extends Verb>(verb: V, params: ActingVerbs[V]): Promise<ActResult | null> {
    this.problem = null;
    this.changed = false;
    try {
      const result = await this.transport.act(verb, params);
      if (!result.ok) this.problem = result.message ?? result.reason ?? `${verb} was refused.`;
      this.changed = !result.ok && result.reason === "definition_changed";
      if (!result.ok && result.reason === "choice") await this.refresh();
      if (result.ok && result.run !== undefined && result.run !== this.place.run) await this.open(result.run);
      else this.#changed();
      return result;
    } catch (error) {
      this.problem = words(error);
      this.#changed();
      return null;
    }
  }

  #heard(): void {
    this.heardAt = this.#world.now();
    if (!this.connected) {
      this.connected = true;
      this.#changed();
    }
  }

  #tick(): void {
    this.now = this.#world.now();
    this.connected = this.heardAt > 0 && this.now - this.heardAt <= SILENCE;
    this.#changed();
  }

  #save(): void {
    this.transport.keep.save({ place: this.place, drafts: this.drafts });
  }

  #changed(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#world.frame(() => this.#announce());
  }

  /** What a person did shows at once: the next key may depend on it. */
  #announce(): void {
    this.#dirty = false;
    this.revision += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
