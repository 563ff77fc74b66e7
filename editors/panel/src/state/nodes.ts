// What a step, a group, an edge or the run looks like: the seven states, derived
// from the folded log and the static graph. Pure; no rendering.

import type { GraphDocument, GraphEdge, GraphNode } from "../protocol/documents";
import { isCutOff, isOver, nodeKey, type Execution, type OpenGate, type RunModel } from "./model";
import { isWithin, parentPath } from "./paths";

/** The seven states of a place in a run. */
export type NodeState = "pending" | "running" | "waiting" | "done" | "failed" | "skipped" | "not_started" | "ended";

/** The words that go with the shapes. */
export const STATE_WORDS: Readonly<Record<NodeState, string>> = {
  pending: "pending",
  running: "running",
  waiting: "waiting for you",
  done: "done",
  failed: "failed",
  skipped: "skipped",
  not_started: "not started, the run ended",
  ended: "ended with the run",
};

/** Gates that hold an execution: its own, and those of what runs inside of it. */
export function gatesHolding(model: RunModel, execution: Execution): OpenGate[] {
  return model.openGates.filter((open) => open.gate.path === execution.path || isWithin(open.gate.path, execution.path));
}

/** State of one execution. */
export function executionState(model: RunModel, execution: Execution): NodeState {
  switch (execution.status) {
    case "completed":
      return "done";
    case "failed":
      // Nothing is wrong with what somebody has cancelled.
      return model.status === "cancelled" && isCutOff(execution.error) ? "ended" : "failed";
    case "skipped":
      return "skipped";
    case "running":
      if (execution.cutOff) return model.status === "cancelled" ? "ended" : "failed";
      return gatesHolding(model, execution).length > 0 ? "waiting" : "running";
  }
}

/** State of a step in a workflow: that of its newest execution, or of the gate before it. */
export function stepState(model: RunModel, frame: string, step: string): NodeState {
  if (model.openGates.some((open) => open.frame === frame && open.gate.step === step)) return "waiting";
  const rows = model.byNode.get(nodeKey(frame, step));
  // The rounds of a loop are in it: how it stands is said by its own execution.
  const last = rows?.findLast((row) => !row.inner);
  if (last === undefined) return isOver(model) ? "not_started" : "pending";
  if (last.kind === "item" || (rows !== undefined && rows.length > 1 && rows.some((row) => row.status === "running" && !row.cutOff))) return combine(model, rows ?? []);
  return executionState(model, last);
}

function combine(model: RunModel, rows: readonly Execution[]): NodeState {
  const states = new Set(rows.map((row) => executionState(model, row)));
  for (const state of ["waiting", "running", "failed", "ended", "done"] as const) if (states.has(state)) return state;
  return "skipped";
}

/** A node of the graph as it is drawn. */
export interface GraphNodeView {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly line: number | null;
  readonly state: NodeState;
  readonly runs: number;
  readonly elapsed: number | null;
  readonly running: boolean;
  readonly startedAt: number | null;
  readonly inner: string | null;
  /** Path of the sub-workflow that can be entered here, if it has started. */
  readonly frame: string | null;
}

/** An edge of the graph as it is drawn. */
export interface GraphEdgeView {
  readonly from: string;
  readonly to: string;
  readonly back: boolean;
  readonly label: string | null;
  readonly taken: number;
}

/** One workflow's graph with its states. */
export interface GraphView {
  readonly nodes: readonly GraphNodeView[];
  readonly edges: readonly GraphEdgeView[];
  readonly derived: boolean;
}

/** The place where every route ends. */
export const END = "$end";

/** The graph of one frame: the static one where there is one, else what the log shows. */
export function graphView(model: RunModel, frame: string, graph: GraphDocument | null): GraphView {
  const base = graph ?? deriveGraph(model, frame);
  const known = new Set(base.nodes.map((node) => node.id));
  const edges = new Map<string, GraphEdgeView>();
  const dag = model.request.dialect === "archon";
  for (const edge of base.edges) {
    const id = `${edge.from}\n${edge.to}`;
    const label = edge.label ?? edge.when ?? null;
    const other = edges.get(id);
    if (other === undefined) edges.set(id, { from: edge.from, to: edge.to, back: edge.back ?? false, label, taken: dag ? dagTaken(model, frame, edge) : (model.edges.get(`${frame}\n${id}`)?.count ?? 0) });
    else if (label !== null && other.label !== label) edges.set(id, { ...other, label: other.label === null ? label : `${other.label} or ${label}` });
  }
  const nodes = [...base.nodes];
  if (!known.has(END) && [...edges.values()].some((edge) => edge.to === END)) nodes.push({ id: END, kind: "end", label: "end" });
  const routed = new Set([...edges.values()].flatMap((edge) => [edge.from, edge.to]));
  // A member of a group has no place of its own among the routes: its group counts it.
  const inside = new Set(base.nodes.flatMap((node) => node.members ?? []).filter((id) => !routed.has(id)));
  const drawn = nodes.filter((node) => !inside.has(node.id));
  const present = new Set(drawn.map((node) => node.id));
  return {
    nodes: drawn.map((node) => nodeView(model, frame, node)),
    edges: [...edges.values()].filter((edge) => present.has(edge.from) && present.has(edge.to)),
    derived: graph === null,
  };
}

