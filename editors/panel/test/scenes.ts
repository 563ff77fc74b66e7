// Runs to look at: what the unit tests render and what the browser photographs.

import type { GraphDocument, RunsDocument, StartRequest } from "../src/protocol/documents";
import { LogWriter, RUN, START, limitAnswers } from "./logs";
import { memoryWorld, type MemoryWorld } from "../src/transport/memory";

/** A scene: a world and the moment at which it is looked at. */
export interface Scene {
  readonly world: MemoryWorld;
  readonly run: string | null;
  readonly now: number;
}

/** The graph of the issue fixer. */
export const GRAPH: GraphDocument = {
  entry: "plan",
  limit: 21,
  nodes: [
    { id: "plan", kind: "agent", label: "plan", line: 12 },
    { id: "architect", kind: "agent", label: "architect", line: 20 },
    { id: "reviewer", kind: "agent", label: "reviewer", line: 31 },
    { id: "patch", kind: "agent", label: "patch", line: 44 },
    { id: "run_tests", kind: "script", label: "run_tests", line: 52 },
    { id: "explain_failure", kind: "agent", label: "explain_failure", line: 60 },
    { id: "release_gate", kind: "human_gate", label: "release_gate", line: 70 },
    { id: "publish", kind: "script", label: "publish", line: 80 },
  ],
  edges: [
    { from: "plan", to: "architect" },
    { from: "architect", to: "reviewer" },
    { from: "reviewer", to: "architect", when: "not output.approved", back: true },
    { from: "reviewer", to: "patch", when: "output.approved" },
    { from: "patch", to: "run_tests" },
    { from: "run_tests", to: "release_gate", when: "output.exit_code == 0" },
    { from: "run_tests", to: "explain_failure", when: "output.exit_code != 0" },
    { from: "explain_failure", to: "patch", back: true },
    { from: "release_gate", to: "publish", when: "ship" },
    { from: "release_gate", to: "architect", when: "rework", back: true },
    { from: "publish", to: "$end" },
  ],
  loops: [{ steps: ["architect", "reviewer"], name: "review" }],
};

function scene(log: LogWriter, graph: GraphDocument | null = GRAPH, ago = 7000): Scene {
  const world = memoryWorld();
  world.logs.set(log.run, log.events);
  if (graph !== null) world.graphs.set(log.run, graph);
  return { world, run: log.run, now: log.at + ago };
}

/** Architect and reviewer, `rounds` times round. */
export function reviewLoop(rounds: number, log = new LogWriter()): LogWriter {
  log.begin().step("plan", "plan").route("plan", "plan", "architect");
  for (let round = 1; round <= rounds; round += 1) {
    const visit = round === 1 ? "" : `#${round}`;
    log.started(`architect${visit}`, "architect");
    log.add(`architect${visit}`, { type: "agent_message", step: "architect", attempt: 1, text: `Draft ${round} of the design.\nIt splits the importer in two.` });
    log.completed(`architect${visit}`, "architect", `## Design, draft ${round}\n\n* importer\n* exporter`, 4200);
    log.route(`architect${visit}`, "architect", "reviewer");
    log.step(`reviewer${visit}`, "reviewer", "agent", { score: Math.min(88, 80 + round), approved: false }, 2300);
    if (round < rounds) log.route(`reviewer${visit}`, "reviewer", "architect", "not output.approved");
  }
  return log;
}

/** Works on the tests. */
export function running(): Scene {
  const log = reviewLoop(2);
  log.route("reviewer#2", "reviewer", "patch", "output.approved", 1).step("patch", "patch").route("patch", "patch", "run_tests");
  log.started("run_tests", "run_tests", "script");
  for (let i = 1; i <= 30; i += 1) log.output("run_tests", "run_tests", `test ${i} of 240 ... ok\n`);
  return scene(log, GRAPH, 1200);
}

/** Holds at the iteration limit. */
export function limitGate(): Scene {
  const log = reviewLoop(10);
  log.route("reviewer#10", "reviewer", "architect", "not output.approved");
  log.waiting(log.limit("architect#11", "architect", "fix-issue"));
  return scene(log, GRAPH, 245_000);
}

