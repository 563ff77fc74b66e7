// The one reducer: live, reload, replay and finished all come through `fold`.
// It copies from events and never evaluates, reads no clock, and folds an event
// of an unknown type to nothing but its number.

import type { RunEvent, Status } from "../protocol/events";
import { countsRounds, type Actor, type Gate, type Json, type JsonObject } from "../protocol/gates";
import { describeAnswer } from "./answers";
import { asObject, emptyModel, nodeKey, type AuditEntry, type Execution, type OpenGate, type RunModel } from "./model";
import { escapeSegment, lastSegment, parentPath } from "./paths";

/** What became of a batch: all folded, or events are missing before `expected`. */
export type FoldResult = { readonly ok: true; readonly folded: number } | { readonly ok: false; readonly expected: number };

/** Folds a batch. Events that are known already are passed over; at a gap it stops. */
export function foldAll(model: RunModel, events: readonly RunEvent[]): FoldResult {
  let folded = 0;
  for (const event of events) {
    if (event.seq <= model.lastSeq) continue;
    if (event.seq !== model.lastSeq + 1) return { ok: false, expected: model.lastSeq + 1 };
    fold(model, event);
    folded += 1;
  }
  return { ok: true, folded };
}

/** The state after the first `n` events of a log. */
export function replayTo(run: string, events: readonly RunEvent[], n: number): RunModel {
  const model = emptyModel(run);
  foldAll(model, n >= events.length ? events : events.slice(0, n));
  return model;
}

