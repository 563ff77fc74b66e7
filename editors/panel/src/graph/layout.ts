// Where the nodes and edges of one graph go. Forward edges by dagre, from the top
// down; back edges run in lanes of their own at the side, one lane per target.

import { Graph, layout as dagreLayout } from "@dagrejs/dagre";
import type { GraphEdgeView, GraphNodeView } from "../state/nodes";

/** Size of a node, in pixels at scale 1. */
export const NODE_WIDTH = 184;
/** Height of a node, in pixels at scale 1. */
export const NODE_HEIGHT = 48;
/** Size of the end mark. */
export const END_SIZE = 36;

/** A node with its centre. */
export interface PlacedNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An edge with its path and the place of its badge. */
export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  readonly back: boolean;
  readonly path: string;
  readonly badge: { readonly x: number; readonly y: number };
}

/** A laid out graph. */
export interface Layout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const LANE = 22;
const MARGIN = 16;
/** Height above and below a node in which a back edge may run. */
const GAP = 12;
/** From the lane of a step that leads to itself to its badge, which would cover the short line. */
const BESIDE = 32;
/** Half the width of a badge with a count of four digits. */
const BADGE = 30;

/** Text that changes exactly when the layout must be made again. */
export function layoutKey(nodes: readonly GraphNodeView[], edges: readonly GraphEdgeView[]): string {
  return JSON.stringify([nodes.map((node) => [node.id, node.kind === "end"]), edges.map((edge) => [edge.from, edge.to, edge.back])]);
}

/** Edges that close a cycle: those the server marks, and any left that a walk in node order finds. */
export function backEdges(nodes: readonly { readonly id: string }[], edges: readonly GraphEdgeView[]): Set<GraphEdgeView> {
  const back = new Set(edges.filter((edge) => edge.back || edge.from === edge.to));
  const out = new Map<string, GraphEdgeView[]>();
  for (const edge of edges) if (!back.has(edge)) out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
  const state = new Map<string, "open" | "done">();
  for (const root of nodes) {
    if (state.has(root.id)) continue;
    const stack: { readonly id: string; next: number }[] = [{ id: root.id, next: 0 }];
    state.set(root.id, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = out.get(top.id)?.[top.next];
      if (edge === undefined) {
        state.set(top.id, "done");
        stack.pop();
        continue;
      }
      top.next += 1;
      const seen = state.get(edge.to);
      if (seen === "open") back.add(edge);
      else if (seen === undefined) {
        state.set(edge.to, "open");
        stack.push({ id: edge.to, next: 0 });
      }
    }
  }
  return back;
}

