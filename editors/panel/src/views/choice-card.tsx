// The card of an open start request: what the earlier run was about, what is
// asked for now, and the four answers. Nothing has started until one is chosen.

import type { JSX } from "preact";
import { useStore } from "../parts/use-store";
import type { ChoiceAnswer, PriorRun, StartRequest } from "../protocol/documents";
import type { Json } from "../protocol/gates";
import { asObject } from "../state/model";
import { causeWords, shortRun } from "../state/summary";
import { moment } from "../text/format";
import { startPlace } from "./attention-bar";
import { Decision } from "./decision";
import { CardFrame } from "./gate-card";

const ABOUT_PRIOR: readonly ChoiceAnswer[] = ["resume", "abandon_and_run", "run_fresh", "dismiss"];
const ABOUT_CHANGES: readonly ChoiceAnswer[] = ["with_changes", "from_head", "dismiss"];

/** Label and consequence of an answer, for the earlier run's status. */
export function choiceWords(start: StartRequest, answer: ChoiceAnswer): { readonly label: string; readonly consequence: string } {
  const prior = start.prior === null ? "" : shortRun(start.prior.run);
  switch (answer) {
    case "resume":
      switch (start.prior?.status) {
        case undefined:
        case "running":
        case "queued":
          return { label: `Follow ${prior}`, consequence: "shows the earlier run, which is still going; your new request is not run" };
        case "waiting":
          return { label: `Answer ${prior}`, consequence: "shows what the earlier run waits for; your new request is not run" };
        case "failed":
        case "completed":
        case "cancelled":
          return { label: `Resume ${prior}`, consequence: "goes on with the earlier run and its own message; your new request is not run" };
      }
    case "abandon_and_run":
      return { label: "Abandon it and run", consequence: `cancels ${prior} for good, then runs your new request` };
    case "run_fresh":
      return { label: "Run fresh, keep it", consequence: `runs your new request; ${prior} stays as it is and can be resumed later` };
    case "with_changes":
      return { label: "With my changes", consequence: "takes them along into the run's worktree; your checkout stays as it is" };
    case "from_head":
      return { label: "From the last commit", consequence: "the run does not see them; your checkout stays as it is" };
    case "dismiss":
      return { label: "Dismiss", consequence: start.prior === null ? "nothing runs" : "nothing runs; the earlier run stays as it is" };
  }
}

/** The card of a start request. */
export function ChoiceCard({ start }: { readonly start: StartRequest }): JSX.Element {
  const store = useStore();
  const id = startPlace(start.start);
  const draft = store.draft(id);
  const { prior } = start;
  const answers = start.answers ?? (prior === null ? ABOUT_CHANGES : ABOUT_PRIOR);
  const title = prior === null ? <><code>{start.workflow}</code> runs in a worktree of its own, and there are uncommitted changes</> : <>An earlier run of <code>{start.workflow}</code> {standing(prior)}</>;
  return (
    <CardFrame id={id} kind="choice" open title={title}>
      <p>Nothing has started. Your request is kept until you choose.</p>
      <dl class="facts">
        {prior === null && <div><dt>Not committed</dt><dd class="quote">{(start.changes ?? []).join("\n")}</dd></div>}
        {prior !== null && <PriorFacts prior={prior} />}
        <div><dt>Your request</dt><dd class="quote">{wish(start)}</dd></div>
      </dl>
      <Decision
        id={id}
        legend="What should happen?"
        options={answers.map((answer) => ({ id: answer, ...choiceWords(start, answer), fields: [] }))}
        choice={draft.choice}
        values={draft.values}
        sent={store.sent.get(id)}
        problem={null}
        onChoose={(choice) => store.setDraft(id, { choice })}
        onValue={() => undefined}
        onSend={() => {
          const answer = answers.find((candidate) => candidate === draft.choice);
          if (answer !== undefined) void store.choose(start.start, answer);
        }}
      />
    </CardFrame>
  );
}

/** What is known of the earlier run. */
function PriorFacts({ prior }: { readonly prior: PriorRun }): JSX.Element {
  const store = useStore();
  return (
    <>
      <div><dt>Earlier run</dt><dd><button type="button" class="link" onClick={() => void store.open(prior.run)}>{shortRun(prior.run)}</button>, {prior.status === "waiting" ? "waiting" : prior.status}{prior.cause === null || prior.cause === undefined ? "" : ` (${causeWords(prior.cause)})`}{moment(prior.started) === "" ? "" : `, started ${moment(prior.started)}`}</dd></div>
      {progress(prior.progress) !== null && <div><dt>Progress</dt><dd>{progress(prior.progress)}</dd></div>}
      <div><dt>Its message</dt><dd class="quote">{prior.message ?? "(no message)"}</dd></div>
      {prior.gate !== undefined && prior.gate !== null && <div><dt>Waits for</dt><dd>{prior.gate.prompt}</dd></div>}
      {prior.changed !== undefined && prior.changed !== null && prior.changed !== false && <div><dt>File</dt><dd>changed since that run</dd></div>}
    </>
  );
}

function standing(prior: PriorRun): string {
  switch (prior.status) {
    case "failed":
      return "did not finish";
    case "running":
    case "queued":
      return "is still going";
    case "waiting":
      return "is waiting for an answer";
    case "completed":
    case "cancelled":
      return "exists";
  }
}

function progress(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  const fields = asObject(value);
  const done = fields?.["done"] ?? fields?.["steps"];
  const total = fields?.["total"];
  if (typeof done === "number") return typeof total === "number" && total >= done ? `${done} of ${total} steps` : `${done} steps run`;
  return typeof value === "number" ? `${value} steps run` : null;
}

function wish(start: StartRequest): string {
  const { message, inputs } = start.request;
  const parts = [message ?? null, ...Object.entries(inputs ?? {}).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)];
  const text = parts.filter((part) => part !== null && part !== "").join("\n");
  return text === "" ? "(no message)" : text;
}