/** Copies one event into the state. The caller has checked that it is the next one. */
export function fold(model: RunModel, event: RunEvent): void {
  model.lastSeq = event.seq;
  model.lastAt = event.at;
  model.events.push(event);
  switch (event.type) {
    case "run_queued":
      model.request = {
        workflow: event.workflow, file: event.file, dialect: event.dialect, scope: event.scope,
        message: event.message ?? null, inputs: event.inputs, gates: event.gates, agent: event.agent ?? null,
        cwd: event.cwd, parent: event.parent ?? null, dryRun: event.dry_run ?? false, by: event.by, surface: event.surface,
      };
      model.status = "queued";
      model.queuedAt = event.at;
      model.frames.set("", { path: "", workflow: event.workflow, file: event.file, iteration: 0, limit: null });
      return;
    case "definition_pinned":
      model.stepCount = event.steps ?? null;
      return;
    case "run_started":
      model.status = "running";
      model.parked = false;
      model.startedAt ??= event.at;
      model.endedAt = null;
      return;
    case "inputs_resolved":
      model.request = { ...model.request, inputs: event.inputs };
      return;
    case "run_waiting":
      model.status = "waiting";
      return;
    case "run_parked":
      model.parked = true;
      return;
    case "run_resumed":
      resume(model, event, event.status, event.from ?? null, event.definition ?? null);
      return;
    case "run_completed":
      end(model, event.at, "completed");
      model.output = event.output;
      model.outcome = event.outcome ?? null;
      model.endReason = event.reason ?? null;
      return;
    case "run_failed":
      end(model, event.at, "failed");
      model.cause = event.cause;
      model.error = event.error;
      model.failedStep = event.step ?? null;
      model.output = event.output;
      return;
    case "run_cancelled":
      end(model, event.at, "cancelled");
      model.endReason = event.reason;
      return;
    case "step_started":
      startStep(model, event, event.step, event.kind, event.attempt, event.rendered ?? {});
      frameOf(model, event.path).iteration = event.iteration;
      return;
    case "step_completed": {
      const execution = executionFor(model, event, event.step, event.attempt);
      execution.status = "completed";
      execution.cutOff = false;
      execution.ended = event.at;
      execution.elapsed = event.elapsed;
      execution.output = event.output;
      execution.detail = event.detail ?? {};
      frameOf(model, event.path).iteration += event.counted;
      model.counted += event.counted;
      return;
    }
    case "step_failed": {
      const execution = executionFor(model, event, event.step, event.attempt);
      execution.status = "failed";
      execution.ended = event.at;
      execution.elapsed = event.elapsed;
      execution.error = event.error;
      execution.detail = event.detail ?? {};
      return;
    }
    case "step_skipped": {
      const execution = executionFor(model, event, event.step, 1);
      execution.status = "skipped";
      execution.ended = event.at;
      execution.reason = event.reason;
      return;
    }
    case "route_taken":
      takeRoute(model, event.path, event.from, event.to, event.rule ?? null, event.when ?? null);
      return;
    case "steps_invalidated":
      for (const execution of model.executions) if (execution.seq > event.after) execution.invalidated = true;
      return;
    case "group_started":
      (openAt(model, event.path) ?? startStep(model, event, event.group, event.kind, 1, {})).members = event.members.length;
      return;
    case "group_completed":
      finishOpen(model, event, event.failed > 0 && event.succeeded === 0 ? "failed" : "completed");
      return;
    case "item_started":
      startItem(model, event, event.group, event.key);
      return;
    case "item_completed": {
      const item = itemAt(model, event);
      if (item === null) return;
      item.status = "completed";
      item.ended = event.at;
      item.elapsed = sinceStart(item, event.at);
      item.output = event.output;
      return;
    }
    case "item_failed": {
      const item = itemAt(model, event);
      if (item === null) return;
      item.status = "failed";
      item.ended = event.at;
      item.elapsed = sinceStart(item, event.at);
      item.error ??= event.error;
      return;
    }
    case "subworkflow_started":
      if (openAt(model, event.path) === null) startStep(model, event, event.step, "workflow", 1, {});
      model.frames.set(event.path, { path: event.path, workflow: event.workflow, file: event.file, iteration: 0, limit: null });
      return;
    case "subworkflow_completed":
      return;
    case "loop_iteration_started": {
      const execution = openAt(model, event.path) ?? newestOf(model, event.path, event.step);
      if (execution !== null) execution.loop = { round: event.round, max: event.max };
      return;
    }
    case "loop_iteration_completed":
      return;
    case "timer_started": {
      const execution = openAt(model, event.path);
      if (execution !== null) execution.timer = event.deadline;
      return;
    }
    case "timer_fired": {
      const execution = openAt(model, event.path);
      if (execution !== null) execution.timer = null;
      return;
    }
    case "iteration_limit_reached":
    case "gate_opened":
      openGate(model, event, event.gate);
      return;
    case "iteration_limit_resolved":
      closeGate(model, event, event.gate, event, event.answer, event.waited, event.max_iterations);
      return;
    case "gate_answered":
      closeGate(model, event, event.gate, event, event.answer, event.waited, null);
      return;
    case "gate_withdrawn":
      withdrawGate(model, event, event.gate, event.reason);
      return;
    case "stop_requested":
      model.stopRequested = true;
      audit(model, event, event, "asked to stop the run");
      return;
    case "abort_requested":
      model.abortRequested = true;
      audit(model, event, event, "asked to abort the run", { comment: event.reason ?? null });
      return;
    case "guidance_given":
      audit(model, event, event, "gave guidance", { comment: event.text });
      return;
    case "agent_usage": {
      const execution = model.byKey.get(`${event.path}@${event.attempt}`);
      if (execution !== undefined) execution.usage = { ...execution.usage, ...usageFields(event) };
      return;
    }
    case "warning":
      model.warnings += 1;
      return;
    case "child_started": {
      const execution = model.byKey.get(`${event.path}@${event.attempt}`);
      if (execution !== undefined) execution.child = event.child;
      return;
    }
    case "process_started":
    case "child_waiting":
    case "deadline_set":
    case "guidance_applied":
    case "context_trimmed":
    case "budget_exceeded":
    case "agent_message":
    case "agent_thought":
    case "agent_tool_call":
    case "script_output":
      return;
    default:
      // A newer server's event: numbered and shown in the log, nothing more.
      return;
  }
}

/** The workflow that a path lies in: the longest sub-workflow above it. */
export function framePathOf(model: RunModel, path: string): string {
  let at = path;
  while (at !== "") {
    at = parentPath(at);
    if (model.frames.has(at)) return at;
  }
  return "";
}

function frameOf(model: RunModel, path: string): { iteration: number; limit: number | null } {
  const frame = model.frames.get(framePathOf(model, path));
  if (frame === undefined) throw new Error("the run's own workflow is always among the frames");
  return frame;
}

