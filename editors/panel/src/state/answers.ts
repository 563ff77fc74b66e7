// Putting an answer together from what a person selected and typed, checking it
// before it is sent, and saying an answer in words. No rendering.

import { countsRounds, limitEvidence, type AnswerField, type AnswerSpec, type Gate, type Json } from "../protocol/gates";
import { asObject } from "./model";

/** One thing that can be selected in a gate card. */
export interface Choice {
  /** Unique within the gate. */
  readonly id: string;
  readonly label: string;
  readonly consequence: string | null;
  readonly spec: AnswerSpec;
}

/** What a round of the repeating cycle took, for estimates. Milliseconds and currency units. */
export interface RoundCost {
  readonly steps: number;
  readonly elapsed: number | null;
  readonly cost: number | null;
}

/** The choices of a gate in the order to offer. An iteration limit offers rounds where a cycle is known. */
export function choicesOf(gate: Gate, round: RoundCost | null): Choice[] {
  const specs = gate.answers.length > 0 ? gate.answers : fallbackAnswers(gate);
  if (gate.kind !== "iteration_limit") {
    return specs.map((spec, index) => ({ id: `a${index}`, label: spec.label, consequence: spec.consequence ?? null, spec }));
  }
  return limitChoices(gate, specs, round);
}

function decisionOf(spec: AnswerSpec): string | null {
  const answer = asObject(spec.answer);
  const decision = answer?.["do"];
  return typeof decision === "string" ? decision : null;
}

function limitChoices(gate: Gate, specs: readonly AnswerSpec[], round: RoundCost | null): Choice[] {
  const rounds = countsRounds(gate);
  const unit = rounds ? "round" : "step";
  const evidence = limitEvidence(gate);
  const needed = evidence?.needed ?? 1;
  const max = evidence?.max_iterations ?? 0;
  const choices: Choice[] = [];
  const offer = (id: string, label: string, n: number, times: number): void => {
    choices.push({ id, label, consequence: `goes on until ${unit} ${max + n}${estimate(round, times)}; asks again there`, spec: { answer: { kind: "iteration_limit", do: "continue", n }, label } });
  };
  const length = evidence?.cycle?.steps.length ?? 0;
  if (rounds) {
    for (const n of [1, 3]) offer(`r${n}`, `+${count(n, "round")}`, n, n);
  } else if (length > 0) {
    for (const times of [1, 3]) {
      const n = Math.max(needed, times * length);
      offer(`r${times}`, `+${count(times, "round")} (${count(n, "step")})`, n, n / length);
    }
  } else {
    const offers = specs.filter((spec) => decisionOf(spec) === "continue").map((spec) => asObject(spec.answer)?.["n"]).filter((n): n is number => typeof n === "number");
    for (const n of offers.length > 0 ? offers : [needed, needed + 4]) offer(`n${n}`, `+${count(n, "step")}`, n, 0);
  }
  choices.push({
    id: "custom",
    label: `Another number of ${unit}s`,
    consequence: rounds ? "at least 1" : `at least ${needed}, so that ${gate.step} can start`,
    spec: { answer: { kind: "iteration_limit", do: "continue" }, label: "Continue", fields: [{ name: "n", ty: "integer", minimum: needed, label: rounds ? "Rounds" : "Steps" }] },
  });
  for (const decision of ["stop", "abort"]) {
    const spec = specs.find((candidate) => decisionOf(candidate) === decision);
    const label = decision === "stop" ? "Stop" : "Abort";
    const consequence = decision === "stop" ? "stops here; everything is kept; resume is possible" : "cancels the whole run for good; nothing can resume it";
    choices.push({ id: decision, label: spec?.label ?? label, consequence: spec?.consequence ?? consequence, spec: spec ?? { answer: { kind: "iteration_limit", do: decision }, label } });
  }
  return choices;
}

/** "1 step", "4 rounds". */
export function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

/** ", about 40 s, 0.12" for a number of rounds; empty when nothing was measured. */
export function estimate(round: RoundCost | null, rounds: number): string {
  if (round === null || rounds <= 0 || round.elapsed === null) return "";
  const seconds = Math.round((round.elapsed * rounds) / 1000);
  const time = seconds < 90 ? `${Math.max(1, seconds)} s` : `${Math.round(seconds / 60)} min`;
  const cost = round.cost === null ? "" : `, $${(round.cost * rounds).toFixed(2)}`;
  return `, about ${time}${cost}`;
}

function fallbackAnswers(gate: Gate): AnswerSpec[] {
  switch (gate.kind) {
    case "iteration_limit":
      return [];
    case "human":
      return [];
    case "questions":
      return [{ answer: { kind: "questions", answers: {}, do: "submit" }, label: "Submit" }];
    case "approval":
      return [
        { answer: { kind: "approval", decision: "approve" }, label: "Approve" },
        { answer: { kind: "approval", decision: "reject" }, label: "Reject", fields: [{ name: "text", ty: "text", multiline: true, optional: true }] },
      ];
    case "permission":
      return [
        { answer: { kind: "permission", option: "allow_once" }, label: "Allow once" },
        { answer: { kind: "permission", option: "reject_once" }, label: "Reject once" },
      ];
  }
}

