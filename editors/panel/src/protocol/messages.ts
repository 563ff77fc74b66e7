// Every message between a host (VS Code's extension) and the panel in its webview.
// Both sides import this file and nothing else of each other.

import type { ActResult, ActingVerbs, GraphDocument, RunsDocument, Snapshot, Verb } from "./documents";
import type { RunEvent } from "./events";

/** A call of an acting verb; the parameters follow the verb. */
export type Act = { [V in Verb]: { readonly verb: V; readonly params: ActingVerbs[V] } }[Verb];

/** What the panel asks; each is answered by exactly one `reply` with the same `id`. */
export type PanelRequest =
  | { readonly type: "runs"; readonly id: number }
  | { readonly type: "snapshot"; readonly id: number; readonly run: string }
  | { readonly type: "graph"; readonly id: number; readonly run?: string; readonly uri?: string }
  | ({ readonly type: "act"; readonly id: number } & Act);

/** What the panel tells. */
export type PanelNotice =
  | { readonly type: "ready" }
  | { readonly type: "tail"; readonly run: string; readonly from: number }
  | { readonly type: "untail"; readonly run: string }
  | { readonly type: "showing"; readonly run: string | null; readonly title: string; readonly waiting: number }
  | { readonly type: "reveal"; readonly file: string; readonly step: string | null; readonly line: number | null }
  | { readonly type: "openText"; readonly title: string; readonly text: string }
  | { readonly type: "copy"; readonly text: string };

/** Panel to host. */
export type FromPanel = PanelRequest | PanelNotice;

/** The value that answers a request. */
export type Reply = RunsDocument | Snapshot | GraphDocument | ActResult | null;

/** Host to panel. `ping` comes every second while the server can be reached. */
export type ToPanel =
  | { readonly type: "open"; readonly run: string | null; readonly step?: string; readonly gate?: string }
  | { readonly type: "reply"; readonly id: number; readonly ok: true; readonly value: Reply }
  | { readonly type: "reply"; readonly id: number; readonly ok: false; readonly error: string }
  | { readonly type: "events"; readonly run: string; readonly from: number; readonly events: readonly RunEvent[] }
  | { readonly type: "runsChanged" }
  | { readonly type: "ping"; readonly at: number };
