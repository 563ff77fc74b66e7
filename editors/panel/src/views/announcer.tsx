// What screen readers hear: a new decision at once, step changes at most every
// three seconds.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../parts/use-store";
import type { RunModel } from "../state/model";
import { shortRun, statusWords } from "../state/summary";
import { gateKindWords } from "./attention-bar";

/** Pause between two polite announcements, in ms. */
const PAUSE = 3000;

/** The live regions. */
export function Announcer({ model }: { readonly model: RunModel | null }): JSX.Element {
  const store = useStore();
  const said = useRef({ at: 0, seq: 0 });
  const [polite, setPolite] = useState("");
  const gate = model?.openGates.at(-1);
  useEffect(() => {
    if (model === null || model.lastSeq === said.current.seq || store.now - said.current.at < PAUSE) return;
    said.current = { at: store.now, seq: model.lastSeq };
    const last = model.executions.at(-1);
    setPolite(`${model.request.workflow} ${statusWords(model).word}${last === undefined ? "" : `, ${last.step} ${last.status}`}`);
  });
  return (
    <div class="unseen">
      <div aria-live="assertive">{gate === undefined || model === null ? "" : `Decision waiting: ${gateKindWords(gate.gate)} at ${gate.gate.step}, run ${shortRun(model.run)}`}</div>
      <div aria-live="polite">{polite}</div>
    </div>
  );
}
