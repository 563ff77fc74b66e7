// One step in detail: every execution as a row, and one round whole. A running
// round never shows what an older one said.

import type { JSX } from "preact";
import { Icon, StateIcon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import type { GraphDocument } from "../protocol/documents";
import type { Json } from "../protocol/gates";
import { count } from "../state/answers";
import { innerWords, nodeKey, type Execution, type RunModel } from "../state/model";
import { STATE_WORDS, executionState, stepState } from "../state/nodes";
import { describePath, parentPath } from "../state/paths";
import { shortRun, skipWords } from "../state/summary";
import { clock, duration, size } from "../text/format";
import { Markdown } from "../text/markdown";

/** Longest value shown in place, in characters. */
const CAP = 4000;
/** Executions that are listed; older ones are in the outline. */
const LISTED = 12;
/** Sub-workflows of items that are listed; the outline has all. */
const INSIDE = 24;

/** What is selected: an execution by its path, or a step's name that has not run. */
export function Detail({ model, graph, frame }: { readonly model: RunModel; readonly graph: GraphDocument | null; readonly frame: string }): JSX.Element | null {
  const store = useStore();
  const { selected } = store.place;
  if (selected === null) return null;
  const execution = model.byPath.get(selected) ?? null;
  const step = execution?.step ?? selected;
  const within = execution?.frame ?? frame;
  const all = (model.byNode.get(nodeKey(within, step)) ?? []).filter((row) => row.kind !== "item" || execution?.kind === "item");
  const rounds = all.filter((row) => row.inner);
  const rows = rounds.length > 0 ? rounds : all;
  const shown = execution ?? all.findLast((row) => !row.inner) ?? null;
  const state = shown === null ? stepState(model, within, step) : executionState(model, shown);
  const file = model.frames.get(within)?.file ?? model.request.file;
  const line = graph?.nodes.find((node) => node.id === step)?.line ?? null;
  const at = shown === null ? -1 : rows.indexOf(shown);
  const reveal = store.transport.reveal;
  const go = (to: number): void => {
    const row = rows[to];
    if (row !== undefined) store.go({ selected: row.path });
  };
  return (
    <section class="detail" aria-labelledby="detail-title">
      <div class="section-head">
        <h2 id="detail-title"><StateIcon state={state} />{step}</h2>
        <span class="detail-kind">{[shown?.kind ?? "", shown?.cutOff === true ? "cut off when the run ended" : STATE_WORDS[state]].filter((part) => part !== "").join(", ")}</span>
        {reveal !== null && file !== "" && <button type="button" class="link" onClick={() => reveal(file, step, line)}>Go to YAML</button>}
        <button type="button" class="quiet icon-only" title="Close" aria-label="Close the detail" onClick={() => store.go({ selected: null })}><Icon name="abort" /></button>
      </div>
      {rows.length > 1 && (
        <div class="rounds" role="group" aria-label="Rounds">
          <button type="button" class="quiet icon-only" aria-label="Earlier round" disabled={at <= 0} onClick={() => go(at - 1)}><Icon name="left" /></button>
          <span>{at < 0 ? count(rows.length, "round") : `${at + 1} of ${rows.length}`}</span>
          <button type="button" class="quiet icon-only" aria-label="Later round" disabled={at >= rows.length - 1} onClick={() => go(at + 1)}><Icon name="right" /></button>
        </div>
      )}
      {rows.length > 1 && <Rows model={model} rows={rows.slice(-LISTED)} shown={shown} now={store.clock} onPick={(row) => store.go({ selected: row.path })} />}
      {shown === null ? <p class="empty">It has not run.</p> : <Whole model={model} execution={shown} now={store.clock} />}
      {shown !== null && <Inside model={model} execution={shown} />}
    </section>
  );
}

/** Ways into what runs inside: a run of its own, a sub-workflow, or those of a group's items. */
function Inside({ model, execution }: { readonly model: RunModel; readonly execution: Execution }): JSX.Element | null {
  const store = useStore();
  const go = (frame: string): void => store.go({ frame, selected: null, view: "graph" });
  const { child } = execution;
  if (child !== null) return <button type="button" class="secondary" onClick={() => void store.open(child)}>Show run {shortRun(child)}</button>;
  if (model.frames.has(execution.path)) return <button type="button" class="secondary" onClick={() => go(execution.path)}>Show the sub-workflow</button>;
  const inside = [...model.frames.keys()].filter((path) => path !== "" && parentPath(path) === execution.path);
  if (inside.length === 0) return null;
  return (
    <div class="question-choices" role="group" aria-label="Sub-workflows inside">
      {inside.slice(0, INSIDE).map((path) => <button key={path} type="button" class="secondary" onClick={() => go(path)}>{describePath(path, innerWords(model))}</button>)}
    </div>
  );
}

interface RowsProps {
  readonly model: RunModel;
  readonly rows: readonly Execution[];
  readonly shown: Execution | null;
  readonly now: number;
  readonly onPick: (row: Execution) => void;
}

function Rows({ model, rows, shown, now, onPick }: RowsProps): JSX.Element {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Executions">
      <table>
        <thead><tr><th scope="col">Round</th><th scope="col">State</th><th scope="col">Started</th><th scope="col">Took</th><th scope="col">Then</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} class={row === shown ? "selected" : ""}>
              <td><button type="button" class="link" aria-current={row === shown ? "true" : undefined} onClick={() => onPick(row)}>{row.round}{row.attempt > 1 ? `, attempt ${row.attempt}` : ""}</button></td>
              <td>{row.cutOff ? "cut off" : STATE_WORDS[executionState(model, row)]}</td>
              <td class="number">{clock(row.started)}</td>
              <td class="number">{duration(row.elapsed ?? (row.ended ?? now) - row.started)}</td>
              <td>{row.route?.to ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Whole({ model, execution, now }: { readonly model: RunModel; readonly execution: Execution; readonly now: number }): JSX.Element {
  const facts: [string, string][] = [
    ["Where", describePath(execution.path, innerWords(model))],
    ["Started", clock(execution.started)],
    ["Took", duration(execution.elapsed ?? (execution.ended ?? now) - execution.started)],
  ];
  if (execution.attempt > 1) facts.push(["Attempt", String(execution.attempt)]);
  if (execution.loop !== null) facts.push(["Round", `${execution.loop.round} of ${execution.loop.max}`]);
  if (execution.timer !== null && execution.status === "running") facts.push(["Waits until", clock(execution.timer)]);
  if (execution.route !== null) facts.push(["Then", [execution.route.to, execution.route.rule === null ? null : `route ${execution.route.rule + 1}`, execution.route.when === null ? null : `when ${execution.route.when}`].filter((part) => part !== null).join(", ")]);
  for (const [name, value] of Object.entries({ ...execution.usage, ...execution.detail })) {
    if (typeof value !== "object") facts.push([name.replaceAll("_", " "), String(value)]);
  }
  const said = messages(model, execution);
  return (
    <>
      {execution.error !== null && <div class="failure"><StateIcon state="failed" /><div><strong>{execution.error.kind}</strong><p class="pre">{execution.error.message}</p></div></div>}
      {execution.reason !== null && <p>Skipped: {skipWords(execution.reason)}</p>}
      <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {execution.output !== undefined && <Value title="Output" name={execution.step} value={execution.output} markdown />}
      {said !== "" && <Value title="Said" name={execution.step} value={said} />}
      {Object.entries(execution.rendered).map(([name, value]) => <Value key={name} title={name.replaceAll("_", " ")} name={`${execution.step} ${name}`} value={value} />)}
    </>
  );
}

/** Text that a step wrote so far, newest at the end. */
function messages(model: RunModel, execution: Execution): string {
  const out: string[] = [];
  let length = 0;
  for (let i = model.events.length - 1; i >= 0 && length < CAP; i -= 1) {
    const event = model.events[i];
    if (event === undefined || event.seq < execution.seq) break;
    if ((event.type === "agent_message" || event.type === "script_output") && event.path === execution.path && event.attempt === execution.attempt) {
      out.unshift(event.text);
      length += event.text.length;
    }
  }
  return out.join("").trimEnd();
}

function Value({ title, name, value, markdown = false }: { readonly title: string; readonly name: string; readonly value: Json; readonly markdown?: boolean }): JSX.Element {
  const store = useStore();
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const open = store.transport.openText;
  return (
    <details class="value" open={title === "Output" || title === "Said"}>
      <summary>{title}<span class="size">{size(text.length)}</span></summary>
      {markdown && typeof value === "string" ? <Markdown text={value} /> : <pre tabIndex={0}>{text.length > CAP ? `${text.slice(0, CAP)}…` : text}</pre>}
      {open !== null && text.length > 200 && <button type="button" class="link" onClick={() => open(`${name} ${title}`, text)}>Open in an editor</button>}
    </details>
  );
}