function startStep(model: RunModel, event: RunEvent, step: string, kind: string, attempt: number, rendered: JsonObject): Execution {
  const key = `${event.path}@${attempt}`;
  const known = model.byKey.get(key);
  if (known !== undefined && known.kind !== "item") {
    // The same attempt announced twice (a group and its step): the later one knows more.
    known.kind = kind;
    known.rendered = rendered;
    known.status = "running";
    known.cutOff = false;
    known.invalidated = false;
    known.ended = null;
    return known;
  }
  const frame = framePathOf(model, event.path);
  const execution: Execution = {
    key, path: event.path, frame, step, kind, attempt,
    ...roundOf(model, event.path, step),
    status: "running", cutOff: false, invalidated: false,
    seq: event.seq, started: event.at, ended: null, elapsed: null,
    rendered, output: undefined, detail: {}, usage: {}, error: null, reason: null, route: null, loop: null, timer: null, members: null, child: null,
  };
  if (known === undefined) model.executions.push(execution);
  else replaceItem(model, known, execution);
  model.byKey.set(key, execution);
  model.byPath.set(event.path, execution);
  const node = nodeKey(frame, step);
  const rows = model.byNode.get(node);
  if (rows === undefined) model.byNode.set(node, [execution]);
  else rows.push(execution);
  return execution;
}

/** Which round an execution is: its own visit, else that of the loop around it. */
function roundOf(model: RunModel, path: string, step: string): { readonly round: number; readonly inner: boolean } {
  const visit = lastSegment(path)?.visit ?? 1;
  for (let at = path; at !== ""; at = parentPath(at)) {
    const loop = at.endsWith("]") ? model.byPath.get(parentPath(at)) : undefined;
    if (loop === undefined || !loop.kind.startsWith("loop")) continue;
    return { round: visit > 1 ? visit : Number(lastSegment(at)?.item ?? 1) || 1, inner: at === path && loop.step === step };
  }
  return { round: visit, inner: false };
}

function replaceItem(model: RunModel, item: Execution, execution: Execution): void {
  model.executions[model.executions.indexOf(item)] = execution;
  const node = nodeKey(item.frame, item.step);
  model.byNode.set(node, (model.byNode.get(node) ?? []).filter((row) => row !== item));
}

/** An item is a row of its own until a step starts at its path and takes its place. */
function startItem(model: RunModel, event: RunEvent, group: string, itemKey: string): void {
  const path = itemPath(event.path, itemKey);
  if (openAt(model, path) !== null) return;
  startStep(model, { ...event, path }, group, "item", (model.byPath.get(path)?.attempt ?? 0) + 1, {});
}

function itemPath(path: string, itemKey: string): string {
  return path.endsWith("]") ? path : `${path}[${escapeSegment(itemKey)}]`;
}

function itemAt(model: RunModel, event: Extract<RunEvent, { type: "item_completed" | "item_failed" }>): Execution | null {
  return openAt(model, itemPath(event.path, event.key), "item");
}

function openAt(model: RunModel, path: string, kind?: string): Execution | null {
  const execution = model.byPath.get(path);
  if (execution === undefined || execution.status !== "running" || execution.cutOff) return null;
  return kind === undefined || execution.kind === kind ? execution : null;
}

function newestOf(model: RunModel, path: string, step: string): Execution | null {
  const rows = model.byNode.get(nodeKey(framePathOf(model, path), step));
  return rows?.[rows.length - 1] ?? null;
}

function executionFor(model: RunModel, event: RunEvent, step: string, attempt: number): Execution {
  return model.byKey.get(`${event.path}@${attempt}`) ?? startStep(model, event, step, "", attempt, {});
}

/** How long an execution took until a moment; nothing where the clock was put back. */
function sinceStart(execution: Execution, at: number): number {
  return Math.max(0, at - execution.started);
}

function finishOpen(model: RunModel, event: RunEvent, status: "completed" | "failed"): void {
  const execution = openAt(model, event.path);
  if (execution === null) return;
  execution.status = status;
  execution.ended = event.at;
  execution.elapsed = sinceStart(execution, event.at);
}

function takeRoute(model: RunModel, path: string, from: string, to: string, rule: number | null, when: string | null): void {
  const ownStep = lastSegment(path)?.name === from;
  const frame = !ownStep && model.frames.has(path) ? path : framePathOf(model, path);
  const key = `${frame}\n${from}\n${to}`;
  const edge = model.edges.get(key);
  if (edge === undefined) model.edges.set(key, { frame, from, to, count: 1, rule, when });
  else {
    edge.count += 1;
    edge.rule = rule;
    edge.when = when;
  }
  const rows = model.byNode.get(nodeKey(frame, from));
  const last = rows?.[rows.length - 1];
  if (last !== undefined) last.route = { to, rule, when };
}