/** How often an edge of a graph without routes was gone: a dependency once both ends say so, a loop once for each further round. */
function dagTaken(model: RunModel, frame: string, edge: GraphEdge): number {
  const rows = (id: string): readonly Execution[] => (model.byNode.get(nodeKey(frame, id)) ?? []).filter((row) => !row.inner);
  if (edge.back === true) return Math.max(0, (rows(edge.from).at(-1)?.loop?.round ?? 1) - 1);
  const reached = edge.to === END ? model.status === "completed" : rows(edge.to).some((row) => row.status !== "skipped");
  return reached && rows(edge.from).some((row) => row.status === "completed") ? 1 : 0;
}

function nodeView(model: RunModel, frame: string, node: GraphNode): GraphNodeView {
  const label = node.label ?? node.id;
  const line = node.line ?? null;
  if (node.id === END || node.kind === "end") {
    return { id: node.id, kind: "end", label: node.id === END ? "end" : label, line, state: endState(model, frame), runs: 0, elapsed: null, running: false, startedAt: null, inner: null, frame: null };
  }
  const rows = model.byNode.get(nodeKey(frame, node.id)) ?? [];
  const last = rows.findLast((row) => !row.inner);
  const state = stepState(model, frame, node.id);
  const items = rows.filter((row) => row.kind === "item").length;
  const rounds = rows.filter((row) => row.inner).length;
  return {
    id: node.id, kind: node.kind, label, line, state,
    runs: rounds > 0 ? rounds : rows.length - items,
    // What waits or runs never shows how long an older round took.
    elapsed: state === "waiting" || state === "running" ? null : (last?.elapsed ?? null),
    running: state === "running",
    startedAt: state === "running" ? (last?.started ?? null) : null,
    inner: last?.loop === undefined || last.loop === null ? (items > 0 ? `${items} items` : membersText(model, last ?? null, node)) : `round ${last.loop.round} of ${last.loop.max}`,
    frame: last !== undefined && model.frames.has(last.path) && last.path !== "" ? last.path : null,
  };
}

function membersText(model: RunModel, group: Execution | null, node: GraphNode): string | null {
  // How many items a for_each has is known only once it has started.
  const members = group?.members ?? node.members?.length ?? 0;
  if (members === 0 || (group === null && node.kind === "for_each")) return null;
  if (group === null) return `${members} members`;
  const done = model.executions.filter((each) => each.status !== "running" && each.path !== group.path && parentPath(each.path) === group.path).length;
  return `${Math.min(done, members)} of ${members}`;
}

function endState(model: RunModel, frame: string): NodeState {
  if (frame !== "") {
    const owner = model.byPath.get(frame);
    if (owner === undefined) return "pending";
    const state = executionState(model, owner);
    return state === "running" || state === "waiting" ? "pending" : state;
  }
  if (model.status === "completed") return "done";
  if (model.status === "failed") return "failed";
  return model.status === "cancelled" ? "not_started" : "pending";
}

/** A graph from the log alone: steps in order of first start, edges as taken. */
export function deriveGraph(model: RunModel, frame: string): GraphDocument {
  const order = new Map<string, GraphNode>();
  const see = (id: string, kind: string): void => {
    const known = order.get(id);
    if (known === undefined) order.set(id, { id, kind, label: id });
    else if (known.kind === "" && kind !== "") order.set(id, { id, kind, label: id });
  };
  for (const execution of model.executions) if (execution.frame === frame) see(execution.step, execution.kind);
  const edges: GraphEdge[] = [];
  const index = new Map([...order.keys()].map((id, i) => [id, i]));
  for (const edge of model.edges.values()) {
    if (edge.frame !== frame) continue;
    if (edge.to !== END && !order.has(edge.to)) see(edge.to, "");
    const from = index.get(edge.from);
    const to = index.get(edge.to);
    edges.push({ from: edge.from, to: edge.to, back: from !== undefined && to !== undefined && to <= from });
  }
  return { nodes: [...order.values()], edges };
}

/** A place that shows where a failed run failed; never the next step of a limit stop. */
export function failedPlaces(model: RunModel): Execution[] {
  if (model.status !== "failed") return [];
  return model.executions.filter((execution) => !execution.invalidated && isNewest(model, execution) && executionState(model, execution) === "failed");
}

function isNewest(model: RunModel, execution: Execution): boolean {
  const rows = model.byNode.get(nodeKey(execution.frame, execution.step));
  return rows?.findLast((row) => row.inner === execution.inner) === execution;
}
