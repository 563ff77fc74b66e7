// The card of one gate: question, where, how long, evidence, choices. Docked,
// never a modal; it can be collapsed to the bar and never dismissed.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, StateIcon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import { childOf, countsRounds, limitEvidence, type Gate, type Json } from "../protocol/gates";
import { assemble, choicesOf, count, describeAnswer, estimate, questionsOf, type Choice, type Question, type RoundCost } from "../state/answers";
import { innerWords, type ClosedGate, type OpenGate, type RunModel } from "../state/model";
import { isWithin } from "../state/paths";
import { gateId } from "../state/store";
import { gateScope, limitSentence, roundCost, shortRun } from "../state/summary";
import { age, clock, duration } from "../text/format";
import { Markdown } from "../text/markdown";
import { gateKindWords } from "./attention-bar";
import { Decision } from "./decision";
import { LimitEvidenceTable } from "./limit-evidence";

/** Whether a person is typing right now: then nothing may take the focus. */
export function isTyping(element: Element | null): boolean {
  return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement || (element instanceof HTMLInputElement && !["radio", "checkbox", "button"].includes(element.type));
}

interface FrameProps {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly open: boolean;
  readonly children: ComponentChildren;
  readonly kind: string;
}

/** A docked card; its heading takes the focus once. */
export function CardFrame({ id, title, open, children, kind }: FrameProps): JSX.Element {
  const store = useStore();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const take = (): void => {
      if (!isTyping(document.activeElement)) heading.current?.focus({ preventScroll: true });
    };
    if (document.hasFocus()) {
      take();
      return undefined;
    }
    // Somebody types elsewhere, in the editor beside us for one: the heading waits until they come here.
    const come = (): void => {
      if (document.activeElement === null || document.activeElement === document.body) take();
    };
    window.addEventListener("focus", come, { once: true });
    return () => window.removeEventListener("focus", come);
  }, [id]);
  return (
    <section class={`card card-${kind}`} aria-labelledby="card-title">
      <div class="card-head">
        <h2 id="card-title" ref={heading} tabIndex={-1}>{title}</h2>
        <button type="button" class="quiet icon-only" title="Collapse to the bar" aria-label="Collapse to the bar" onClick={() => store.go({ collapsed: true })}><Icon name="up" /></button>
      </div>
      {children}
    </section>
  );
}

/** The card of an open gate. */
export function GateCard({ model, open }: { readonly model: RunModel; readonly open: OpenGate }): JSX.Element {
  const store = useStore();
  const { gate } = open;
  const limit = gate.kind === "iteration_limit" && limitEvidence(gate) !== null;
  return (
    <CardFrame id={gateId(model.run, gate.gate)} kind={gate.kind} open={!store.replaying} title={limit ? <LimitTitle model={model} open={open} /> : cardTitle(gate)}>
      {!limit && gate.prompt !== "" && <Markdown text={gate.prompt} />}
      {/* What ends the loop; the last round that follows is in the table. */}
      {limit && countsRounds(gate) && <Markdown text={gate.prompt.split("\n\n", 1)[0] ?? ""} />}
      <p class="card-facts">
        <span class="scope">{gateScope(gate, model.request.workflow, innerWords(model))}{gate.path === "" && !limit ? ` › ${gate.step}` : ""}</span>
        <span>waiting {age(store.clock - open.opened)}</span>
        {model.request.gates !== "" && model.request.gates !== "ask" && <span>policy {model.request.gates}</span>}
      </p>
      <AskedBy gate={gate} />
      {limit ? <LimitEvidenceTable model={model} open={open} /> : <Extras gate={gate} />}
      {gate.kind === "approval" && <Rework model={model} open={open} />}
      <GateDecision model={model} open={open} />
    </CardFrame>
  );
}

