// The list of runs, newest first; what waits is above it in the attention bar.

import type { JSX } from "preact";
import { StateIcon, statusState } from "../parts/icons";
import { useStore } from "../parts/use-store";
import { VirtualList } from "../parts/virtual-list";
import type { RunSummary } from "../protocol/documents";
import { count } from "../state/answers";
import { causeWords, shortRun } from "../state/summary";
import { middle, moment } from "../text/format";
import { Connection } from "./header";

const ROW = 48;

/** All runs. */
export function Home(): JSX.Element {
  const store = useStore();
  const runs = store.list?.runs ?? [];
  return (
    <section class="home" aria-labelledby="runs-title">
      <div class="section-head">
        <h1 id="runs-title">Runs</h1>
        <Connection />
      </div>
      {store.problem !== null && <p class="problem" role="alert"><StateIcon state="failed" /> {store.problem}</p>}
      {runs.length === 0 ? (
        store.list === null ? <p class="empty">Asking for runs.</p> : <Nothing />
      ) : (
        <VirtualList class="runs" count={runs.length} rowHeight={ROW} attributes={{ role: "group", "aria-label": "Runs, newest first" }} row={(index) => <Row run={runs[index]} />} />
      )}
    </section>
  );
}

/** What to do where there is no run; the first one appears by itself. */
function Nothing(): JSX.Element {
  return (
    <div class="nothing">
      <StateIcon state="pending" />
      <h2>No run yet</h2>
      <p>Open a workflow file in your editor and press Run, or type</p>
      <p><code>fermata run WORKFLOW</code></p>
      <p>in a terminal. The run appears here by itself.</p>
    </div>
  );
}

function Row({ run }: { readonly run: RunSummary | undefined }): JSX.Element {
  const store = useStore();
  if (run === undefined) return <div />;
  const status = run.status === "waiting" ? "waiting for you" : run.status;
  const asked = run.gates.length;
  // A run may ask while it works; one that waits asks anyway.
  const decisions = asked > (run.status === "waiting" ? 1 : 0) ? `, ${count(asked, "decision")}` : "";
  return (
    <button type="button" class="run-row" onClick={() => void store.open(run.run)}>
      <StateIcon state={run.status === "running" && asked > 0 ? "waiting" : statusState(run.status)} />
      <span class="run-name">{middle(run.workflow, 40)}</span>
      <code>{shortRun(run.run)}</code>
      <span class="run-status">{status}{run.cause === undefined || run.cause === null ? "" : `: ${causeWords(run.cause)}`}{decisions}</span>
      <span class="run-when">{moment(run.started)}</span>
      <span class="run-message">{run.message === undefined || run.message === null ? "" : middle(run.message, 90)}</span>
    </button>
  );
}
