// Gates, answers and refusals as the engine writes them (`fermata schema events`).
// Types only; nothing here decides whether an answer is valid.

/** What a gate asks about. */
export type GateKind = "iteration_limit" | "human" | "questions" | "approval" | "permission";

/** Something that shows runs and answers gates. */
export type Surface = "vscode" | "neovim" | "lsp" | "panel" | "terminal" | "mcp" | "policy";

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Who did something, and from where. */
export interface Actor {
  readonly by: string;
  readonly surface: Surface;
}

/** A text or number that comes with an answer. */
export interface AnswerField {
  readonly name: string;
  readonly ty: string;
  readonly minimum?: number;
  readonly multiline?: boolean;
  /** The answer is whole without it. */
  readonly optional?: boolean;
  /** What it is called, where its name says too little. */
  readonly label?: string;
}

/** One valid answer, in the order to offer. */
export interface AnswerSpec {
  readonly answer: Json;
  readonly label: string;
  readonly consequence?: string;
  readonly fields?: readonly AnswerField[];
}

/** A cycle at the end of the history. */
export interface Cycle {
  readonly steps: readonly string[];
  readonly rounds: number;
}

/** One round's verdict of a judging step. */
export interface Verdict {
  readonly step: string;
  readonly round: number;
  readonly score?: number | null;
  readonly flag?: boolean | null;
  readonly feedback?: string | null;
}

/** The fields that only an iteration limit has; flattened into the gate. */
export interface LimitEvidence {
  readonly current_iteration: number;
  readonly max_iterations: number;
  readonly needed: number;
  readonly agent_history: readonly string[];
  readonly possible_loop: boolean;
  readonly cycle?: Cycle | null;
  readonly verdicts: readonly Verdict[];
  /** What is counted; without it, the steps of a workflow. */
  readonly counts?: "steps" | "rounds";
}

/** The one gate object. */
export interface Gate extends Partial<LimitEvidence> {
  readonly gate: string;
  readonly kind: GateKind;
  readonly step: string;
  readonly path: string;
  readonly workflow: string;
  readonly prompt: string;
  readonly answers: readonly AnswerSpec[];
  readonly extra?: JsonObject;
}

/** Who closed a gate, from where, when (UTC ms), and how. */
export interface Answered {
  readonly by: string;
  readonly surface: string;
  readonly at: number;
  readonly answer: Json;
}

/** The evidence of an iteration limit, when the gate carries it whole. */
export function limitEvidence(gate: Gate): LimitEvidence | null {
  const { current_iteration, max_iterations, needed } = gate;
  if (current_iteration === undefined || max_iterations === undefined) return null;
  return {
    current_iteration,
    max_iterations,
    needed: Math.max(1, needed ?? 1),
    agent_history: gate.agent_history ?? [],
    possible_loop: gate.possible_loop ?? false,
    cycle: gate.cycle ?? null,
    verdicts: gate.verdicts ?? [],
    counts: gate.counts ?? "steps",
  };
}

/** Whether a limit counts the rounds of its own step, not the steps of a workflow. */
export function countsRounds(gate: Gate): boolean {
  return gate.counts === "rounds";
}

/** The run whose gate this one stands for, and that gate; null where it is the run's own. */
export function childOf(gate: Gate): { readonly run: string; readonly gate: string; readonly step: string } | null {
  const extra = gate.extra ?? {};
  const [run, own, step] = [extra["child"], extra["child_gate"], extra["child_step"]];
  if (extra["type"] !== "child_workflow" || typeof run !== "string" || typeof own !== "string") return null;
  return { run, gate: own, step: typeof step === "string" ? step : "" };
}
