// The transport of a webview: messages to the host and back. The host does what
// the messages say and knows no more of the panel than `protocol/messages.ts`.

import type { ActResult, ActingVerbs, GraphDocument, Snapshot, Verb } from "../protocol/documents";
import type { Act, FromPanel, PanelRequest, Reply, ToPanel } from "../protocol/messages";
import { readRuns } from "../protocol/read";
import type { OnEvents, Transport, Watcher } from "./transport";

/** What VS Code gives a webview. */
export interface HostApi {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Where the host's messages arrive: the window, or a stand-in. */
export interface MessageSource {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

type Waiting = { readonly resolve: (value: Reply) => void; readonly reject: (error: Error) => void };
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

/** A transport over a host's messages. */
export function webviewTransport(host: HostApi, source: MessageSource): Transport {
  const waiting = new Map<number, Waiting>();
  const tails = new Map<string, OnEvents>();
  let watcher: Watcher | null = null;
  let next = 1;

  const receive = (event: MessageEvent): void => {
    const message = event.data as ToPanel;
    switch (message.type) {
      case "ping":
        watcher?.heard();
        return;
      case "reply": {
        const request = waiting.get(message.id);
        waiting.delete(message.id);
        watcher?.heard();
        if (message.ok) request?.resolve(message.value);
        else request?.reject(new Error(message.error));
        return;
      }
      case "events":
        watcher?.heard();
        tails.get(message.run)?.(message.from, message.events);
        return;
      case "runsChanged":
        watcher?.runsChanged();
        return;
      case "open":
        watcher?.open(message.run, message.step ?? null, message.gate ?? null);
        return;
    }
  };

  const ask = (request: WithoutId<PanelRequest>): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const id = next;
      next += 1;
      waiting.set(id, { resolve, reject });
      host.postMessage({ ...request, id } as PanelRequest);
    });

  return {
    kind: "webview",
    watch(given) {
      watcher = given;
      source.addEventListener("message", receive);
      host.postMessage({ type: "ready" });
      return () => {
        source.removeEventListener("message", receive);
        watcher = null;
      };
    },
    runs: async () => readRuns(await ask({ type: "runs" })),
    snapshot: (run) => ask({ type: "snapshot", run }) as Promise<Snapshot>,
    graph: (uri) => ask({ type: "graph", uri }) as Promise<GraphDocument | null>,
    tail(run, from, onEvents) {
      tails.set(run, onEvents);
      host.postMessage({ type: "tail", run, from });
      return () => {
        if (tails.get(run) !== onEvents) return;
        tails.delete(run);
        host.postMessage({ type: "untail", run });
      };
    },
    act: <V extends Verb>(verb: V, params: ActingVerbs[V]) => ask({ type: "act", verb, params } as Act & { readonly type: "act" }) as Promise<ActResult>,
    showing: (run, title, count) => host.postMessage({ type: "showing", run, title, waiting: count }),
    reveal: (file, step, line) => host.postMessage({ type: "reveal", file, step, line }),
    openText: (title, text) => host.postMessage({ type: "openText", title, text }),
    copy: (text) => host.postMessage({ type: "copy", text }),
    keep: { load: () => host.getState(), save: (state) => host.setState(state) },
  };
}
