// What the panel knows of one run: the folded log. Data only; `reduce.ts` is the
// one place that writes it, the views are the ones that read it.

import type { Failure, Payload, RunEvent, Status } from "../protocol/events";
import type { Answered, Gate, GateKind, Json, JsonObject } from "../protocol/gates";

/** Where one execution stands. */
export type ExecutionStatus = "running" | "completed" | "failed" | "skipped";

/** One execution of a step: round and attempt of its own, never mixed with another. */
export interface Execution {
  /** `path@attempt`, unique in the run. */
  readonly key: string;
  readonly path: string;
  /** Path of the workflow that runs it; empty for the run's own. */
  readonly frame: string;
  readonly step: string;
  kind: string;
  readonly attempt: number;
  /** The visit, or the round of the loop that it is in; from 1. */
  readonly round: number;
  /** It is a round of a loop, which has an execution of its own. */
  readonly inner: boolean;
  status: ExecutionStatus;
  /** The run ended or was resumed before this attempt had a result. */
  cutOff: boolean;
  /** A later `resume --from` set its result aside. */
  invalidated: boolean;
  seq: number;
  started: number;
  ended: number | null;
  elapsed: number | null;
  rendered: JsonObject;
  output: Payload | undefined;
  detail: JsonObject;
  usage: JsonObject;
  error: Failure | null;
  reason: string | null;
  route: { readonly to: string; readonly rule: number | null; readonly when: string | null } | null;
  /** Inner rounds of a loop node. */
  loop: { readonly round: number; readonly max: number } | null;
  timer: number | null;
  /** The run of its own that does the work. */
  child: string | null;
  /** Members or items of a group. */
  members: number | null;
}

/** One workflow being executed: the run's own, or a sub-workflow under its path. */
export interface Frame {
  readonly path: string;
  readonly workflow: string;
  readonly file: string;
  iteration: number;
  limit: number | null;
}

/** An edge that was taken. */
export interface TakenEdge {
  readonly frame: string;
  readonly from: string;
  readonly to: string;
  count: number;
  rule: number | null;
  when: string | null;
}

/** A gate that holds now. */
export interface OpenGate {
  readonly gate: Gate;
  readonly opened: number;
  readonly seq: number;
  readonly frame: string;
}

/** A gate that was closed, and how. */
export interface ClosedGate {
  readonly gate: Gate;
  readonly opened: number;
  readonly closed: number;
  readonly answered: Answered | null;
  readonly withdrawn: string | null;
}

/** One permanent line about a decision. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly by: string;
  readonly surface: string;
  readonly what: string;
  readonly gateKind: GateKind | null;
  readonly waited: number | null;
  readonly oldLimit: number | null;
  readonly newLimit: number | null;
  readonly comment: string | null;
}

/** What the run was asked to do. */
export interface RunRequest {
  workflow: string;
  file: string;
  dialect: string;
  scope: string;
  message: string | null;
  inputs: JsonObject;
  gates: string;
  agent: string | null;
  cwd: string;
  parent: string | null;
  dryRun: boolean;
  by: string;
  surface: string;
}

/** Everything that is known of a run after `lastSeq` events. */
export interface RunModel {
  run: string;
  lastSeq: number;
  lastAt: number;
  status: Status;
  cause: string | null;
  error: Failure | null;
  failedStep: string | null;
  parked: boolean;
  request: RunRequest;
  queuedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  output: Payload | undefined;
  outcome: string | null;
  endReason: string | null;
  stepCount: number | null;
  executions: Execution[];
  /** By `path@attempt`. */
  byKey: Map<string, Execution>;
  /** Newest attempt by path. */
  byPath: Map<string, Execution>;
  /** By `frame step`, in order of start. */
  byNode: Map<string, Execution[]>;
  frames: Map<string, Frame>;
  edges: Map<string, TakenEdge>;
  openGates: OpenGate[];
  /** Gates that were open when the run failed; a resume opens them again. */
  suspendedGates: OpenGate[];
  closedGates: Map<string, ClosedGate>;
  audit: AuditEntry[];
  stopRequested: boolean;
  abortRequested: boolean;
  warnings: number;
  counted: number;
  events: RunEvent[];
}

/** Key of `byNode`: no path or step name holds a line break. */
export function nodeKey(frame: string, step: string): string {
  return `${frame}\n${step}`;
}

/** A run of which nothing is known yet. */
export function emptyModel(run: string): RunModel {
  return {
    run,
    lastSeq: 0,
    lastAt: 0,
    status: "queued",
    cause: null,
    error: null,
    failedStep: null,
    parked: false,
    request: { workflow: "", file: "", dialect: "", scope: "", message: null, inputs: {}, gates: "ask", agent: null, cwd: "", parent: null, dryRun: false, by: "", surface: "" },
    queuedAt: 0,
    startedAt: null,
    endedAt: null,
    output: undefined,
    outcome: null,
    endReason: null,
    stepCount: null,
    executions: [],
    byKey: new Map(),
    byPath: new Map(),
    byNode: new Map(),
    frames: new Map([["", { path: "", workflow: "", file: "", iteration: 0, limit: null }]]),
    edges: new Map(),
    openGates: [],
    suspendedGates: [],
    closedGates: new Map(),
    audit: [],
    stopRequested: false,
    abortRequested: false,
    warnings: 0,
    counted: 0,
    events: [],
  };
}

/** Whether something was ended with what it was part of, and did not fail by itself. */
export function isCutOff(error: Failure | null): boolean {
  return error?.kind === "Cancelled";
}

/** What lies in the brackets behind the steps of a run. */
export function innerWords(model: RunModel): (path: string) => "round" | "item" | "after" {
  return (path) => {
    const kind = model.byPath.get(path)?.kind ?? "";
    return kind.startsWith("loop") ? "round" : kind === "approval" ? "after" : "item";
  };
}

/** Whether the run can do nothing any more without a resume. */
export function isOver(model: RunModel): boolean {
  return model.status === "completed" || model.status === "failed" || model.status === "cancelled";
}

/** A JSON value as an object, or nothing. */
export function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
