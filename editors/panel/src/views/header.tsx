// The header: which run, how it stands, how far it is, what can be done with it.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon, StateIcon, statusState } from "../parts/icons";
import { useStore } from "../parts/use-store";
import type { RunModel } from "../state/model";
import { isOver } from "../state/model";
import { elapsedOf, progressText, shortRun, statusWords } from "../state/summary";
import { clock, duration } from "../text/format";
import { fileUri } from "../text/uri";

/** The header of a run. */
export function Header({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useStore();
  const status = statusWords(model);
  const elapsed = elapsedOf(model, store.clock);
  return (
    <header class="header">
      <div class="header-line">
        <button type="button" class="quiet icon-only" title="All runs" aria-label="All runs" onClick={() => void store.open(null)}>
          <Icon name="list" />
        </button>
        <h1 title={model.request.file}>{model.request.workflow === "" ? "Run" : model.request.workflow}</h1>
        <button type="button" class="quiet run-id" title={`Copy ${model.run}`} aria-label={`Run ${shortRun(model.run)}, copy its id`} onClick={() => store.transport.copy(model.run)}>
          <code>{shortRun(model.run)}</code>
        </button>
        <span class={`status status-${model.status}`}>
          <StateIcon state={statusState(model.status)} />
          <strong>{status.word}</strong>
          {status.detail !== null && <span class="status-detail">{status.detail}</span>}
        </span>
        <Actions model={model} />
      </div>
      <div class="header-facts">
        <span>{progressText(model, store.graph)}</span>
        {elapsed !== null && <span class="timer">{duration(elapsed)}</span>}
        <Parent run={model.request.parent} />
        {model.request.dryRun && <span>dry run</span>}
        {model.request.surface !== "" && model.request.parent === null && <span>started from {model.request.surface}{model.request.by === "" ? "" : ` by ${model.request.by}`}</span>}
        <Connection />
        {model.request.message !== null && model.request.message !== "" && <span class="message" title={model.request.message}>{model.request.message}</span>}
      </div>
      {store.problem !== null && (
        <p class="problem" role="alert">
          <StateIcon state="failed" /> {store.problem}
          {store.changed && <Changed run={model.run} />}
        </p>
      )}
    </header>
  );
}

/** The way to the run one of whose steps this one is. */
function Parent({ run }: { readonly run: string | null }): JSX.Element | null {
  const store = useStore();
  if (run === null) return null;
  return <button type="button" class="link" onClick={() => void store.open(run)}>a step of run {shortRun(run)}</button>;
}

/** The two ways to resume a run whose workflow was edited since. */
function Changed({ run }: { readonly run: string }): JSX.Element {
  const store = useStore();
  return (
    <span class="confirm" role="group" aria-label="Which definition?">
      <button type="button" onClick={() => void store.act("resume", { run, definition: "pinned" })}>Resume as it was started</button>
      <button type="button" class="secondary" onClick={() => void store.act("resume", { run, definition: "edited" })}>Resume as it is now</button>
    </span>
  );
}

/** "live" only while the server is heard; else when it was last seen. */
export function Connection(): JSX.Element {
  const store = useStore();
  if (store.replaying) return <span class="connection"><Icon name="history" />replay</span>;
  if (store.connected) return <span class="connection live"><span class="dot" aria-hidden="true" />live</span>;
  return (
    <span class="connection lost" role="status">
      <Icon name="offline" />
      {store.heardAt === 0 ? "Connecting" : `Last seen ${clock(store.heardAt)}, reconnecting`}
    </span>
  );
}

type Asked = "abort" | "abandon" | "tell" | null;

function Actions({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useStore();
  const [asked, setAsked] = useState<Asked>(null);
  const [text, setText] = useState("");
  const { run } = model;
  const off = !store.connected || store.replaying;
  const why = store.replaying ? "An earlier moment is shown" : store.connected ? undefined : "The connection is lost";
  const over = isOver(model);
  const file = model.request.file;
  const reveal = store.transport.reveal;
  const confirm = (question: string, label: string, go: () => void): JSX.Element => (
    <span class="confirm" role="group" aria-label={question}>
      <span>{question}</span>
      <button type="button" class="danger" disabled={off} onClick={() => { setAsked(null); go(); }}>{label}</button>
      <button type="button" class="secondary" onClick={() => setAsked(null)}>Keep it</button>
    </span>
  );
  if (asked === "abort") return <div class="actions">{confirm("Cancel the whole run for good?", "Abort", () => void store.act("stop", { run, abort: true }))}</div>;
  if (asked === "abandon") return <div class="actions">{confirm("Give up this run? It cannot be resumed.", "Abandon", () => void store.act("abandon", { run }))}</div>;
  if (asked === "tell") {
    return (
      <form class="actions" onSubmit={(event) => { event.preventDefault(); if (text.trim() === "") return; void store.act("tell", { run, text }); setText(""); setAsked(null); }}>
        <input class="tell" aria-label="Guidance for the next prompt" placeholder="Guidance for the next prompt" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" disabled={off || text.trim() === ""}>Tell</button>
        <button type="button" class="secondary" onClick={() => setAsked(null)}>Cancel</button>
      </form>
    );
  }
  return (
    <div class="actions" role="group" aria-label="Actions on this run">
      {!over && (
        <>
          <button type="button" class="secondary" disabled={off || model.stopRequested} title={why ?? "Ends the run; everything is kept and it can be resumed"} onClick={() => void store.act("stop", { run })}><Icon name="stop" />Stop</button>
          <button type="button" class="secondary" disabled={off || model.abortRequested} title={why ?? "Cancels the run for good"} onClick={() => setAsked("abort")}><Icon name="abort" />Abort</button>
          <button type="button" class="secondary" disabled={off} title={why ?? "Adds guidance to the next prompt"} onClick={() => setAsked("tell")}>Tell</button>
        </>
      )}
      {model.status === "failed" && (
        <>
          <button type="button" disabled={off} title={why ?? "Goes on from where it stopped"} onClick={() => void store.act("resume", { run })}><Icon name="play" />Resume</button>
          <button type="button" class="secondary" disabled={off} title={why ?? "Cancels it; the next run does not ask"} onClick={() => setAsked("abandon")}>Abandon</button>
        </>
      )}
      {over && model.status !== "failed" && file !== "" && (
        <button type="button" class="secondary" disabled={off} title={why ?? "Starts a fresh run with the same inputs"} onClick={() => void store.act("run", { uri: fileUri(file), inputs: model.request.inputs, ...(model.request.message === null ? {} : { message: model.request.message }) })}><Icon name="loop" />Run again</button>
      )}
      {reveal !== null && file !== "" && (
        <button type="button" class="secondary icon-only" title="Open the workflow file" aria-label="Open the workflow file" onClick={() => reveal(file, null, null)}><Icon name="file" /></button>
      )}
    </div>
  );
}
