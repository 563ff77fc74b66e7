// The run in words: status, progress, cycle rounds, order of decisions. Pure.

import type { GraphDocument } from "../protocol/documents";
import { countsRounds, limitEvidence, type Gate, type Json } from "../protocol/gates";
import type { RoundCost } from "./answers";
import { asObject, isOver, innerWords, nodeKey, type Execution, type RunModel } from "./model";
import { describePath, itemOf, parentPath, type InnerWord } from "./paths";

/** How the run stands, as one word and its cause. */
export function statusWords(model: RunModel): { readonly word: string; readonly detail: string | null } {
  if (!isOver(model) && model.abortRequested) return { word: "aborting", detail: null };
  if (!isOver(model) && model.stopRequested) return { word: "stopping", detail: null };
  switch (model.status) {
    case "queued":
      return { word: "queued", detail: null };
    case "running":
      return { word: "running", detail: null };
    case "waiting":
      return { word: "waiting for you", detail: model.parked ? "parked" : null };
    case "completed":
      return { word: "completed", detail: model.outcome };
    case "failed":
      return { word: "failed", detail: model.cause === null ? null : causeWords(model.cause) };
    case "cancelled":
      return { word: "cancelled", detail: model.endReason };
  }
}

/** A cause without its underscores. */
export function causeWords(cause: string): string {
  return cause.replaceAll("_", " ");
}

const SKIPPED: Readonly<Record<string, string>> = {
  when_condition: "its condition is false",
  when_condition_parse_error: "its condition cannot be read",
  trigger_rule: "what it waits for did not end as its trigger rule asks",
};

/** Why a step was skipped, in words where the engine has one word. */
export function skipWords(reason: string): string {
  return SKIPPED[reason] ?? reason.replaceAll("_", " ");
}

/** What may be done next with a run that ended. */
export function nextActionHint(model: RunModel): string | null {
  if (model.status === "failed") return "Everything that finished is kept. Resume goes on from here.";
  if (model.status === "cancelled") return "Cancelled for good. Run again starts from the beginning.";
  return null;
}

/** "17 steps run, limit 20"; for a workflow without loops also how many there are. Never a fraction over 1. */
export function progressText(model: RunModel, graph: GraphDocument | null): string {
  if (model.request.dialect === "archon" && model.stepCount !== null) {
    // Every node has one end, however many rounds a loop goes.
    const ended = model.executions.filter((execution) => execution.frame === "" && !execution.path.includes("/") && !execution.inner && (execution.status === "completed" || execution.status === "skipped"));
    return `${new Set(ended.map((execution) => execution.step)).size} of ${model.stepCount} ${model.stepCount === 1 ? "node" : "nodes"}`;
  }
  const root = model.frames.get("");
  if (graph !== null && graph.edges.length > 0 && !graph.edges.some((edge) => edge.back === true) && model.stepCount !== null && model.frames.size === 1) {
    const finished = new Set(model.executions.filter((execution) => execution.frame === "" && (execution.status === "completed" || execution.status === "skipped")).map((execution) => execution.step));
    if (finished.size <= model.stepCount) return `${finished.size} of ${model.stepCount} ${model.stepCount === 1 ? "step" : "steps"}`;
  }
  // The limit is the run's own workflow's, so only its steps are set against it.
  const own = root?.iteration ?? 0;
  const limit = root?.limit ?? graph?.limit ?? null;
  const steps = `${own} ${own === 1 ? "step" : "steps"} run${limit === null ? "" : `, limit ${limit}`}`;
  return model.counted > own ? `${steps} (${model.counted} with sub-workflows)` : steps;
}

/** How long the run has been going on. `now` is UTC ms; the run's own end wins. */
export function elapsedOf(model: RunModel, now: number): number | null {
  const start = model.startedAt ?? (model.queuedAt === 0 ? null : model.queuedAt);
  if (start === null) return null;
  return Math.max(0, (model.endedAt ?? now) - start);
}

/** Time and cost of one round of a gate's cycle, from the newest execution of each of its steps. */
export function roundCost(model: RunModel, frame: string, gate: Gate): RoundCost | null {
  const steps = limitEvidence(gate)?.cycle?.steps;
  if (steps === undefined || steps.length === 0) return null;
  let elapsed: number | null = null;
  let cost: number | null = null;
  for (const step of steps) {
    const rows = model.byNode.get(nodeKey(frame, step)) ?? [];
    const last = rows.findLast((row) => row.elapsed !== null);
    if (last === undefined) continue;
    elapsed = (elapsed ?? 0) + (last.elapsed ?? 0);
    const spent = costOf(last);
    if (spent !== null) cost = (cost ?? 0) + spent;
  }
  return { steps: steps.length, elapsed, cost };
}

