// The events of a run's log: one flat object, envelope and payload side by side.
// Mirrors `fermata schema events`; types only. A type that this build does not
// know is still an event: it is numbered, folded as nothing and shown in the log.

import type { Actor, Gate, Json, JsonObject } from "./gates";

/** Where a run stands. */
export type Status = "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";

/** What went wrong with a step or a run. */
export interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly names?: readonly string[];
}

/** A value in the log, or the hash of the blob it was stored as. */
export type Payload = Json;

/** What every event carries. `at` is UTC ms; `seq` is dense from 1. */
export interface Envelope {
  readonly run: string;
  readonly seq: number;
  readonly at: number;
  readonly path: string;
  readonly schema: number;
  readonly check?: string;
}

interface StepAttempt {
  readonly step: string;
  readonly attempt: number;
}

/** Type and payload. */
export type EventBody =
  | ({ readonly type: "run_queued"; readonly workflow: string; readonly file: string; readonly dialect: string; readonly scope: string; readonly message?: string; readonly inputs: JsonObject; readonly request: string; readonly parent?: string; readonly gates: string; readonly agent?: string; readonly cwd: string; readonly dry_run?: boolean } & Actor)
  | { readonly type: "definition_pinned"; readonly files: readonly { readonly path: string; readonly blob: string; readonly unsaved?: boolean }[]; readonly steps?: number }
  | { readonly type: "run_started"; readonly fence: number; readonly version: string; readonly seed: number; readonly deadline?: number }
  | { readonly type: "inputs_resolved"; readonly inputs: JsonObject }
  | { readonly type: "run_waiting"; readonly gates: readonly string[] }
  | { readonly type: "run_parked" }
  | ({ readonly type: "run_resumed"; readonly status: Status; readonly definition?: string; readonly from?: string; readonly agent?: string } & Actor)
  | { readonly type: "run_completed"; readonly output: Payload; readonly outcome?: string; readonly terminated_by?: string; readonly reason?: string }
  | { readonly type: "run_failed"; readonly cause: string; readonly error: Failure; readonly step?: string; readonly output?: Payload; readonly actor?: Actor }
  | ({ readonly type: "run_cancelled"; readonly reason: string } & Actor)
  | ({ readonly type: "step_started"; readonly kind: string; readonly iteration: number; readonly rendered?: JsonObject } & StepAttempt)
  | ({ readonly type: "process_started" } & StepAttempt)
  | ({ readonly type: "child_started"; readonly child: string } & StepAttempt)
  | ({ readonly type: "child_waiting"; readonly child: string } & StepAttempt)
  | ({ readonly type: "step_completed"; readonly output: Payload; readonly elapsed: number; readonly counted: number; readonly detail?: JsonObject } & StepAttempt)
  | ({ readonly type: "step_failed"; readonly error: Failure; readonly elapsed: number; readonly detail?: JsonObject } & StepAttempt)
  | { readonly type: "step_skipped"; readonly step: string; readonly reason: string }
  | { readonly type: "route_taken"; readonly from: string; readonly to: string; readonly rule?: number; readonly when?: string; readonly output?: Json }
  | { readonly type: "steps_invalidated"; readonly from: string; readonly after: number }
  | { readonly type: "group_started"; readonly group: string; readonly kind: string; readonly members: readonly string[]; readonly items?: Payload }
  | { readonly type: "group_completed"; readonly group: string; readonly succeeded: number; readonly failed: number }
  | { readonly type: "item_started"; readonly group: string; readonly key: string; readonly index: number }
  | { readonly type: "item_completed"; readonly group: string; readonly key: string; readonly index: number; readonly output: Payload }
  | { readonly type: "item_failed"; readonly group: string; readonly key: string; readonly index: number; readonly error: Failure }
  | { readonly type: "subworkflow_started"; readonly step: string; readonly workflow: string; readonly file: string; readonly inputs: JsonObject }
  | { readonly type: "deadline_set"; readonly deadline: number }
  | { readonly type: "subworkflow_completed"; readonly step: string; readonly output: Payload }
  | { readonly type: "loop_iteration_started"; readonly step: string; readonly round: number; readonly max: number }
  | { readonly type: "loop_iteration_completed"; readonly step: string; readonly round: number; readonly output: Payload; readonly done: boolean }
  | { readonly type: "timer_started"; readonly step: string; readonly deadline: number; readonly seconds: number }
  | { readonly type: "timer_fired"; readonly step: string }
  | { readonly type: "iteration_limit_reached"; readonly gate: Gate }
  | ({ readonly type: "iteration_limit_resolved"; readonly gate: string; readonly answer: Json; readonly max_iterations: number; readonly waited: number } & Actor)
  | { readonly type: "gate_opened"; readonly gate: Gate }
  | ({ readonly type: "gate_answered"; readonly gate: string; readonly answer: Json; readonly waited: number } & Actor)
  | { readonly type: "gate_withdrawn"; readonly gate: string; readonly reason: string }
  | ({ readonly type: "stop_requested" } & Actor)
  | ({ readonly type: "abort_requested"; readonly reason?: string } & Actor)
  | ({ readonly type: "guidance_given"; readonly text: string } & Actor)
  | { readonly type: "guidance_applied"; readonly step: string; readonly texts: number }
  | { readonly type: "context_trimmed"; readonly strategy: string; readonly dropped?: readonly string[]; readonly replaced?: JsonObject }
  | { readonly type: "budget_exceeded"; readonly budget_usd: number; readonly spent_usd: number; readonly enforced: boolean }
  | ({ readonly type: "agent_message"; readonly text: string } & StepAttempt)
  | ({ readonly type: "agent_thought"; readonly text: string } & StepAttempt)
  | ({ readonly type: "agent_tool_call"; readonly call: string; readonly title: string; readonly status: string; readonly kind?: string } & StepAttempt)
  | ({ readonly type: "agent_usage"; readonly [key: string]: Json } & StepAttempt)
  | ({ readonly type: "script_output"; readonly stream: string; readonly text: string } & StepAttempt)
  | { readonly type: "warning"; readonly code?: string; readonly message: string; readonly step?: string };

/** One entry of a run's log. */
export type RunEvent = Envelope & EventBody;