/** Three sub-workflows hold at once. */
export function nestedGates(): Scene {
  const log = new LogWriter().begin("deep", "All services");
  log.started("plan", "plan", "workflow");
  log.add("plan", { type: "subworkflow_started", step: "plan", workflow: "per-service", file: "/repo/per-service.yaml", inputs: {} });
  log.add("plan/each", { type: "group_started", group: "each", kind: "for_each", members: ["alpha", "beta", "gamma"] });
  const gates: string[] = [];
  for (const [index, key] of ["alpha", "beta", "gamma"].entries()) {
    const base = `plan/each[${key}]`;
    log.add(base, { type: "item_started", group: "each", key, index });
    log.started(base, "each", "workflow");
    log.add(base, { type: "subworkflow_started", step: "each", workflow: "looper", file: "/repo/looper.yaml", inputs: {} });
    for (let round = 1; round <= 3; round += 1) {
      const visit = round === 1 ? "" : `#${round}`;
      log.step(`${base}/assess${visit}`, "assess").route(`${base}/assess${visit}`, "assess", "patch").step(`${base}/patch${visit}`, "patch").route(`${base}/patch${visit}`, "patch", "assess");
    }
    gates.push(log.limit(`${base}/assess#4`, "assess", "looper", { current_iteration: 12, max_iterations: 12, cycle: { steps: ["assess", "patch"], rounds: 3 }, verdicts: [], agent_history: ["assess", "patch", "assess", "patch", "patch"] }));
  }
  log.waiting(...gates);
  return scene(log, null, 61_000);
}

/** Asks a person with authored labels. */
export function humanGate(): Scene {
  const log = reviewLoop(1);
  log.route("reviewer", "reviewer", "patch").step("patch", "patch").route("patch", "patch", "run_tests").step("run_tests", "run_tests", "script", { stdout: "240 passed", exit_code: 0 }).route("run_tests", "run_tests", "release_gate");
  log.started("release_gate", "release_gate", "human_gate");
  log.waiting(log.gate({
    kind: "human", step: "release_gate", path: "release_gate", workflow: "fix-issue",
    prompt: "Release **2.4.0**?\n\n1. All 240 tests pass.\n2. The importer was split in two; the old entry point stays until 3.0.\n3. `CHANGELOG.md` names both.\n\nShip it now, send it back with a note, or leave it for tomorrow.",
    answers: [
      { answer: { kind: "human", value: "ship" }, label: "Ship it", consequence: "goes to publish" },
      { answer: { kind: "human", value: "rework" }, label: "Back to the architect", consequence: "goes to architect", fields: [{ name: "note", ty: "text", multiline: true }] },
      { answer: { kind: "human", value: "later" }, label: "Not today", consequence: "ends the run" },
    ],
  }));
  return scene(log, GRAPH, 65_000);
}

/** Asks several questions. */
export function questions(): Scene {
  const log = new LogWriter().begin("interview", "New service").started("ask", "ask", "questions");
  log.waiting(log.gate({
    kind: "questions", step: "ask", path: "ask", workflow: "interview", prompt: "Some questions before the plan is written.",
    answers: [
      { answer: { kind: "questions", answers: {}, do: "submit" }, label: "Submit" },
      { answer: { kind: "questions", answers: {}, do: "skip_all" }, label: "Skip all", consequence: "goes on without answers" },
    ],
    extra: { questions: [{ id: "q1", text: "Which database?", choices: ["Postgres", "SQLite"], required: true, allow_free_text: true, multiline: false }, { id: "q2", text: "Anything else?", hint: "Limits, deadlines, people." }] },
  }));
  return scene(log, null);
}

/** An agent asks to run a tool. */
export function permission(): Scene {
  const log = new LogWriter().begin().started("patch", "patch");
  log.waiting(log.gate({
    kind: "permission", step: "patch", path: "patch", workflow: "fix-issue", prompt: "patch asks to run a command.",
    answers: [
      { answer: { kind: "permission", option: "allow_once" }, label: "Allow once" },
      { answer: { kind: "permission", option: "allow_always" }, label: "Always allow", consequence: "for this run" },
      { answer: { kind: "permission", option: "reject_once" }, label: "Reject once" },
    ],
    extra: { tool: "execute", command: "rm -rf build && make all" },
  }));
  return scene(log, GRAPH);
}

