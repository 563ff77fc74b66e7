import { describe, expect, it } from "vitest";
import type { ToPanel } from "../../panel/src/protocol/messages";
import type { RunEvent } from "../../panel/src/protocol/events";
import { PanelSession, type PanelEditor, type PanelServer } from "../src/panel-session";

const event = (seq: number): RunEvent => ({ run: "r1", seq, at: seq, path: "", schema: 1, type: "warning", message: "x" });
const LOG = Array.from({ length: 2500 }, (_, i) => event(i + 1));

function world(over: Partial<PanelServer> = {}) {
  const posted: ToPanel[] = [];
  const requests: { readonly method: string; readonly params: unknown }[] = [];
  const shown: unknown[] = [];
  const server: PanelServer = {
    running: true,
    ping: () => Promise.resolve(true),
    runs: () => Promise.resolve({ runs: [], starts: [] }),
    events: (_run, from, limit) => Promise.resolve({ events: LOG.slice(from - 1, from - 1 + limit), last: LOG.length }),
    graph: () => Promise.resolve(null),
    act: () => Promise.resolve({ ok: false, reason: "closed" }),
    request: <R>(method: string, params: unknown) => {
      requests.push({ method, params });
      return Promise.resolve({ last: 0 } as R);
    },
    ...over,
  };
  const editor: PanelEditor = { showing: (...all) => void shown.push(all), reveal: () => undefined, openText: () => undefined, copy: () => undefined };
  return { session: new PanelSession(server, editor, (message) => void posted.push(message)), posted, requests, shown };
}

describe("a panel's session", () => {
  it("gives the whole log, page after page", async () => {
    const { session, posted } = world();
    await session.receive({ type: "snapshot", id: 1, run: "r1" });
    const reply = posted[0];
    if (reply?.type !== "reply" || !reply.ok || reply.value === null || !("events" in reply.value)) throw new Error("a snapshot was expected");
    expect(reply.value.events).toHaveLength(2500);
    expect(reply.value.last).toBe(2500);
  });

  it("answers a request that fails with the error, never with silence", async () => {
    const { session, posted } = world({ runs: () => Promise.reject(new Error("Fermata's server is not running.")) });
    await session.receive({ type: "runs", id: 4 });
    expect(posted).toEqual([{ type: "reply", id: 4, ok: false, error: "Fermata's server is not running." }]);
  });

  it("passes a refusal on as a result", async () => {
    const { session, posted } = world();
    await session.receive({ type: "act", id: 5, verb: "answer", params: { run: "r1", gate: "g1", answer: {} } });
    expect(posted).toEqual([{ type: "reply", id: 5, ok: true, value: { ok: false, reason: "closed" } }]);
  });

  it("forwards batches of the run that is followed and of no other", async () => {
    const { session, posted, requests } = world();
    await session.receive({ type: "tail", run: "r1", from: 3 });
    expect(requests).toEqual([{ method: "fermata/subscribe", params: { run: "r1", from: 3 } }]);
    session.batch({ run: "r1", from: 3, events: [event(3)] });
    session.batch({ run: "r2", from: 1, events: [event(1)] });
    expect(posted).toEqual([{ type: "events", run: "r1", from: 3, events: [event(3)] }]);
    await session.receive({ type: "untail", run: "r1" });
    session.batch({ run: "r1", from: 4, events: [event(4)] });
    expect(posted).toHaveLength(1);
  });

  it("follows again from where it was when the server comes back", async () => {
    const { session, requests, posted } = world();
    await session.receive({ type: "tail", run: "r1", from: 3 });
    session.batch({ run: "r1", from: 3, events: [event(3), event(4)] });
    await session.serverCameBack();
    expect(requests.at(-1)).toEqual({ method: "fermata/subscribe", params: { run: "r1", from: 5 } });
    expect(posted.at(-1)).toEqual({ type: "runsChanged" });
  });

  it("pings only while the server answers", async () => {
    const silent = world({ ping: () => Promise.resolve(false) });
    await silent.session.ping();
    expect(silent.posted).toEqual([]);
    const stopped = world({ running: false });
    await stopped.session.ping();
    expect(stopped.posted).toEqual([]);
    const alive = world();
    await alive.session.ping();
    expect(alive.posted).toEqual([{ type: "ping", at: expect.any(Number) }]);
  });

  it("asks once at a time whether the server is there", async () => {
    let asked = 0;
    let answer: () => void = () => undefined;
    const { session, posted } = world({ ping: () => new Promise((resolve) => { asked += 1; answer = () => resolve(true); }) });
    const first = session.ping();
    await session.ping();
    expect(asked).toBe(1);
    answer();
    await first;
    expect(posted).toHaveLength(1);
  });

  it("forgets what a reloaded page followed", async () => {
    const { session, requests } = world();
    await session.receive({ type: "tail", run: "r1", from: 1 });
    await session.receive({ type: "ready" });
    expect(requests.at(-1)).toEqual({ method: "fermata/unsubscribe", params: { run: "r1" } });
  });
});