function resume(model: RunModel, event: RunEvent & Actor, status: Status, from: string | null, definition: string | null): void {
  const wasOver = model.status === "failed";
  model.status = status;
  model.parked = false;
  model.cause = null;
  model.error = null;
  model.failedStep = null;
  model.endedAt = null;
  model.stopRequested = false;
  model.abortRequested = false;
  if (!wasOver) return;
  model.openGates = model.suspendedGates;
  model.suspendedGates = [];
  const how = [from === null ? null : `from ${from}`, definition === null ? null : `${definition} definition`].filter((part) => part !== null).join(", ");
  audit(model, event, event, how === "" ? "resumed the run" : `resumed the run (${how})`);
}

function end(model: RunModel, at: number, status: Status): void {
  model.status = status;
  model.parked = false;
  model.endedAt = at;
  model.stopRequested = false;
  model.abortRequested = false;
  for (const execution of model.executions) {
    if (execution.status === "running") {
      execution.cutOff = true;
      execution.ended = at;
    }
  }
  // A gate that nobody closed holds again after a resume; meanwhile it cannot be answered.
  model.suspendedGates = [...model.suspendedGates, ...model.openGates];
  model.openGates = [];
}

function openGate(model: RunModel, event: RunEvent, gate: Gate): void {
  const frame = framePathOf(model, gate.path);
  const open: OpenGate = { gate, opened: event.at, seq: event.seq, frame };
  if (gate.max_iterations !== undefined && !countsRounds(gate)) {
    const owner = model.frames.get(frame);
    if (owner !== undefined) owner.limit = gate.max_iterations;
  }
  model.openGates = [...model.openGates.filter((other) => other.gate.gate !== gate.gate), open];
}

function takeGate(model: RunModel, id: string): OpenGate | null {
  const open = [...model.openGates, ...model.suspendedGates].find((other) => other.gate.gate === id) ?? null;
  if (open !== null) {
    model.openGates = model.openGates.filter((other) => other !== open);
    model.suspendedGates = model.suspendedGates.filter((other) => other !== open);
  }
  return open;
}

function closeGate(model: RunModel, event: RunEvent, id: string, actor: Actor, answer: Json, waited: number, limit: number | null): void {
  const open = takeGate(model, id);
  if (open === null) return;
  model.closedGates.set(id, {
    gate: open.gate, opened: open.opened, closed: event.at, withdrawn: null,
    answered: { by: actor.by, surface: actor.surface, at: event.at, answer },
  });
  const old = open.gate.max_iterations ?? null;
  if (limit !== null && !countsRounds(open.gate)) {
    const owner = model.frames.get(open.frame);
    if (owner !== undefined) owner.limit = limit;
  }
  audit(model, event, actor, describeAnswer(open.gate, answer), {
    gateKind: open.gate.kind, waited, oldLimit: old, newLimit: limit, comment: commentOf(answer),
  });
}

function withdrawGate(model: RunModel, event: RunEvent, id: string, reason: string): void {
  const open = takeGate(model, id);
  if (open === null) return;
  model.closedGates.set(id, { gate: open.gate, opened: open.opened, closed: event.at, answered: null, withdrawn: reason });
  audit(model, event, { by: "", surface: "policy" }, `question of ${open.gate.step} withdrawn: ${reason}`, { gateKind: open.gate.kind });
}

function commentOf(answer: Json): string | null {
  const fields = asObject(answer);
  if (fields === null) return null;
  if (typeof fields["text"] === "string" && fields["text"] !== "") return fields["text"];
  const texts = Object.values({ ...asObject(fields["input"]), ...asObject(fields["answers"]) }).filter((value) => typeof value === "string" && value !== "");
  return texts.length === 0 ? null : texts.join(" · ");
}

function audit(model: RunModel, event: RunEvent, actor: Actor, what: string, more: Partial<AuditEntry> = {}): void {
  model.audit = [...model.audit, {
    seq: event.seq, at: event.at, by: actor.by, surface: actor.surface, what,
    gateKind: null, waited: null, oldLimit: null, newLimit: null, comment: null, ...more,
  }];
}

const ENVELOPE = new Set(["run", "seq", "at", "path", "schema", "check", "type", "step", "attempt"]);

function usageFields(event: Extract<RunEvent, { type: "agent_usage" }>): JsonObject {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !ENVELOPE.has(name))) as JsonObject;
}
