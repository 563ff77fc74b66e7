import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../src/protocol/events";
import { emptyModel } from "../src/state/model";
import { foldAll, replayTo } from "../src/state/reduce";
import { STATE_WORDS, executionState, failedPlaces, graphView, stepState } from "../src/state/nodes";
import { LogWriter, RUN } from "./logs";
import { arbitraryLog } from "./arbitrary-log";
import { GRAPH, SCENES, roundsGate, failed, limitGate, nestedGates, stoppedAtLimit } from "./scenes";

function fold(events: readonly RunEvent[]) {
  return replayTo(RUN, events, events.length);
}

const GRAPH_OF_ROUNDS = [...roundsGate().world.graphs.values()][0] ?? null;

function events(scene: { world: { logs: Map<string, RunEvent[]> } }): RunEvent[] {
  return [...scene.world.logs.values()][0] ?? [];
}

describe("the one reducer", () => {
  it("gives the same state live, from a snapshot with its tail, and at the replay position", () => {
    fc.assert(
      fc.property(arbitraryLog(), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 7 }), (log, cut, at, size) => {
        const n = log.length === 0 ? 0 : (at % log.length) + 1;
        const live = emptyModel(RUN);
        for (const event of log.slice(0, n)) foldAll(live, [event]);
        const loaded = emptyModel(RUN);
        const last = cut % (n + 1);
        foldAll(loaded, log.slice(0, last));
        // A tail may begin before what the snapshot had, and comes in batches.
        for (let from = Math.max(0, last - 2); from < n; from += size) foldAll(loaded, log.slice(from, Math.min(n, from + size)));
        const replayed = replayTo(RUN, log, n);
        expect(loaded).toEqual(live);
        expect(replayed).toEqual(live);
      }),
      { numRuns: 200 },
    );
  });

  it("stops at a gap and names the event that it needs", () => {
    const log = new LogWriter().begin().step("plan", "plan").events;
    const model = emptyModel(RUN);
    expect(foldAll(model, log.slice(0, 2))).toEqual({ ok: true, folded: 2 });
    expect(foldAll(model, log.slice(3))).toEqual({ ok: false, expected: 3 });
    expect(model.lastSeq).toBe(2);
  });

  it("numbers an event of a type that it does not know and keeps it for the log", () => {
    const log = new LogWriter().begin().events;
    const strange = { ...log[0], seq: log.length + 1, type: "from_the_future", text: "?" } as unknown as RunEvent;
    const model = fold([...log, strange]);
    expect(model.lastSeq).toBe(log.length + 1);
    expect(model.events.at(-1)).toBe(strange);
  });

  it("lets a loop stand for its rounds, and marks the way through a graph without routes", () => {
    const log = events(roundsGate());
    const held = graphView(fold(log), "", GRAPH_OF_ROUNDS);
    const notes = held.nodes.find((node) => node.id === "notes");
    expect(notes).toMatchObject({ state: "waiting", runs: 4, inner: "round 4 of 4" });
    expect(held.edges.map((edge) => [edge.from, edge.to, edge.taken])).toEqual([["changes", "notes", 1], ["notes", "publish", 0], ["notes", "notes", 3]]);
    expect(fold(log).executions.filter((execution) => execution.inner).map((execution) => execution.round)).toEqual([1, 2, 3, 4]);
    expect(fold(log).frames.get("")?.limit).toBeNull();
    // Stopped at its limit: the loop has failed, though every one of its rounds was done.
    const writer = new LogWriter();
    writer.events.push(...log);
    writer.failed("notes", "notes", "4 rounds were not enough");
    expect(stepState(fold(writer.add("", { type: "gate_withdrawn", gate: "g1", reason: "stopped" }).events), "", "notes")).toBe("failed");
  });

  it("never has a step running after the run ended", () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const model = fold(log);
        if (model.endedAt === null) return;
        for (const execution of model.executions) expect(executionState(model, execution)).not.toBe("running");
      }),
    );
  });

  it("keeps every node state among the seven that have words", () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const view = graphView(fold(log), "", null);
        for (const node of view.nodes) expect(Object.keys(STATE_WORDS)).toContain(node.state);
      }),
    );
  });

  it("holds three gates of three items at once and closes each by its id", () => {
    const log = events(nestedGates());
    const writer = new LogWriter();
    writer.events.push(...log);
    writer.at = log.at(-1)?.at ?? 0;
    for (const gate of ["g3", "g2", "g1"]) writer.resolved(gate, 4, 16);
    expect(fold(log).openGates.map((open) => open.frame)).toEqual(["plan/each[alpha]", "plan/each[beta]", "plan/each[gamma]"]);
    const after = fold(writer.events);
    expect(after.openGates).toEqual([]);
    expect(after.audit.map((entry) => entry.newLimit)).toEqual([16, 16, 16]);
    expect(after.frames.get("plan/each[beta]")?.limit).toBe(16);
  });

  it("paints nothing of a limit stop as failed but the end", () => {
    const model = fold(events(stoppedAtLimit()));
    expect(failedPlaces(model)).toEqual([]);
    const view = graphView(model, "", GRAPH);
    expect(view.nodes.filter((node) => node.state === "failed").map((node) => node.id)).toEqual(["$end"]);
    expect(stepState(model, "", "patch")).toBe("not_started");
  });

  it("shows where a failed run failed", () => {
    const model = fold(events(failed()));
    expect(failedPlaces(model).map((place) => place.step)).toEqual(["run_tests"]);
    expect(stepState(model, "", "publish")).toBe("not_started");
  });

  it("shows the step before which an iteration limit holds as waiting, not as pending", () => {
    expect(stepState(fold(events(limitGate())), "", "architect")).toBe("waiting");
  });

  it("derives the state of a container from what is inside", () => {
    const model = fold(events(nestedGates()));
    expect(stepState(model, "", "plan")).toBe("waiting");
  });

  it("keeps the attempt that a crash cut off apart from the one that a resume started", () => {
    const log = new LogWriter().begin().started("patch", "patch");
    log.add("", { type: "run_failed", cause: "interrupted", error: { kind: "Interrupted", message: "the worker is gone" } });
    log.add("", { type: "run_resumed", status: "queued", by: "mia", surface: "panel" });
    log.add("", { type: "run_started", fence: 2, version: "0.1.0", seed: 7 });
    log.started("patch", "patch", "agent", 0, 2);
    const model = fold(log.events);
    expect(model.executions.map((row) => [row.attempt, executionState(model, row)])).toEqual([[1, "failed"], [2, "running"]]);
    expect(stepState(model, "", "patch")).toBe("running");
    expect(model.status).toBe("running");
  });

  it("counts how often an edge was taken and keeps the route with its execution", () => {
    const model = fold(events(limitGate()));
    const edge = graphView(model, "", GRAPH).edges.find((candidate) => candidate.from === "reviewer" && candidate.to === "architect");
    expect(edge?.taken).toBe(10);
    expect(model.byPath.get("reviewer#3")?.route).toEqual({ to: "architect", rule: 0, when: "not output.approved" });
  });

  it("folds every scene without a gap", () => {
    for (const make of Object.values(SCENES)) {
      const log = events(make());
      expect(fold(log).lastSeq).toBe(log.length);
    }
  });
});
