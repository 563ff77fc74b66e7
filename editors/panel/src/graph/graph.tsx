// The graph of one workflow: nodes as buttons, taken edges, back edges with their
// counts. The camera follows what runs or waits until the reader pans.

import { select } from "d3-selection";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3-zoom";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { StateShape } from "../parts/icons";
import { END, STATE_WORDS, type GraphEdgeView, type GraphNodeView, type GraphView } from "../state/nodes";
import { duration, middle } from "../text/format";
import { layout, layoutKey, type Layout, type PlacedEdge, type PlacedNode } from "./layout";

/** Node text is 12 px; below this scale it would be smaller than 11. */
export const MIN_SCALE = 11 / 12;
const MAX_FIT = 1.2;
/** Letters of a node's name that fit in one line. */
const LABEL = 18;

/** What the graph is given. */
export interface GraphProps {
  readonly view: GraphView;
  readonly name: string;
  readonly now: number;
  readonly selected: string | null;
  readonly follow: boolean;
  readonly onSelect: (id: string) => void;
  readonly onEnter: (frame: string) => void;
  readonly onPan: () => void;
}

/** The node that the camera follows: what waits, else what runs, else what failed. */
export function focusOf(nodes: readonly GraphNodeView[]): string | null {
  for (const state of ["waiting", "running", "failed"] as const) {
    const node = nodes.find((candidate) => candidate.state === state && candidate.id !== END);
    if (node !== undefined) return node.id;
  }
  return null;
}

/** Scale and offset that show as much as possible, around the focus where not all fits. */
export function camera(placed: Layout, focus: PlacedNode | null, width: number, height: number): { readonly x: number; readonly y: number; readonly k: number } {
  const fit = Math.min(width / placed.width, height / placed.height);
  const k = Math.max(MIN_SCALE, Math.min(MAX_FIT, fit));
  const along = (content: number, room: number, at: number | null): number => {
    if (content * k <= room) return (room - content * k) / 2;
    const wanted = room / 2 - (at ?? 0) * k;
    return Math.min(0, Math.max(room - content * k, at === null ? 0 : wanted));
  };
  return { x: along(placed.width, width, focus?.x ?? null), y: along(placed.height, height, focus?.y ?? null), k };
}

/** The graph. */
export function Graph(props: GraphProps): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const [transform, setTransform] = useState({ x: 0, y: 0, k: 1 });
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const behavior = useRef<ZoomBehavior<SVGSVGElement, unknown> | null>(null);
  const onPan = useRef(props.onPan);
  onPan.current = props.onPan;
  const key = layoutKey(props.view.nodes, props.view.edges);
  const placed = useMemo(() => layout(props.view.nodes, props.view.edges), [key]);
  const nodeAt = useMemo(() => new Map(placed.nodes.map((node) => [node.id, node])), [placed]);
  const focus = focusOf(props.view.nodes);

  useEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    const zooming = zoom<SVGSVGElement, unknown>()
      .scaleExtent([0.3, 3])
      .filter((event: Event) => !(event instanceof WheelEvent) || event.ctrlKey || event.metaKey)
      .on("zoom", (event: D3ZoomEvent<SVGSVGElement, unknown>) => {
        const { x, y, k } = event.transform;
        setTransform({ x, y, k });
        if (event.sourceEvent !== null && event.sourceEvent !== undefined) onPan.current();
      });
    behavior.current = zooming;
    const selection = select(element);
    selection.call(zooming).on("dblclick.zoom", null);
    const wheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      onPan.current();
      selection.call(zooming.translateBy, -event.deltaX, -event.deltaY);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", wheel);
      selection.on(".zoom", null);
    };
  }, []);

  useLayoutEffect(() => {
    const element = svg.current;
    if (!props.follow || element === null || behavior.current === null || room.width === 0) return;
    const at = camera(placed, focus === null ? null : (nodeAt.get(focus) ?? null), room.width, room.height);
    select(element).call(behavior.current.transform, zoomIdentity.translate(at.x, at.y).scale(at.k));
  }, [props.follow, placed, focus, room, nodeAt]);

  const edges = new Map(props.view.edges.map((edge) => [`${edge.from}\n${edge.to}`, edge]));
  // Taken edges lie above the others where two share a lane.
  const drawn = [...placed.edges].sort((a, b) => Number(isTaken(edges, a)) - Number(isTaken(edges, b)));
  return (
    <svg ref={svg} class="graph" role="group" aria-label={`Graph of ${props.name}`}>
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse">
          <path d="M0 0.6L7.4 4 0 7.4z" class="arrow" />
        </marker>
        <marker id="arrow-taken" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse">
          <path d="M0 0.6L7.4 4 0 7.4z" class="arrow-taken" />
        </marker>
      </defs>
      <g transform={`translate(${transform.x},${transform.y}) scale(${transform.k})`}>
        <g aria-hidden="true">
          {drawn.map((edge) => <EdgeLine key={`${edge.from} ${edge.to}`} edge={edge} view={edges.get(`${edge.from}\n${edge.to}`)} />)}
        </g>
        {props.view.nodes.map((node) => {
          const at = nodeAt.get(node.id);
          return at === undefined ? null : <NodeBox key={node.id} node={node} at={at} now={props.now} selected={props.selected === node.id} onSelect={props.onSelect} onEnter={props.onEnter} />;
        })}
        <g aria-hidden="true">
          {placed.edges.map((edge) => <EdgeBadge key={`${edge.from} ${edge.to}`} edge={edge} view={edges.get(`${edge.from}\n${edge.to}`)} />)}
        </g>
      </g>
    </svg>
  );
}

