import { describe, expect, it } from "vitest";
import type { RunEvent } from "../src/protocol/events";
import type { FromPanel, ToPanel } from "../src/protocol/messages";
import { httpTransport, type HttpWorld } from "../src/transport/http";
import { EventSplitter } from "../src/transport/sse";
import type { Transport, Watcher } from "../src/transport/transport";
import { webviewTransport } from "../src/transport/webview";
import { LogWriter, RUN } from "./logs";
import { GRAPH } from "./scenes";

/** What the two worlds have in common: a server with one run. */
interface World {
  readonly transport: Transport;
  readonly acts: { readonly verb: string; readonly params: unknown }[];
  /** Sends events of the run to whoever follows it. */
  send(events: readonly RunEvent[]): void;
  ping(): void;
}

const LOG = new LogWriter().begin().step("plan", "plan").step("patch", "patch").events;

function webview(): World {
  const acts: World["acts"] = [];
  const target = new EventTarget();
  const emit = (message: ToPanel): void => void target.dispatchEvent(new MessageEvent("message", { data: message }));
  const tails = new Set<string>();
  const host = (message: FromPanel): void => {
    switch (message.type) {
      case "runs":
        return emit({ type: "reply", id: message.id, ok: true, value: { runs: [], starts: [] } });
      case "snapshot":
        return emit({ type: "reply", id: message.id, ok: true, value: { events: LOG.slice(0, 4), last: 4, graph: GRAPH } });
      case "graph":
        return emit({ type: "reply", id: message.id, ok: true, value: message.uri === "file:///known.yaml" ? GRAPH : null });
      case "act":
        acts.push({ verb: message.verb, params: message.params });
        return emit(message.verb === "tell" ? { type: "reply", id: message.id, ok: false, error: "the server stopped" } : { type: "reply", id: message.id, ok: true, value: { ok: false, reason: "closed" } });
      case "tail":
        return void tails.add(message.run);
      case "untail":
        return void tails.delete(message.run);
      default:
        return undefined;
    }
  };
  const transport = webviewTransport({ postMessage: host, getState: () => null, setState: () => undefined }, target as never);
  return { transport, acts, send: (events) => tails.has(RUN) && emit({ type: "events", run: RUN, from: events[0]?.seq ?? 0, events }), ping: () => emit({ type: "ping", at: 0 }) };
}

function http(): World {
  const acts: World["acts"] = [];
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });
  const world: HttpWorld = {
    token: "secret",
    keep: { load: () => null, save: () => undefined },
    setTitle: () => undefined,
    copy: () => undefined,
    later: () => new Promise(() => undefined),
    fetch: (input, init) => {
      const url = new URL(input, "http://127.0.0.1");
      if (new Headers(init?.headers).get("Authorization") !== "Bearer secret") return Promise.resolve(json({}, 401));
      if (init?.method === "POST") {
        const verb = url.pathname.slice("/api/".length);
        acts.push({ verb, params: JSON.parse(String(init.body)) });
        return verb === "tell" ? Promise.reject(new Error("the server stopped")) : Promise.resolve(json({ ok: false, reason: "closed" }, 409));
      }
      if (url.pathname === "/api/stream") {
        const body = new ReadableStream<Uint8Array>({ start: (controller) => void streams.add(controller), cancel: () => undefined });
        return Promise.resolve(new Response(body));
      }
      if (url.pathname === "/api/runs") return Promise.resolve(json({ runs: [] }));
      if (url.pathname === "/api/starts") return Promise.resolve(json({ starts: [] }));
      if (url.pathname === `/api/runs/${RUN}/events`) {
        const from = Number(url.searchParams.get("from"));
        return Promise.resolve(json({ events: LOG.slice(from - 1, Math.min(4, from + 2)), last: 4 }));
      }
      if (url.pathname === "/api/graph") return Promise.resolve(url.searchParams.get("uri") === "file:///unknown.yaml" ? json({}, 404) : json(GRAPH));
      return Promise.resolve(json({}, 404));
    },
  };
  const write = (text: string): void => {
    // Cut in two at an odd place: a chunk ends where the network likes.
    for (const stream of streams) {
      stream.enqueue(encoder.encode(text.slice(0, 7)));
      stream.enqueue(encoder.encode(text.slice(7)));
    }
  };
  return {
    transport: httpTransport(world), acts,
    send: (events) => write(`event: events\ndata: ${JSON.stringify({ run: RUN, from: events[0]?.seq ?? 0, events })}\n\n`),
    ping: () => write("event: ping\ndata: {\"at\":1}\n\n"),
  };
}

