// The radio group and the button that every card decides with: select, then
// confirm. Enter in a text field never decides; Ctrl or Cmd with Enter does.

import type { ComponentChildren, JSX } from "preact";
import { Icon, StateIcon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import type { AnswerField } from "../protocol/gates";
import { fieldName } from "../state/answers";
import type { Sent } from "../state/store";
import { clock } from "../text/format";

/** One thing to select. */
export interface Option {
  readonly id: string;
  readonly label: string;
  readonly consequence: string | null;
  readonly fields: readonly AnswerField[];
  readonly hint?: string | null;
}

/** What a decision is given. */
export interface DecisionProps {
  /** Unique in the page. */
  readonly id: string;
  readonly legend: string;
  readonly options: readonly Option[];
  readonly choice: string | null;
  readonly values: Readonly<Record<string, string>>;
  readonly sent: Sent | undefined;
  readonly problem: { readonly field: string; readonly text: string } | null;
  readonly onChoose: (choice: string) => void;
  readonly onValue: (name: string, value: string) => void;
  readonly onSend: () => void;
  readonly children?: ComponentChildren;
}

/** Why nothing can be decided now, or null. */
export function useBlocked(): string | null {
  const store = useStore();
  if (store.replaying) return "An earlier moment is shown. Go back to live to decide.";
  if (!store.connected) return store.heardAt === 0 ? "Connecting; nothing can be sent yet." : `The connection is lost since ${clock(store.heardAt)}; nothing can be sent.`;
  return null;
}

/** Select and confirm. */
export function Decision(props: DecisionProps): JSX.Element {
  const blocked = useBlocked();
  const pending = props.sent?.state === "pending";
  const chosen = props.options.find((option) => option.id === props.choice) ?? null;
  const can = blocked === null && !pending && chosen !== null && props.problem === null;
  return (
    <form
      class="decision"
      onSubmit={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        if (can) props.onSend();
      }}
    >
      {props.children}
      <fieldset disabled={blocked !== null || pending}>
        <legend>{props.legend}</legend>
        {props.options.map((option) => (
          <div key={option.id} class={`option${option.id === props.choice ? " chosen" : ""}`}>
            <label>
              <input type="radio" name={props.id} value={option.id} checked={option.id === props.choice} onChange={() => props.onChoose(option.id)} />
              <span class="option-text">
                <span class="option-label">{option.label}</span>
                {option.consequence !== null && <span class="option-consequence">{option.consequence}</span>}
              </span>
            </label>
            {option.id === props.choice && option.fields.map((field) => <Field key={field.name} id={`${props.id}-${field.name}`} field={field} hint={option.hint ?? null} value={props.values[field.name] ?? ""} problem={props.problem} onValue={props.onValue} />)}
          </div>
        ))}
      </fieldset>
      <Verdict sent={props.sent} />
      <div class="decision-send">
        <button type="button" disabled={!can} onClick={props.onSend}>
          {pending ? "Sending" : props.sent?.state === "late" ? "Send again" : chosen === null ? "Decide" : `Confirm: ${chosen.label}`}
        </button>
        <span class="decision-why">{blocked ?? (chosen === null ? "Select one of the answers." : "Ctrl+Enter confirms.")}</span>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly field: AnswerField;
  readonly hint: string | null;
  readonly value: string;
  readonly problem: { readonly field: string; readonly text: string } | null;
  readonly onValue: (name: string, value: string) => void;
}

function Field({ id, field, hint, value, problem, onValue }: FieldProps): JSX.Element {
  const wrong = problem !== null && problem.field === field.name && value !== "";
  const name = fieldName(field);
  const common = { id, value, "aria-invalid": wrong, "aria-describedby": wrong ? `${id}-problem` : undefined };
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {field.ty === "integer" ? (
        <input {...common} inputMode="numeric" autocomplete="off" placeholder={String(field.minimum ?? "")} onInput={(event) => onValue(field.name, event.currentTarget.value)} />
      ) : field.multiline === true ? (
        <textarea {...common} rows={3} onInput={(event) => onValue(field.name, event.currentTarget.value)} />
      ) : (
        <input {...common} type="text" onInput={(event) => onValue(field.name, event.currentTarget.value)} />
      )}
      {hint !== null && !wrong && <span class="field-hint">{hint}</span>}
      {wrong && <span class="field-problem" id={`${id}-problem`} role="alert">{problem.text}</span>}
    </div>
  );
}

function Verdict({ sent }: { readonly sent: Sent | undefined }): JSX.Element | null {
  if (sent === undefined || sent.state === "pending") return null;
  if (sent.state === "accepted") return <p class="sent"><StateIcon state="done" /> Accepted.</p>;
  if (sent.state === "late") return <p class="sent late" role="alert"><Icon name="offline" /> No answer from the server for 2 s. Sending again is safe: a gate takes one answer.</p>;
  const { reason, message, needed, answered } = sent.result;
  return (
    <p class="sent refused" role="alert">
      <StateIcon state="failed" /> {message ?? reason ?? "Refused."}
      {needed !== undefined && needed !== null && ` At least ${needed} steps are needed.`}
      {answered !== undefined && answered !== null && ` Answered by ${answered.by} in ${answered.surface} at ${clock(answered.at)}.`}
    </p>
  );
}
