// A transport over logs in memory: for scenes, tests and for looking at an
// exported log with nothing running. Time and events are pushed by the caller.

import type { ActResult, GraphDocument, RunsDocument, Verb } from "../protocol/documents";
import type { RunEvent } from "../protocol/events";
import type { OnEvents, Transport, Watcher } from "./transport";

/** A call of an acting verb that a memory transport was given. */
export interface RecordedAct {
  readonly verb: Verb;
  readonly params: unknown;
}

/** A world in memory. */
export interface MemoryWorld {
  readonly logs: Map<string, RunEvent[]>;
  graphs: Map<string, GraphDocument>;
  list: RunsDocument;
  acts: RecordedAct[];
  /** Answers an act; by default everything is accepted. */
  onAct: (verb: Verb, params: unknown) => Promise<ActResult>;
  kept: unknown;
  title: string;
}

/** An empty world. */
export function memoryWorld(): MemoryWorld {
  return { logs: new Map(), graphs: new Map(), list: { runs: [], starts: [] }, acts: [], onAct: () => Promise.resolve({ ok: true }), kept: undefined, title: "" };
}

/** A transport, and the levers that move it. */
export interface MemoryTransport extends Transport {
  push(run: string, events: readonly RunEvent[]): void;
  ping(): void;
  runsChanged(): void;
  open(run: string | null, step?: string | null, gate?: string | null): void;
}

/** A transport over a world in memory. */
export function memoryTransport(world: MemoryWorld): MemoryTransport {
  let watcher: Watcher | null = null;
  const tails = new Map<string, Set<OnEvents>>();
  return {
    kind: "webview",
    watch(given) {
      watcher = given;
      given.heard();
      return () => {
        watcher = null;
      };
    },
    runs: () => Promise.resolve(world.list),
    snapshot: (run) => {
      const events = world.logs.get(run) ?? [];
      return Promise.resolve({ events: [...events], last: events.length, graph: world.graphs.get(run) ?? null });
    },
    graph: (uri) => Promise.resolve(world.graphs.get(uri) ?? null),
    tail(run, from, onEvents) {
      const set = tails.get(run) ?? new Set();
      tails.set(run, set);
      set.add(onEvents);
      const missed = (world.logs.get(run) ?? []).slice(from - 1);
      if (missed.length > 0) queueMicrotask(() => set.has(onEvents) && onEvents(from, missed));
      return () => set.delete(onEvents);
    },
    act: (verb, params) => {
      world.acts.push({ verb, params });
      return world.onAct(verb, params);
    },
    showing: (_run, title, waiting) => {
      world.title = waiting > 0 ? `(${waiting}) waiting - ${title}` : title;
    },
    reveal: () => undefined,
    openText: () => undefined,
    copy: () => undefined,
    keep: {
      load: () => world.kept,
      save: (state) => {
        world.kept = structuredClone(state);
      },
    },
    push(run, events) {
      const log = world.logs.get(run) ?? [];
      world.logs.set(run, log);
      log.push(...events);
      watcher?.heard();
      for (const onEvents of [...(tails.get(run) ?? [])]) onEvents(events[0]?.seq ?? 0, events);
    },
    ping: () => watcher?.heard(),
    runsChanged: () => watcher?.runsChanged(),
    open: (run, step = null, gate = null) => watcher?.open(run, step, gate),
  };
}