/** Lays a graph out. */
export function layout(nodes: readonly GraphNodeView[], edges: readonly GraphEdgeView[]): Layout {
  const back = backEdges(nodes, edges);
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 40, edgesep: 14, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    graph.setNode(node.id, node.kind === "end" ? { width: END_SIZE * 2, height: END_SIZE } : { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  for (const edge of edges) if (!back.has(edge)) graph.setEdge(edge.from, edge.to, {});
  dagreLayout(graph);

  const placed = nodes.map((node): PlacedNode => {
    const at = graph.node(node.id) as PlacedNode;
    return { id: node.id, x: at.x, y: at.y, width: at.width, height: at.height };
  });
  const byId = new Map(placed.map((node) => [node.id, node]));
  const forward = edges.filter((edge) => !back.has(edge)).map((edge): PlacedEdge => {
    const points = (graph.edge(edge.from, edge.to) as { readonly points: readonly Point[] }).points;
    const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
    return { from: edge.from, to: edge.to, back: false, path: rounded(points, 10), badge: middle };
  });
  const sided = lanes([...back], byId, placed);
  const right = Math.max(0, ...placed.map((node) => node.x + node.width / 2), ...sided.map((edge) => edge.badge.x + BADGE));
  const bottom = Math.max(0, ...placed.map((node) => node.y + node.height / 2));
  return { nodes: placed, edges: [...forward, ...sided], width: right + MARGIN, height: bottom + MARGIN };
}

/** Back edges to one target share its lane; lanes that overlap in height lie side by side. */
function lanes(back: readonly GraphEdgeView[], byId: ReadonlyMap<string, PlacedNode>, nodes: readonly PlacedNode[]): PlacedEdge[] {
  const targets = new Map<string, GraphEdgeView[]>();
  for (const edge of back) targets.set(edge.to, [...(targets.get(edge.to) ?? []), edge]);
  const spans = [...targets.entries()].flatMap(([id, incoming]) => {
    const target = byId.get(id);
    if (target === undefined) return [];
    const sources = incoming.flatMap((edge) => byId.get(edge.from) ?? []);
    return [{ target, incoming, top: target.y, bottom: Math.max(target.y, ...sources.map((source) => source.y)) }];
  });
  // Short loops get the inner lanes, so that lanes do not cross.
  spans.sort((a, b) => a.bottom - a.top - (b.bottom - b.top));
  const taken: { readonly x: number; readonly top: number; readonly bottom: number }[] = [];
  return spans.flatMap(({ target, incoming, top, bottom }) => {
    const beside = nodes.filter((node) => node.y + node.height / 2 >= top - NODE_HEIGHT && node.y - node.height / 2 <= bottom + NODE_HEIGHT);
    let x = Math.max(...beside.map((node) => node.x + node.width / 2)) + LANE;
    while (taken.some((lane) => Math.abs(lane.x - x) < LANE && lane.top <= bottom + NODE_HEIGHT && lane.bottom >= top - NODE_HEIGHT)) x += LANE;
    taken.push({ x, top, bottom });
    return incoming.flatMap((edge): PlacedEdge[] => {
      const source = byId.get(edge.from);
      if (source === undefined) return [];
      const self = source === target;
      const start = leave(source, nodes, self);
      const arrive = enter(target, nodes);
      const [first, second] = [start.at(-1)?.y ?? source.y, arrive[0]?.y ?? target.y];
      const points = [...start, { x, y: first }, { x, y: second }, ...arrive];
      return [{ from: edge.from, to: edge.to, back: true, path: rounded(points, 10), badge: self ? { x: x + BESIDE, y: target.y } : { x, y: (first + second) / 2 } }];
    });
  });
}

/** Whether another node lies to the right in the same row. */
function blocked(node: PlacedNode, nodes: readonly PlacedNode[]): boolean {
  return nodes.some((other) => other.x > node.x && Math.abs(other.y - node.y) < node.height);
}

/** How a back edge gets out: to the right, or through the gap below where a neighbour is in the way. */
function leave(node: PlacedNode, nodes: readonly PlacedNode[], self: boolean): Point[] {
  if (!blocked(node, nodes)) return [{ x: node.x + node.width / 2, y: node.y + node.height * (self ? 0.3 : 0.2) }];
  const x = node.x + node.width * 0.35;
  return [{ x, y: node.y + node.height / 2 }, { x, y: node.y + node.height / 2 + GAP }];
}

/** How a back edge gets in: from the right, or through the gap above. */
function enter(node: PlacedNode, nodes: readonly PlacedNode[]): Point[] {
  if (!blocked(node, nodes)) return [{ x: node.x + node.width / 2, y: node.y - node.height * 0.2 }];
  const x = node.x + node.width * 0.35;
  return [{ x, y: node.y - node.height / 2 - GAP }, { x, y: node.y - node.height / 2 }];
}

/** A line through points with rounded corners. */
export function rounded(points: readonly Point[], radius: number): string {
  const first = points[0];
  if (first === undefined) return "";
  let path = `M${n(first.x)},${n(first.y)}`;
  for (let i = 1; i < points.length; i += 1) {
    const point = points[i];
    const before = points[i - 1];
    const after = points[i + 1];
    if (point === undefined || before === undefined) continue;
    if (after === undefined) {
      path += `L${n(point.x)},${n(point.y)}`;
      continue;
    }
    const a = toward(point, before, radius);
    const b = toward(point, after, radius);
    path += `L${n(a.x)},${n(a.y)}Q${n(point.x)},${n(point.y)} ${n(b.x)},${n(b.y)}`;
  }
  return path;
}

function toward(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return from;
  const share = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function n(value: number): number {
  return Math.round(value * 10) / 10;
}