/** What the field of an answer is called where it is filled in. */
export function fieldName(field: AnswerField): string {
  if (field.label !== undefined) return field.label;
  const name = field.ty === "integer" ? "Steps" : field.name === "text" ? "Comment" : field.name.replaceAll("_", " ");
  return field.optional === true ? `${name} (optional)` : name;
}

/** Either an answer to send, or the sentence why it cannot be sent yet. */
export type Assembled = { readonly ok: true; readonly answer: Json } | { readonly ok: false; readonly problem: string; readonly field: string };

/** Puts the typed fields into the answer of a choice. */
export function assemble(gate: Gate, choice: Choice, values: Readonly<Record<string, string>>): Assembled {
  let answer = asObject(choice.spec.answer);
  if (answer === null) return { ok: true, answer: choice.spec.answer };
  for (const field of choice.spec.fields ?? []) {
    const text = values[field.name] ?? "";
    if (field.ty === "integer") {
      const n = /^\d+$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
      const minimum = field.minimum ?? 0;
      if (!Number.isSafeInteger(n)) return { ok: false, field: field.name, problem: `A whole number of at least ${minimum} is needed.` };
      if (n < minimum) return { ok: false, field: field.name, problem: `At least ${minimum} is needed, so that ${gate.step} can start; ${n} would stop there again.` };
      answer = { ...answer, [field.name]: n };
    } else if (text !== "") {
      answer = place(gate, answer, field.name, text);
    }
  }
  if (gate.kind === "questions" && answer["do"] === "submit") {
    const answers: Record<string, Json> = { ...asObject(answer["answers"]) };
    for (const question of questionsOf(gate)) {
      const text = values[`q:${question.id}`] ?? question.fallback;
      if (question.required && text.trim() === "") return { ok: false, field: `q:${question.id}`, problem: `“${question.text}” needs an answer.` };
      answers[question.id] = text === "" ? null : text;
    }
    answer = { ...answer, answers };
  }
  return { ok: true, answer };
}

function place(gate: Gate, answer: { readonly [key: string]: Json }, name: string, text: string): { readonly [key: string]: Json } {
  if (gate.kind === "human") return { ...answer, input: { ...asObject(answer["input"]), [name]: text } };
  if (gate.kind === "questions") return { ...answer, answers: { ...asObject(answer["answers"]), [name]: text } };
  return { ...answer, [name]: text };
}

/** One question of a questions gate. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly hint: string | null;
  readonly choices: readonly string[];
  readonly freeText: boolean;
  readonly required: boolean;
  readonly multiline: boolean;
  readonly fallback: string;
}

/** The questions in a gate's extras. */
export function questionsOf(gate: Gate): Question[] {
  const list = gate.extra?.["questions"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: Json, index) => {
    if (typeof entry === "string") return [{ id: `q${index + 1}`, text: entry, hint: null, choices: [], freeText: true, required: false, multiline: true, fallback: "" }];
    const question = asObject(entry);
    if (question === null) return [];
    const text = question["text"] ?? question["question"];
    const choices = question["choices"];
    return [{
      id: typeof question["id"] === "string" ? question["id"] : `q${index + 1}`,
      text: typeof text === "string" ? text : "",
      hint: typeof question["hint"] === "string" ? question["hint"] : null,
      choices: Array.isArray(choices) ? choices.filter((choice): choice is string => typeof choice === "string") : [],
      freeText: question["allow_free_text"] !== false,
      required: question["required"] === true,
      multiline: question["multiline"] !== false,
      fallback: typeof question["default"] === "string" ? question["default"] : "",
    }];
  });
}

/** An answer in words, for the audit line and for "answered by". */
export function describeAnswer(gate: Gate, answer: Json): string {
  if (typeof answer === "string") return `chose “${answer}” at ${gate.step}`;
  const fields = asObject(answer);
  if (fields === null) return `answered ${gate.step}`;
  switch (gate.kind) {
    case "iteration_limit": {
      const [owner, unit] = countsRounds(gate) ? [gate.step, "more round"] : [gate.workflow, "more step"];
      if (fields["do"] === "continue") return `continued ${owner} with ${count(Number(fields["n"]), unit)}`;
      return fields["do"] === "abort" ? "aborted the run" : `stopped ${owner}`;
    }
    case "human":
      return `chose “${labelOf(gate, answer, String(fields["value"]))}” at ${gate.step}`;
    case "questions":
      return fields["do"] === "submit" ? `answered the questions of ${gate.step}` : `chose ${String(fields["do"]).replace("_", " ")} at ${gate.step}`;
    case "approval":
      return `decided “${labelOf(gate, answer, String(fields["decision"]))}” at ${gate.step}`;
    case "permission":
      return `decided “${labelOf(gate, answer, String(fields["option"]).replaceAll("_", " "))}” for ${gate.step}`;
  }
}

function labelOf(gate: Gate, answer: Json, fallback: string): string {
  const given = asObject(answer);
  const spec = gate.answers.find((candidate) => {
    const offered = asObject(candidate.answer);
    return offered !== null && given !== null && ["value", "decision", "option"].every((name) => offered[name] === given[name]);
  });
  return spec?.label ?? fallback;
}