function watcher(): Watcher & { readonly heardCount: () => number } {
  let heard = 0;
  return { heard: () => void (heard += 1), runsChanged: () => undefined, open: () => undefined, heardCount: () => heard };
}

/** Waits for a condition, turn by turn. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(condition()).toBe(true);
}

describe.each([["webview", webview], ["http", http]] as const)("the transport over %s", (_name, make) => {
  it("gives runs with their start requests", async () => {
    const { transport } = make();
    transport.watch(watcher());
    expect(await transport.runs()).toEqual({ runs: [], starts: [] });
  });

  it("gives a run's whole log and its graph", async () => {
    const { transport } = make();
    transport.watch(watcher());
    const snapshot = await transport.snapshot(RUN);
    expect(snapshot.events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
    expect(snapshot.last).toBe(4);
    expect(snapshot.graph).toEqual(GRAPH);
  });

  it("gives no graph where there is none", async () => {
    const { transport } = make();
    transport.watch(watcher());
    expect(await transport.graph("file:///unknown.yaml")).toBeNull();
  });

  it("follows a run from an event on, and hears pings", async () => {
    const world = make();
    const watching = watcher();
    world.transport.watch(watching);
    const got: number[] = [];
    world.transport.tail(RUN, 5, (from, events) => got.push(from, ...events.map((event) => event.seq)));
    await new Promise((resolve) => setImmediate(resolve));
    world.send(LOG.slice(4, 6));
    await until(() => got.length === 3);
    expect(got).toEqual([5, 5, 6]);
    const before = watching.heardCount();
    world.ping();
    await until(() => watching.heardCount() > before);
  });

  it("gives a refusal as a result and a broken connection as an error", async () => {
    const world = make();
    world.transport.watch(watcher());
    const answer = { kind: "human", value: "ship" };
    expect(await world.transport.act("answer", { run: RUN, gate: "g1", answer })).toEqual({ ok: false, reason: "closed" });
    expect(world.acts).toEqual([{ verb: "answer", params: { run: RUN, gate: "g1", answer } }]);
    await expect(world.transport.act("tell", { run: RUN, text: "x" })).rejects.toThrow("the server stopped");
  });
});

describe("the transport over http", () => {
  it("has one stream open, whatever is followed", async () => {
    const open: string[] = [];
    const world: HttpWorld = {
      token: "secret",
      keep: { load: () => null, save: () => undefined },
      setTitle: () => undefined,
      copy: () => undefined,
      later: () => new Promise(() => undefined),
      fetch: (input, init) => {
        open.push(input);
        return new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => {
            open.splice(open.indexOf(input), 1);
            reject(new Error("aborted"));
          });
        });
      },
    };
    const transport = httpTransport(world);
    const end = transport.watch(watcher());
    expect(open).toEqual(["/api/stream?"]);
    const endTail = transport.tail(RUN, 5, () => undefined);
    expect(open).toEqual([`/api/stream?run=${RUN}&from=5`]);
    endTail();
    expect(open).toEqual(["/api/stream?"]);
    end();
    expect(open).toEqual([]);
  });
});

describe("server-sent events", () => {
  it("come whole whatever the borders of the chunks are", () => {
    const text = "event: events\nid: 7\ndata: {\"a\":1}\n\n: keep-alive\n\nevent: ping\r\ndata: 1\r\n\r\n";
    for (let cut = 0; cut <= text.length; cut += 1) {
      const splitter = new EventSplitter();
      const events = [...splitter.push(text.slice(0, cut)), ...splitter.push(text.slice(cut))];
      expect(events.map((event) => event.event)).toEqual(["events", "ping", "ping"]);
      expect(events[0]).toEqual({ event: "events", data: '{"a":1}', id: "7" });
    }
  });
});