/** A script failed. */
export function failed(): Scene {
  const log = reviewLoop(1);
  log.route("reviewer", "reviewer", "patch").step("patch", "patch").route("patch", "patch", "run_tests").started("run_tests", "run_tests", "script");
  log.output("run_tests", "run_tests", "error: expected `;`, found `}`\n  --> src/importer.rs:88:4\n");
  log.failed("run_tests", "run_tests", "`make test` ended with exit code 2 after 0.9 s. Its last line: error: expected `;`, found `}`");
  log.add("", { type: "run_failed", cause: "step_failed", step: "run_tests", error: { kind: "ExecutionError", message: "run_tests failed: `make test` ended with exit code 2" } });
  return scene(log);
}

/** Stopped at its limit: no step failed. */
export function stoppedAtLimit(): Scene {
  const log = reviewLoop(10);
  log.route("reviewer#10", "reviewer", "architect");
  const gate = log.limit("architect#11", "architect", "fix-issue");
  log.waiting(gate);
  log.add("", { type: "iteration_limit_resolved", gate, answer: { kind: "iteration_limit", do: "stop" }, max_iterations: 21, by: "mia", surface: "panel", waited: 9000 }, 9000);
  log.add("", { type: "run_failed", cause: "iteration_limit", error: { kind: "MaxIterationsError", message: "fix-issue used 21 of 21 steps and was stopped" } });
  return scene(log);
}

/** Went well. */
export function finished(): Scene {
  const log = reviewLoop(3);
  log.route("reviewer#3", "reviewer", "patch").step("patch", "patch").route("patch", "patch", "run_tests").step("run_tests", "run_tests", "script").route("run_tests", "run_tests", "release_gate");
  log.started("release_gate", "release_gate", "human_gate");
  const gate = log.gate({ kind: "human", step: "release_gate", path: "release_gate", workflow: "fix-issue", prompt: "Release?", answers: [{ answer: { kind: "human", value: "ship" }, label: "Ship it" }] });
  log.waiting(gate).answered(gate, { kind: "human", value: "ship", input: { note: "Go." } }).resumed();
  log.completed("release_gate", "release_gate", { selected: "ship" }).route("release_gate", "release_gate", "publish").step("publish", "publish", "script").route("publish", "publish", "$end");
  log.add("", { type: "run_completed", output: "Released **2.4.0**.\n\nThe importer is split in two." });
  return scene(log);
}

/** A start request after a failed run. */
export function choice(): Scene {
  const start: StartRequest = {
    start: "s1", workflow: "fix-issue", created: START + 60_000,
    prior: { run: RUN, status: "failed", cause: "step_failed", started: START, progress: "5 of 9 steps", message: "Fix the login page: the session is lost when the browser restores tabs, and the form says nothing about it", changed: true },
    request: { message: "Add a dark theme to the settings page", inputs: { issue: 51 } },
  };
  const base = failed();
  base.world.list = { runs: [], starts: [start] };
  return { ...base, run: null, now: START + 120_000 };
}

/** The list of runs. */
export function home(): Scene {
  const world = memoryWorld();
  const statuses = ["waiting", "running", "failed", "completed", "cancelled"] as const;
  const runs: RunsDocument["runs"] = Array.from({ length: 40 }, (_, i) => {
    const status = statuses[i % statuses.length] ?? "completed";
    return { run: `01jhk3v9d2qf8m4t6x0z${String(i).padStart(6, "0")}`, workflow: i % 3 === 0 ? "fix-issue" : "nightly-dependency-review", path: "/repo/a.yaml", status, cause: status === "failed" ? "step_failed" : null, message: "Fix the login page", gates: status === "waiting" && i === 0 ? [{ gate: "g1", kind: "human" as const, step: "release_gate", path: "release_gate", workflow: "fix-issue", prompt: "Release?", answers: [] }] : [], started: START - i * 3_600_000 };
  });
  world.list = { runs, starts: [] };
  return { world, run: null, now: START };
}

/** Names, prompts and outputs that nobody shortened. */
export function longText(): Scene {
  const name = "verify_that_every_generated_migration_is_reversible_and_idempotent_on_postgres_and_sqlite";
  const log = new LogWriter().begin("a-workflow-with-a-name-that-somebody-thought-about-for-far-too-long-indeed", "word ".repeat(120));
  log.step(name, name, "script", "x".repeat(9000)).route(name, name, "gate_with_a_name_as_long_as_its_question");
  log.started("gate_with_a_name_as_long_as_its_question", "gate_with_a_name_as_long_as_its_question", "human_gate");
  log.waiting(log.gate({ kind: "human", step: "gate_with_a_name_as_long_as_its_question", path: "gate_with_a_name_as_long_as_its_question", workflow: "long", prompt: `${"https://example.org/" + "a".repeat(200)}\n\n<script>alert(1)</script> ![x](https://example.org/x.png)\n\n${"A long sentence that goes on. ".repeat(220)}`, answers: [{ answer: { kind: "human", value: "a" }, label: "An answer whose author wanted to be quite sure that nobody could misunderstand what it would do to the release branch" }, { answer: { kind: "human", value: "b" }, label: "no" }] }));
  return scene(log, null);
}

