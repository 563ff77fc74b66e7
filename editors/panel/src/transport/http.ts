// The transport of `fermata panel`: fetch with the token as a header.
//
//   GET  /api/runs               {runs, starts} (starts may also be served at /api/starts)
//   GET  /api/runs/{id}          the run whole, with `last`
//   GET  /api/runs/{id}/events?from=&limit=   {events, last}
//   GET  /api/graph?run= | ?uri= the static graph; 404 where there is none
//   GET  /api/stream?run=&from=  server-sent events: `events` {run, from, events},
//                                `runs` (the list or a start request changed), `ping` every second
//   POST /api/{verb}             the verb's parameters as one object; a refusal is a result

import type { ActResult, ActingVerbs, GraphDocument, RunsDocument, Verb } from "../protocol/documents";
import type { RunEvent } from "../protocol/events";
import { readRuns } from "../protocol/read";
import { EventSplitter, type ServerSent } from "./sse";
import type { Keep, OnEvents, Transport, Watcher } from "./transport";

/** What the transport needs from a browser; tests give their own. */
export interface HttpWorld {
  readonly fetch: (input: string, init?: RequestInit) => Promise<Response>;
  readonly token: string;
  readonly keep: Keep;
  readonly setTitle: (title: string) => void;
  readonly copy: (text: string) => void;
  /** Waits before a broken stream is opened again, in ms. */
  readonly later: (ms: number) => Promise<void>;
}

const PAGE = 2000;

/** A transport over HTTP. */
export function httpTransport(world: HttpWorld): Transport {
  let watcher: Watcher | null = null;
  /** Ends the stream that carries nothing but signs of change. */
  let endSignals: (() => void) | null = null;
  let tails = 0;
  const headers = { Authorization: `Bearer ${world.token}` };

  const get = async (path: string): Promise<unknown> => {
    const response = await world.fetch(path, { headers });
    watcher?.heard();
    if (response.status === 401 || response.status === 403) throw new Error("The server did not accept this page's token. Open the address that `fermata panel` prints again.");
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  };

  const stream = (query: () => string, onEvent: (event: ServerSent) => void): (() => void) => {
    const abort = new AbortController();
    const read = async (): Promise<void> => {
      const response = await world.fetch(`/api/stream?${query()}`, { headers: { ...headers, Accept: "text/event-stream" }, signal: abort.signal });
      if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`);
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const splitter = new EventSplitter();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        watcher?.heard();
        for (const event of splitter.push(decoder.decode(value, { stream: true }))) onEvent(event);
      }
    };
    const loop = async (): Promise<void> => {
      let wait = 250;
      while (!abort.signal.aborted) {
        try {
          await read();
          wait = 250;
        } catch {
          // The connection state says so by the missing pings; here we only try again.
        }
        if (abort.signal.aborted) return;
        await world.later(wait);
        wait = Math.min(wait * 2, 5000);
      }
    };
    void loop();
    return () => abort.abort();
  };

  const changed = (event: ServerSent): void => {
    if (event.event === "runs" || event.event === "starts") watcher?.runsChanged();
  };

  // A browser opens six connections to one place, for all its tabs together: a page has
  // one stream, and that of a followed run carries the signs of change as well.
  const listen = (): void => {
    const wanted = watcher !== null && tails === 0;
    if (wanted && endSignals === null) endSignals = stream(() => "", changed);
    if (!wanted) {
      endSignals?.();
      endSignals = null;
    }
  };

  return {
    kind: "http",
    watch(given) {
      watcher = given;
      listen();
      return () => {
        watcher = null;
        listen();
      };
    },
    async runs() {
      const document = (await get("/api/runs")) as Partial<RunsDocument>;
      return document.starts === undefined ? readRuns({ ...document, ...((await get("/api/starts")) as object) }) : readRuns(document);
    },
    async snapshot(run) {
      const id = encodeURIComponent(run);
      const events: RunEvent[] = [];
      for (;;) {
        const page = (await get(`/api/runs/${id}/events?from=${events.length + 1}&limit=${PAGE}`)) as { readonly events: readonly RunEvent[]; readonly last: number };
        events.push(...page.events);
        if (page.events.length === 0 || events.length >= page.last) break;
      }
      const graph = await get(`/api/graph?run=${id}`).then((value) => value as GraphDocument, () => null);
      return { events, last: events.length, graph };
    },
    graph: (uri) => get(`/api/graph?uri=${encodeURIComponent(uri)}`).then((value) => value as GraphDocument, () => null),
    tail(run: string, from: number, onEvents: OnEvents) {
      let next = from;
      tails += 1;
      const end = stream(
        () => `run=${encodeURIComponent(run)}&from=${next}`,
        (event) => {
          changed(event);
          if (event.event !== "events") return;
          const batch = JSON.parse(event.data) as { readonly run: string; readonly from: number; readonly events: readonly RunEvent[] };
          if (batch.run !== run) return;
          onEvents(batch.from, batch.events);
          next = Math.max(next, (batch.events.at(-1)?.seq ?? next - 1) + 1);
        },
      );
      listen();
      return () => {
        end();
        tails -= 1;
        listen();
      };
    },
    async act<V extends Verb>(verb: V, params: ActingVerbs[V]): Promise<ActResult> {
      const response = await world.fetch(`/api/${verb}`, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(params) });
      watcher?.heard();
      const text = await response.text();
      try {
        return JSON.parse(text) as ActResult;
      } catch {
        return { ok: false, reason: text === "" ? `the server answered ${response.status}` : text };
      }
    },
    showing: (_run, title, waiting) => world.setTitle(waiting > 0 ? `(${waiting}) waiting - ${title}` : title),
    reveal: null,
    openText: null,
    copy: world.copy,
    keep: world.keep,
  };
}