/** What an execution cost, where its agent said so. */
export function costOf(execution: Execution): number | null {
  for (const source of [execution.detail, execution.usage]) {
    for (const name of ["cost", "cost_usd", "total_cost"]) {
      const value = source[name];
      if (typeof value === "number") return value;
    }
  }
  return null;
}

/** What one round of a repeating cycle looked like. */
export interface RoundRow {
  readonly round: number;
  readonly step: string;
  readonly score: string | null;
  readonly flag: boolean | null;
  readonly feedback: string | null;
  readonly changed: boolean | null;
  readonly elapsed: number | null;
  readonly cost: number | null;
}

/** The evidence table of an iteration limit: verdicts where there are any, else the last outputs of the deciding step. */
export function roundRows(model: RunModel, frame: string, gate: Gate): RoundRow[] {
  const evidence = limitEvidence(gate);
  if (evidence === null) return [];
  if (evidence.verdicts.length > 0) {
    let before: string | null = null;
    return evidence.verdicts.map((verdict) => {
      const rows = model.byNode.get(nodeKey(frame, verdict.step)) ?? [];
      const execution = rows.findLast((row) => row.round === verdict.round && (row.inner || !countsRounds(gate) || verdict.step !== gate.step));
      const words = JSON.stringify([verdict.score ?? null, verdict.flag ?? null, verdict.feedback ?? null]);
      const changed = before === null ? null : before !== words;
      before = words;
      return {
        round: verdict.round, step: verdict.step, score: verdict.score === undefined || verdict.score === null ? null : String(verdict.score),
        flag: verdict.flag ?? null, feedback: verdict.feedback ?? null, changed,
        elapsed: execution?.elapsed ?? null, cost: execution === undefined ? null : costOf(execution),
      };
    });
  }
  const step = evidence.cycle?.steps.at(-1) ?? evidence.agent_history.at(-1);
  if (step === undefined) return [];
  const rows = (model.byNode.get(nodeKey(frame, step)) ?? []).filter((row) => row.output !== undefined).slice(-4);
  let before: string | null = null;
  const table = rows.map((row) => {
    const words = JSON.stringify(row.output);
    const changed = before === null ? null : before !== words;
    before = words;
    return { round: row.round, step, score: null, flag: null, feedback: outputLine(row.output), changed, elapsed: row.elapsed, cost: costOf(row) };
  });
  return table.slice(-3);
}

/** First line of an output, cut at 160 characters. */
export function outputLine(output: Json | undefined): string {
  if (output === undefined) return "";
  const text = typeof output === "string" ? output : (scriptText(output) ?? JSON.stringify(output));
  const line = text.trim().split("\n", 1)[0] ?? "";
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

/** What a script printed: the line that people look for in its output. */
function scriptText(output: Json): string | null {
  const fields = asObject(output);
  if (fields === null || typeof fields["stdout"] !== "string" || typeof fields["stderr"] !== "string") return null;
  return [fields["stdout"], fields["stderr"]].find((text) => text.trim() !== "") ?? "";
}

/** "Workflow `looper`, item `beta`, used 12 of 12 steps; next: assess (3 runs so far)". */
export function limitSentence(model: RunModel, frame: string, gate: Gate): { readonly workflow: string; readonly item: string | null; readonly used: number; readonly limit: number; readonly next: string; readonly runs: number } {
  const evidence = limitEvidence(gate);
  return {
    workflow: gate.workflow,
    item: itemOf(gate.path, innerWords(model)),
    used: evidence?.current_iteration ?? 0,
    limit: evidence?.max_iterations ?? 0,
    next: gate.step,
    runs: (model.byNode.get(nodeKey(frame, gate.step)) ?? []).length,
  };
}

/** Where a gate is, for people: `fix-issue › plan › each, item 3`. */
export function gateScope(gate: Gate, runWorkflow: string, inner: InnerWord): string {
  // An iteration limit is about the workflow that holds, not about the step that would be next.
  const path = describePath(gate.kind === "iteration_limit" && !countsRounds(gate) ? parentPath(gate.path) : gate.path, inner);
  const name = runWorkflow === "" ? gate.workflow : runWorkflow;
  return path === "" ? name : `${name} › ${path}`;
}

/** A run's last eight characters: what people are shown. */
export function shortRun(run: string): string {
  return run.slice(-8);
}
