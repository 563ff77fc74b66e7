// The one attention bar: every open gate of the shown run, gates of other runs,
// and start requests. Never one slot; never hidden.

import type { JSX } from "preact";
import { Icon, StateIcon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import type { StartRequest } from "../protocol/documents";
import { childOf, type Gate } from "../protocol/gates";
import { innerWords, type RunModel } from "../state/model";
import type { Store } from "../state/store";
import { gateScope, shortRun } from "../state/summary";
import { age, middle } from "../text/format";

/** One decision that somebody waits for. */
export type Decision =
  | { readonly kind: "gate"; readonly id: string; readonly run: string; readonly gate: Gate; readonly since: number | null; readonly workflow: string }
  | { readonly kind: "start"; readonly id: string; readonly start: StartRequest; readonly since: number | null };

/** Place id of a start request's card. */
export function startPlace(start: string): string {
  return `start:${start}`;
}

/** All decisions: the shown run's first, in opening order, then choices, then other runs. */
export function decisions(store: Store): Decision[] {
  const out: Decision[] = [];
  const live = store.live;
  for (const open of live?.openGates ?? []) {
    out.push({ kind: "gate", id: open.gate.gate, run: live?.run ?? "", gate: open.gate, since: open.opened, workflow: live?.request.workflow ?? "" });
  }
  for (const start of store.list?.starts ?? []) out.push({ kind: "start", id: startPlace(start.start), start, since: time(start.created) });
  for (const run of store.list?.runs ?? []) {
    if (run.run === live?.run) continue;
    for (const gate of run.gates) if (!standsForOne(gate, live)) out.push({ kind: "gate", id: gate.gate, run: run.run, gate, since: null, workflow: run.workflow });
  }
  return out;
}

/** Whether a gate of another run stands for one of the run that is shown, which is there already. */
function standsForOne(gate: Gate, live: RunModel | null): boolean {
  const child = childOf(gate);
  return child !== null && child.run === live?.run && live.openGates.some((open) => open.gate.gate === child.gate);
}

function time(value: number | string | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  const at = new Date(value).getTime();
  return Number.isNaN(at) ? null : at;
}

const KIND_WORDS: Readonly<Record<Gate["kind"], string>> = {
  iteration_limit: "iteration limit",
  human: "your decision",
  questions: "questions",
  approval: "approval",
  permission: "permission",
};

/** The words for a gate's kind. */
export function gateKindWords(gate: Gate): string {
  return KIND_WORDS[gate.kind];
}

/** The attention bar; nothing while nobody waits. */
export function AttentionBar(): JSX.Element | null {
  const store = useStore();
  const all = decisions(store);
  if (all.length === 0) return null;
  const dates = all.flatMap((decision) => (decision.since === null ? [] : [decision.since]));
  const oldest = dates.length === 0 ? null : store.clock - Math.min(...dates);
  const shown = store.place.gate;
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "j" || event.key === "ArrowDown" || event.key === "ArrowRight" ? 1 : event.key === "k" || event.key === "ArrowUp" || event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <nav class="attention" aria-label="Decisions waiting">
      <p class="attention-count">
        <StateIcon state="waiting" />
        <strong>{all.length} {all.length === 1 ? "decision" : "decisions"} waiting</strong>
        {oldest !== null && <span> - {all.length > 1 ? "oldest " : ""}{age(oldest)}</span>}
      </p>
      <ul onKeyDown={move}>
        {all.map((decision) => {
          const here = decision.kind === "start" || decision.run === store.live?.run;
          const current = here && shown === decision.id && !store.place.collapsed;
          return (
            <li key={decision.kind === "start" ? decision.id : `${decision.run}/${decision.id}`}>
              <button type="button" class="attention-item" aria-current={current ? "true" : undefined} onClick={() => show(store, decision)}>
                {decision.kind === "start" ? <StartLabel start={decision.start} /> : <GateLabel decision={decision} here={here} />}
              </button>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function GateLabel({ decision, here }: { readonly decision: Extract<Decision, { kind: "gate" }>; readonly here: boolean }): JSX.Element {
  const { live } = useStore();
  const scope = gateScope(decision.gate, decision.workflow, live?.run === decision.run ? innerWords(live) : null);
  return (
    <>
      <span class="attention-kind">{gateKindWords(decision.gate)}</span>
      <span title={`${scope} › ${decision.gate.step}`}>{middle(decision.gate.path === "" ? `${scope} › ${decision.gate.step}` : scope, 48)}</span>
      {!here && <code>{shortRun(decision.run)}</code>}
    </>
  );
}

function StartLabel({ start }: { readonly start: StartRequest }): JSX.Element {
  return (
    <>
      <span class="attention-kind">start</span>
      <span>{middle(start.workflow, 40)}: an earlier run is in the way</span>
      <Icon name="right" />
    </>
  );
}

function show(store: Store, decision: Decision): void {
  if (decision.kind === "gate" && decision.run !== store.live?.run) {
    void store.open(decision.run).then(() => store.go({ gate: decision.id, collapsed: false }));
    return;
  }
  store.go({ gate: decision.id, collapsed: false, replay: null });
}