function isTaken(edges: ReadonlyMap<string, GraphEdgeView>, edge: PlacedEdge): boolean {
  return (edges.get(`${edge.from}\n${edge.to}`)?.taken ?? 0) > 0;
}

interface EdgeProps {
  readonly edge: PlacedEdge;
  readonly view: GraphEdgeView | undefined;
}

function EdgeLine({ edge, view }: EdgeProps): JSX.Element {
  const taken = (view?.taken ?? 0) > 0;
  return (
    <path d={edge.path} class={`edge${taken ? " taken" : ""}${edge.back ? " back" : ""}`} marker-end={taken ? "url(#arrow-taken)" : "url(#arrow)"}>
      {view?.label !== null && view?.label !== undefined && <title>{`${edge.from} to ${edge.to}: ${view.label}`}</title>}
    </path>
  );
}

function EdgeBadge({ edge, view }: EdgeProps): JSX.Element | null {
  const taken = view?.taken ?? 0;
  if (taken < 2) return null;
  const text = `×${taken}`;
  const width = 12 + text.length * 7;
  return (
    <g transform={`translate(${edge.badge.x},${edge.badge.y})`} class="badge">
      <rect x={-width / 2} y={-9} width={width} height={18} rx={9} />
      <text text-anchor="middle" dy="4">{text}</text>
    </g>
  );
}

interface NodeProps {
  readonly node: GraphNodeView;
  readonly at: PlacedNode;
  readonly now: number;
  readonly selected: boolean;
  readonly onSelect: (id: string) => void;
  readonly onEnter: (frame: string) => void;
}

/** "patch, script, running, round 4, 1.5 s". */
export function nodeName(node: GraphNodeView, now: number): string {
  const time = node.startedAt === null ? node.elapsed : now - node.startedAt;
  return [node.label, node.kind, STATE_WORDS[node.state], node.inner ?? (node.runs > 1 ? `round ${node.runs}` : null), time === null ? null : duration(time)].filter((part) => part !== null && part !== "").join(", ");
}

function NodeBox({ node, at, now, selected, onSelect, onEnter }: NodeProps): JSX.Element {
  const x = at.x - at.width / 2;
  const y = at.y - at.height / 2;
  const classes = `node node-${node.state}${selected ? " selected" : ""}${node.frame === null ? "" : " container"}`;
  if (node.kind === "end") {
    return (
      <g class={`${classes} end`} transform={`translate(${x},${y})`} role="img" aria-label={`end, ${STATE_WORDS[node.state]}`}>
        <rect width={at.width} height={at.height} rx={at.height / 2} />
        <StateShape state={node.state} x={12} y={10} />
        <text x={34} y={22}>{node.label}</text>
      </g>
    );
  }
  const time = node.startedAt === null ? node.elapsed : now - node.startedAt;
  // There is room for one of both: what a node is, or how far it has come.
  const quiet = node.inner === null ? node.kind : null;
  const word = node.state === "done" || node.state === "pending" ? quiet : node.state === "not_started" ? "not started" : node.state === "ended" ? "ended" : node.state === "waiting" && node.inner !== null ? "waiting" : STATE_WORDS[node.state];
  const second = [word, node.inner ?? (node.runs > 1 ? `×${node.runs}` : null), time === null ? null : duration(time)].filter((part) => part !== null && part !== "").join(" · ");
  return (
    <g
      class={classes}
      transform={`translate(${x},${y})`}
      role="button"
      tabIndex={0}
      aria-label={nodeName(node, now)}
      aria-pressed={selected}
      data-step={node.id}
      onClick={() => onSelect(node.id)}
      onDblClick={() => node.frame !== null && onEnter(node.frame)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onSelect(node.id);
      }}
    >
      <title>{node.label}</title>
      {node.frame !== null && <rect class="behind" x={4} y={4} width={at.width} height={at.height} rx={6} />}
      <rect class="box" width={at.width} height={at.height} rx={6} />
      <StateShape state={node.state} x={10} y={16} />
      <text class="label" aria-hidden="true" x={34} y={20}>{middle(node.label, LABEL)}</text>
      <text class="sub" aria-hidden="true" x={34} y={36}>{middle(second, LABEL + 4)}</text>
    </g>
  );
}
