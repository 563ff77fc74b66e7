// Writes logs as a worker would: dense, in order, each gate opened and closed.
// Used by unit tests and by the scenes in a real browser.

import type { EventBody, RunEvent } from "../src/protocol/events";
import { parentPath } from "../src/state/paths";
import type { Gate, LimitEvidence } from "../src/protocol/gates";

/** When the logs of the tests begin, UTC ms. */
export const START = Date.UTC(2026, 0, 15, 12, 0, 0);
/** The run of the tests. */
export const RUN = "01jhk3v9d2qf8m4t6x0zabcdef";

/** Writes one run's log. */
export class LogWriter {
  readonly events: RunEvent[] = [];
  at: number;
  #gates = 0;
  readonly #counted = new Map<string, number>();

  constructor(readonly run = RUN, at = START) {
    this.at = at;
  }

  /** Appends an event after `ms`. */
  add(path: string, body: EventBody, ms = 10): this {
    this.at += ms;
    this.events.push({ run: this.run, seq: this.events.length + 1, at: this.at, path, schema: 1, check: "", ...body } as RunEvent);
    return this;
  }

  begin(workflow = "fix-issue", message: string | undefined = "Fix the login page", steps?: number, dialect = "conductor"): this {
    this.add("", { type: "run_queued", workflow, file: `/repo/${workflow}.yaml`, dialect, scope: `/repo ${workflow}`, ...(message === undefined ? {} : { message }), inputs: { issue: 42 }, request: "r1", gates: "ask", cwd: "/repo", by: "mia", surface: "vscode" });
    this.add("", { type: "definition_pinned", files: [{ path: `/repo/${workflow}.yaml`, blob: "00" }], ...(steps === undefined ? {} : { steps }) });
    return this.add("", { type: "run_started", fence: 1, version: "0.1.0", seed: 7 });
  }

  started(path: string, step: string, kind = "agent", iteration?: number, attempt = 1): this {
    return this.add(path, { type: "step_started", step, kind, attempt, iteration: iteration ?? this.#counted.get(parentPath(path)) ?? 0, rendered: { prompt: `Do ${step}` } });
  }

  completed(path: string, step: string, output: unknown = { ok: true }, elapsed = 1500, attempt = 1): this {
    this.#counted.set(parentPath(path), (this.#counted.get(parentPath(path)) ?? 0) + 1);
    return this.add(path, { type: "step_completed", step, attempt, output: output as never, elapsed, counted: 1, detail: { model: "small", cost: 0.01 } }, elapsed);
  }

  step(path: string, step: string, kind = "agent", output: unknown = { ok: true }, elapsed = 1500): this {
    return this.started(path, step, kind).completed(path, step, output, elapsed);
  }

  failed(path: string, step: string, message: string): this {
    return this.add(path, { type: "step_failed", step, attempt: 1, error: { kind: "ExecutionError", message }, elapsed: 900, detail: { exit_code: 2 } }, 900);
  }

  route(path: string, from: string, to: string, when?: string, rule = 0): this {
    return this.add(path, { type: "route_taken", from, to, rule, ...(when === undefined ? {} : { when }) }, 1);
  }

  output(path: string, step: string, text: string): this {
    return this.add(path, { type: "script_output", step, attempt: 1, stream: "stdout", text }, 5);
  }

  /** Opens a gate and gives its id. */
  gate(gate: Omit<Gate, "gate">): string {
    this.#gates += 1;
    const id = `g${this.#gates}`;
    const type = gate.kind === "iteration_limit" ? "iteration_limit_reached" : "gate_opened";
    this.add(gate.path, { type, gate: { ...gate, gate: id } });
    return id;
  }

  /** A loop node with these rounds; it is left open. */
  rounds(path: string, step: string, max: number, ...said: string[]): this {
    this.started(path, step, "loop");
    said.forEach((text, index) => {
      const round = index + 1;
      this.add(path, { type: "loop_iteration_started", step, round, max });
      this.step(`${path}[${round}]`, step, "prompt", text, 1200);
      this.add(path, { type: "loop_iteration_completed", step, round, output: text, done: false });
    });
    return this;
  }

  limit(path: string, step: string, workflow: string, evidence: Partial<LimitEvidence> = {}): string {
    return this.gate({ kind: "iteration_limit", path, step, workflow, prompt: `${workflow} used all of its steps`, answers: limitAnswers(evidence.needed ?? 1), ...LIMIT, ...evidence });
  }

  answered(gate: string, answer: unknown, surface: "terminal" | "vscode" = "terminal", by = "noor", waited = 4000): this {
    return this.add("", { type: "gate_answered", gate, answer: answer as never, by, surface, waited }, waited);
  }

  resolved(gate: string, n: number, max: number): this {
    return this.add("", { type: "iteration_limit_resolved", gate, answer: { kind: "iteration_limit", do: "continue", n }, max_iterations: max, by: "noor", surface: "terminal", waited: 65_000 }, 65_000);
  }

  waiting(...gates: string[]): this {
    return this.add("", { type: "run_waiting", gates });
  }

  resumed(): this {
    return this.add("", { type: "run_resumed", status: "running", by: "noor", surface: "terminal" });
  }
}

/** What a server offers at an iteration limit. */
export function limitAnswers(needed: number): Gate["answers"] {
  return [
    ...[needed, 5, 10].map((n) => ({ answer: { kind: "iteration_limit", do: "continue", n }, label: `Continue with ${n} more`, consequence: `goes on for ${n} steps`, fields: [{ name: "n", ty: "integer", minimum: needed }] })),
    { answer: { kind: "iteration_limit", do: "stop" }, label: "Stop", consequence: "stops here; everything is kept; resume is possible" },
    { answer: { kind: "iteration_limit", do: "abort" }, label: "Abort", consequence: "cancels the whole run for good" },
  ];
}

/** An architect and a reviewer who do not agree. */
export const LIMIT: LimitEvidence = {
  current_iteration: 21,
  max_iterations: 21,
  needed: 1,
  agent_history: ["reviewer", "architect", "reviewer", "architect", "reviewer"],
  possible_loop: true,
  cycle: { steps: ["architect", "reviewer"], rounds: 10 },
  verdicts: [7, 8, 9, 10].map((round) => ({ step: "reviewer", round, score: round === 10 ? 88 : 84 + round - 7, flag: false, feedback: round > 8 ? "Error paths of the importer are still not covered." : "Name the owner of each table." })),
};
