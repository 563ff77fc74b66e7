// How a run ended: outcome, reason, what can be done next.

import type { JSX } from "preact";
import { StateIcon, statusState } from "../parts/icons";
import { useStore } from "../parts/use-store";
import { innerWords, type RunModel } from "../state/model";
import { failedPlaces } from "../state/nodes";
import { describePath } from "../state/paths";
import { elapsedOf, nextActionHint, statusWords } from "../state/summary";
import { duration } from "../text/format";
import { Markdown } from "../text/markdown";

/** The card of a run that ended. */
export function EndCard({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useStore();
  const status = statusWords(model);
  const places = failedPlaces(model);
  const hint = nextActionHint(model);
  const { output } = model;
  const text = output === undefined || output === null ? "" : typeof output === "string" ? output : JSON.stringify(output, null, 2);
  const took = elapsedOf(model, model.endedAt ?? 0);
  const open = store.transport.openText;
  return (
    <section class={`card card-end end-${model.status}`} aria-labelledby="card-title">
      <h2 id="card-title" tabIndex={-1}><StateIcon state={statusState(model.status)} /> Run {status.word}{status.detail === null ? "" : `: ${status.detail}`}</h2>
      {model.error !== null && <p class="pre">{model.error.message}</p>}
      {model.endReason !== null && model.status === "completed" && <p class="pre">{model.endReason}</p>}
      {places.length > 0 && (
        <p class="card-facts">{places.slice(0, 3).map((place) => <button key={place.key} type="button" class="link" onClick={() => store.go({ selected: place.path, frame: place.frame })}>{describePath(place.path, innerWords(model))}</button>)}</p>
      )}
      <p class="card-facts">
        <span>{model.counted} {model.counted === 1 ? "step" : "steps"} run</span>
        {took !== null && <span>{duration(took)}</span>}
      </p>
      {hint !== null && <p>{hint}</p>}
      {text !== "" && (
        <details class="value" open={text.length < 1200}>
          <summary>Output</summary>
          {typeof output === "string" ? <Markdown text={output} /> : <pre tabIndex={0}>{text.slice(0, 4000)}</pre>}
          {open !== null && <button type="button" class="link" onClick={() => open("output", text)}>Open in an editor</button>}
        </details>
      )}
    </section>
  );
}
