// The outline: the same run as the graph, as a tree of executions with their
// rounds and durations. Only the visible rows exist.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { StateIcon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import { VirtualList } from "../parts/virtual-list";
import { countsRounds } from "../protocol/gates";
import type { Execution, OpenGate, RunModel } from "../state/model";
import { STATE_WORDS, executionState, type NodeState } from "../state/nodes";
import { lastSegment, parentPath } from "../state/paths";
import { duration, middle } from "../text/format";
import { gateKindWords } from "./attention-bar";

/** Height of a row in pixels. */
export const ROW = 28;

/** One line of the outline. */
export type OutlineRow =
  | { readonly kind: "execution"; readonly key: string; readonly depth: number; readonly execution: Execution }
  | { readonly kind: "gate"; readonly key: string; readonly depth: number; readonly open: OpenGate };

/** The rows: each execution under the one whose path is above it, in order of start. */
export function outlineRows(model: RunModel): OutlineRow[] {
  const children = new Map<string, Execution[]>();
  const roots: Execution[] = [];
  for (const execution of model.executions) {
    let parent = parentPath(execution.path);
    while (parent !== "" && !model.byPath.has(parent)) parent = parentPath(parent);
    if (parent === "") roots.push(execution);
    else children.set(parent, [...(children.get(parent) ?? []), execution]);
  }
  const rows: OutlineRow[] = [];
  const limits = model.openGates.filter((open) => open.gate.kind === "iteration_limit" && !countsRounds(open.gate));
  const add = (execution: Execution, depth: number): void => {
    rows.push({ kind: "execution", key: execution.key, depth, execution });
    if (model.byPath.get(execution.path) !== execution) return;
    for (const child of children.get(execution.path) ?? []) add(child, depth + 1);
    for (const open of limits) if (open.frame === execution.path && execution.path !== "") rows.push({ kind: "gate", key: `gate ${open.gate.gate}`, depth: depth + 1, open });
  };
  for (const execution of roots) add(execution, 0);
  for (const open of limits) if (open.frame === "") rows.push({ kind: "gate", key: `gate ${open.gate.gate}`, depth: 0, open });
  return rows;
}

/** The outline. */
export function Outline({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useStore();
  const rows = useMemo(() => outlineRows(model), [model, model.executions.length, model.openGates, model.lastSeq]);
  const selected = rows.findIndex((row) => (row.kind === "execution" ? row.execution.path === store.place.selected : row.open.gate.gate === store.place.gate && store.place.selected === null));
  const active = rows.findIndex((row) => row.kind === "gate" || executionState(model, row.execution) === "running");
  const follow = store.place.follow ? (rows.length === 0 ? null : active >= 0 ? active : rows.length - 1) : null;
  const pick = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    if (row.kind === "gate") store.go({ gate: row.open.gate.gate, collapsed: false });
    else store.go({ selected: row.execution.path, follow: false });
  };
  if (rows.length === 0) return <p class="empty">No step has started yet.</p>;
  return (
    <VirtualList
      class="outline"
      count={rows.length}
      rowHeight={ROW}
      reveal={selected >= 0 && !store.place.follow ? selected : follow}
      attributes={{
        role: "tree",
        tabIndex: 0,
        "aria-label": "Steps in the order they started",
        "aria-activedescendant": selected >= 0 ? `row-${selected}` : undefined,
        onKeyDown: (event) => {
          const step = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
          const to = event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : step === 0 ? null : Math.min(rows.length - 1, Math.max(0, selected + step));
          if (to === null) return;
          event.preventDefault();
          pick(to);
        },
      }}
      row={(index) => <Row model={model} row={rows[index]} index={index} total={rows.length} selected={index === selected} now={store.clock} onPick={pick} />}
    />
  );
}

interface RowProps {
  readonly model: RunModel;
  readonly row: OutlineRow | undefined;
  readonly index: number;
  readonly total: number;
  readonly selected: boolean;
  readonly now: number;
  readonly onPick: (index: number) => void;
}

function Row({ model, row, index, total, selected, now, onPick }: RowProps): JSX.Element {
  if (row === undefined) return <div />;
  const { depth } = row;
  const state: NodeState = row.kind === "gate" ? "waiting" : executionState(model, row.execution);
  const name = row.kind === "gate" ? row.open.gate.step : rowName(row.execution);
  const words = row.kind === "gate" ? `${gateKindWords(row.open.gate)} ${row.open.gate.current_iteration ?? ""}/${row.open.gate.max_iterations ?? ""}` : rowWords(row.execution, state);
  const time = row.kind === "gate" ? now - row.open.opened : (row.execution.elapsed ?? (row.execution.ended ?? now) - row.execution.started);
  return (
    <div
      id={`row-${index}`}
      class={`outline-row row-${state}${selected ? " selected" : ""}${row.kind === "execution" && row.execution.invalidated ? " dim" : ""}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={index + 1}
      aria-setsize={total}
      aria-selected={selected}
      style={{ paddingInlineStart: `${10 + Math.min(depth, 8) * 18}px` }}
      onClick={() => onPick(index)}
    >
      <StateIcon state={state} />
      <span class="outline-name" title={name}>{middle(name, 44)}</span>
      <span class="outline-words">{words}</span>
      <span class="outline-time">{state === "skipped" ? "" : duration(time)}</span>
    </div>
  );
}

function rowName(execution: Execution): string {
  const item = itemKey(execution);
  if (execution.inner) return `round ${execution.round}`;
  return item === null ? execution.step : execution.kind === "item" ? `item ${item}` : `${execution.step}, item ${item}`;
}

function itemKey(execution: Execution): string | null {
  return execution.path.endsWith("]") ? (lastSegment(execution.path)?.item ?? null) : null;
}

function rowWords(execution: Execution, state: NodeState): string {
  const parts = [
    execution.round > 1 && !execution.inner ? `round ${execution.round}` : null,
    execution.attempt > 1 ? `attempt ${execution.attempt}` : null,
    execution.loop === null ? null : `round ${execution.loop.round} of ${execution.loop.max}`,
    state === "done" ? null : execution.cutOff ? "cut off" : STATE_WORDS[state],
    execution.invalidated ? "set aside" : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? execution.kind : parts.join(", ");
}