/** Ten thousand events of a loop that never ends. */
export function manyEvents(count = 10_000): Scene {
  const log = new LogWriter().begin("endless", "Go on").step("plan", "plan");
  for (let round = 1; log.events.length < count - 3; round += 1) {
    const visit = round === 1 ? "" : `#${round}`;
    log.started(`patch${visit}`, "patch").output(`patch${visit}`, "patch", `round ${round}\n`).completed(`patch${visit}`, "patch").route(`patch${visit}`, "patch", "run_tests");
    log.step(`run_tests${visit}`, "run_tests", "script").route(`run_tests${visit}`, "run_tests", "patch");
  }
  log.started("plan#2", "plan");
  return scene(log, null, 1000);
}

/** More nodes than a graph can show with readable labels. */
export function manyNodes(count = 120): Scene {
  const nodes = Array.from({ length: count }, (_, i) => ({ id: `step_${i}`, kind: "script", label: `step_${i}`, line: i }));
  const edges = nodes.slice(1).map((node, i) => ({ from: `step_${i - (i % 3)}`, to: node.id }));
  const log = new LogWriter().begin("wide", "Everything", count);
  for (let i = 0; i < 50; i += 1) log.step(`step_${i}`, `step_${i}`, "script");
  log.started("step_50", "step_50", "script");
  return scene(log, { nodes, edges, entry: "step_0" }, 800);
}

/** Every scene by name. */
/** A loop of an Archon graph that has used its rounds. */
export function roundsGate(): Scene {
  const log = new LogWriter().begin("release-notes", "version 2.4", 3, "archon");
  log.step("changes", "changes", "bash", "- faster").rounds("notes", "notes", 4, "One.", "Two.", "Three.", "Four.");
  const gate = log.gate({ kind: "iteration_limit", path: "notes", step: "notes", workflow: "release-notes", prompt: "`notes` has used all of its 4 rounds. It ends when the signal `READY` is given.\n\n> Four.", answers: limitAnswers(1), current_iteration: 4, max_iterations: 4, needed: 1, agent_history: ["notes", "notes", "notes", "notes"], possible_loop: true, cycle: { steps: ["notes"], rounds: 4 }, verdicts: [1, 2, 3, 4].map((round) => ({ step: "notes", round, feedback: `Round ${round}.` })), counts: "rounds" });
  log.waiting(gate);
  const graph: GraphDocument = {
    nodes: [{ id: "changes", kind: "bash" }, { id: "notes", kind: "loop" }, { id: "publish", kind: "approval" }],
    edges: [{ from: "changes", to: "notes" }, { from: "notes", to: "publish" }, { from: "notes", to: "notes", back: true, label: "until READY, at most 4" }],
  };
  return scene(log, graph);
}

/** An approval that was rejected once: the work was done over, and it asks again. */
export function reworked(): Scene {
  const log = new LogWriter().begin("sign-off", "the release", 2, "archon");
  log.step("draft", "draft", "command", "A sentence.").started("review", "review", "approval");
  const ask = (): string => log.gate({
    kind: "approval", path: "review", step: "review", workflow: "sign-off", prompt: "A sentence. Is that right?",
    answers: [
      { answer: { kind: "approval", decision: "approve" }, label: "Approve", fields: [{ name: "text", ty: "text", multiline: true, optional: true }] },
      { answer: { kind: "approval", decision: "reject" }, label: "Reject", fields: [{ name: "text", ty: "text", multiline: true }] },
    ],
  });
  log.answered(ask(), { kind: "approval", decision: "reject", text: "too short" }).step("review[g1]/on_reject", "review:on_reject", "prompt", "A longer sentence.");
  log.waiting(ask());
  return scene(log, null);
}

export const SCENES = { running, limitGate, roundsGate, reworked, nestedGates, humanGate, questions, permission, failed, stoppedAtLimit, finished, choice, home, longText, manyEvents, manyNodes } satisfies Record<string, () => Scene>;