function cardTitle(gate: Gate): string {
  const first = gate.prompt.trim();
  if (first !== "" && first.length <= 80 && !first.includes("\n") && !/[*_`#[]/.test(first)) return `${gate.step}: ${gateKindWords(gate)}`;
  return `${gate.step}: ${gateKindWords(gate)}`;
}

function LimitTitle({ model, open }: { readonly model: RunModel; readonly open: OpenGate }): JSX.Element {
  const words = limitSentence(model, open.frame, open.gate);
  if (countsRounds(open.gate)) return <>Loop <code>{open.gate.step}</code>{words.item !== null && <> item <code>{words.item}</code></>} used {words.used} of {count(words.limit, "round")}</>;
  return (
    <>
      Workflow <code>{words.workflow}</code>{words.item !== null && <> item <code>{words.item}</code></>} used {words.used} of {words.limit} steps; next: <code>{words.next}</code>
      {words.runs > 0 && ` (${words.runs} ${words.runs === 1 ? "run" : "runs"} so far)`}
    </>
  );
}

function GateDecision({ model, open }: { readonly model: RunModel; readonly open: OpenGate }): JSX.Element {
  const store = useStore();
  const { gate } = open;
  const id = gateId(model.run, gate.gate);
  const draft = store.draft(id);
  const round = roundCost(model, open.frame, gate);
  const choices = choicesOf(gate, round);
  const chosen = choices.find((choice) => choice.id === draft.choice) ?? null;
  const assembled = chosen === null ? null : assemble(gate, chosen, draft.values);
  const problem = assembled !== null && !assembled.ok ? { field: assembled.field, text: assembled.problem } : null;
  const questions = gate.kind === "questions" ? questionsOf(gate) : [];
  return (
    <Decision
      id={id}
      legend={gate.kind === "iteration_limit" ? "How should it go on?" : "Your answer"}
      options={choices.map((choice) => ({ id: choice.id, label: choice.label, consequence: choice.consequence, fields: choice.spec.fields ?? [], hint: customHint(choice, draft.values, gate, round) }))}
      choice={draft.choice}
      values={draft.values}
      sent={store.sent.get(id)}
      problem={problem}
      onChoose={(choice) => store.setDraft(id, { choice })}
      onValue={(name, value) => store.setDraft(id, { values: { [name]: value } })}
      onSend={() => {
        if (assembled?.ok === true) void store.answer(gate.gate, assembled.answer);
      }}
    >
      {questions.length > 0 && <Questions id={id} questions={questions} values={draft.values} onValue={(name, value) => store.setDraft(id, { values: { [name]: value } })} problem={problem} />}
    </Decision>
  );
}

/** For a custom number: what it means in rounds, time and cost. */
function customHint(choice: Choice, values: Readonly<Record<string, string>>, gate: Gate, round: RoundCost | null): string | null {
  if (choice.id !== "custom") return null;
  const n = Number(values["n"] ?? "");
  const length = limitEvidence(gate)?.cycle?.steps.length ?? 0;
  if (!Number.isSafeInteger(n) || n <= 0) return null;
  const max = (gate.max_iterations ?? 0) + n;
  if (countsRounds(gate)) return `${count(n, "more round")}, until round ${max}${estimate(round, n)}`;
  const rounds = length === 0 ? "" : ` = ${(n / length).toFixed(n % length === 0 ? 0 : 1)} rounds`;
  return `${count(n, "step")}${rounds}, until step ${max}${length === 0 ? "" : estimate(round, n / length)}`;
}

interface QuestionsProps {
  readonly id: string;
  readonly questions: readonly Question[];
  readonly values: Readonly<Record<string, string>>;
  readonly onValue: (name: string, value: string) => void;
  readonly problem: { readonly field: string; readonly text: string } | null;
}

function Questions({ id, questions, values, onValue, problem }: QuestionsProps): JSX.Element {
  return (
    <div class="questions">
      {questions.map((question) => {
        const name = `q:${question.id}`;
        const field = `${id}-${name}`;
        const value = values[name] ?? question.fallback;
        const wrong = problem?.field === name;
        return (
          <div key={question.id} class="question">
            <div class="question-text" id={`${field}-text`}><Markdown text={question.text} />{question.required && <span class="required">needs an answer</span>}</div>
            {question.hint !== null && <p class="field-hint">{question.hint}</p>}
            {question.choices.length > 0 && (
              <div class="question-choices" role="group" aria-labelledby={`${field}-text`}>
                {question.choices.map((choice) => <button key={choice} type="button" class="secondary" aria-pressed={value === choice} onClick={() => onValue(name, choice)}>{choice}</button>)}
              </div>
            )}
            {question.freeText && (question.multiline
              ? <textarea id={field} aria-labelledby={`${field}-text`} rows={2} value={value} aria-invalid={wrong} onInput={(event) => onValue(name, event.currentTarget.value)} />
              : <input id={field} aria-labelledby={`${field}-text`} type="text" value={value} aria-invalid={wrong} onInput={(event) => onValue(name, event.currentTarget.value)} />)}
          </div>
        );
      })}
    </div>
  );
}

/** Whose question it is, where another run asks it. What an answer does, it does there. */
function AskedBy({ gate }: { readonly gate: Gate }): JSX.Element | null {
  const store = useStore();
  const child = childOf(gate);
  if (child === null) return null;
  return (
    <p class="card-facts">
      <span>asked by <code>{child.step}</code> of <code>{gate.workflow}</code>; the answers are about <button type="button" class="link" onClick={() => void store.open(child.run)}>run {shortRun(child.run)}</button></span>
    </p>
  );
}

/** What {@link AskedBy} says. */
const OF_CHILD = new Set(["type", "child", "child_gate", "child_step"]);

function Extras({ gate }: { readonly gate: Gate }): JSX.Element | null {
  const extras = Object.entries(gate.extra ?? {}).filter(([name, value]) => !(childOf(gate) !== null && OF_CHILD.has(name)) && !(gate.kind === "questions" && name === "questions") && value !== null && value !== "");
  if (extras.length === 0) return null;
  return (
    <dl class="extras">
      {extras.map(([name, value]) => (
        <div key={name}>
          <dt>{name.replaceAll("_", " ")}</dt>
          <dd>{typeof value === "string" ? <pre>{value}</pre> : <pre>{pretty(value)}</pre>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What was said by the work that a rejection has asked for. */
function Rework({ model, open }: { readonly model: RunModel; readonly open: OpenGate }): JSX.Element | null {
  const { path } = open.gate;
  const done = model.executions.findLast((execution) => execution.path !== path && isWithin(execution.path, path) && execution.seq < open.seq && execution.status === "completed");
  if (path === "" || done?.output === undefined || done.output === "") return null;
  return (
    <dl class="extras">
      <div>
        <dt>After the rejection</dt>
        <dd><Markdown text={pretty(done.output)} /></dd>
      </div>
    </dl>
  );
}

function pretty(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** The card of a gate that was closed, here or elsewhere. */
export function ClosedCard({ model, closed, next }: { readonly model: RunModel; readonly closed: ClosedGate; readonly next: string | null }): JSX.Element {
  const store = useStore();
  const { answered, gate } = closed;
  return (
    <section class="card card-closed" aria-labelledby="card-title">
      <h2 id="card-title" tabIndex={-1}>
        <StateIcon state={answered === null ? "skipped" : "done"} /> {answered === null ? `The question of ${gate.step} was withdrawn` : `Answered by ${answered.by} in ${answered.surface}`}
      </h2>
      <p>{answered === null ? closed.withdrawn : describeAnswer(gate, answered.answer)}</p>
      <p class="card-facts">
        <span class="scope">{gateScope(gate, model.request.workflow, innerWords(model))}</span>
        <span>{clock(closed.closed)}, {age(store.clock - closed.closed)} ago</span>
        <span>waited {duration(closed.closed - closed.opened)}</span>
      </p>
      <div class="decision-send">
        {next !== null && <button type="button" onClick={() => store.go({ gate: next, collapsed: false })}>Next decision</button>}
        <button type="button" class="secondary" onClick={() => store.go({ gate: null })}>Close</button>
      </div>
    </section>
  );
}
