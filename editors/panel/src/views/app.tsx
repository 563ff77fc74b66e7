// The whole panel: which views are shown where. One column below 900 px, cards
// above graph and log; beside them otherwise.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Graph } from "../graph/graph";
import { Icon } from "../parts/icons";
import { StoreContext, useLiveStore } from "../parts/use-store";
import type { GraphDocument } from "../protocol/documents";
import { isOver, innerWords, type RunModel } from "../state/model";
import { graphView } from "../state/nodes";
import { describePath, parentPath } from "../state/paths";
import type { Store } from "../state/store";
import { shortRun } from "../state/summary";
import { Announcer } from "./announcer";
import { AttentionBar, decisions, startPlace } from "./attention-bar";
import { Audit } from "./audit";
import { ChoiceCard } from "./choice-card";
import { Detail } from "./detail";
import { EndCard } from "./end-card";
import { ClosedCard, GateCard } from "./gate-card";
import { Header } from "./header";
import { Home } from "./home";
import { Log } from "./log";
import { Outline } from "./outline";
import { Replay } from "./replay";

/** Below this width the outline is the default and there is one column. */
export const NARROW = 700;
/** Above this number of nodes the outline is the default. */
export const MANY = 40;

/** The panel over a store. */
export function App({ store }: { readonly store: Store }): JSX.Element {
  return (
    <StoreContext.Provider value={store}>
      <Panel />
    </StoreContext.Provider>
  );
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(window.innerWidth < NARROW);
  useEffect(() => {
    const resized = (): void => setNarrow(window.innerWidth < NARROW);
    window.addEventListener("resize", resized);
    return () => window.removeEventListener("resize", resized);
  }, []);
  return narrow;
}

function Panel(): JSX.Element {
  const store = useLiveStore();
  const model = store.model;
  const all = decisions(store);
  const title = model === null ? "Fermata" : `${model.request.workflow} ${shortRun(model.run)}`;
  useEffect(() => store.transport.showing(store.place.run, title, all.length), [store, store.place.run, title, all.length]);
  useOpenedGate(store);
  if (model === null) {
    return (
      <div class="app">
        <AttentionBar />
        <main>
          {store.place.run === null ? <><Card model={null} /><Home /></> : <Loading />}
        </main>
        <Announcer model={null} />
      </div>
    );
  }
  return (
    <div class={`app run${store.connected ? "" : " stale"}`}>
      <Header model={model} />
      <AttentionBar />
      <main class="panes">
        <div class="side">
          <Card model={model} />
          <Detail model={model} graph={frameGraph(store, model)} frame={store.place.frame} />
          <Audit model={model} />
        </div>
        <Flow model={model} />
        <Log model={model} />
      </main>
      <footer><Replay /></footer>
      <Announcer model={store.live} />
    </div>
  );
}

function Loading(): JSX.Element {
  const store = useLiveStore();
  return (
    <section class="home">
      <h1>Run {shortRun(store.place.run ?? "")}</h1>
      {store.problem === null ? <p class="empty">Reading its log.</p> : <p class="problem" role="alert">{store.problem}</p>}
      <button type="button" class="secondary" onClick={() => void store.open(null)}>All runs</button>
    </section>
  );
}

/** The first gate that waits opens its card; one that opens later replaces a card that is closed already. */
function useOpenedGate(store: Store): void {
  const live = store.live;
  const { gate } = store.place;
  const closed = gate === null ? undefined : live?.closedGates.get(gate);
  const first = live?.openGates[0];
  const later = closed === undefined ? undefined : live?.openGates.find((open) => open.opened > closed.closed);
  const known = gate !== null && (closed !== undefined || gate.startsWith("start:") || live?.openGates.some((open) => open.gate.gate === gate) === true);
  // At an earlier moment the reader stays with what was asked then.
  const to = store.replaying ? null : (later?.gate.gate ?? (known ? null : (first?.gate.gate ?? null)));
  useEffect(() => {
    if (to !== null) store.go({ gate: to });
  }, [store, to]);
}

function Card({ model }: { readonly model: RunModel | null }): JSX.Element | null {
  const store = useLiveStore();
  const { gate, collapsed } = store.place;
  if (store.replaying && model !== null) {
    const open = model.openGates.at(-1);
    return open === undefined ? (isOver(model) ? <EndCard model={model} /> : null) : <GateCard key={open.gate.gate} model={model} open={open} />;
  }
  if (gate?.startsWith("start:") === true && !collapsed) {
    const start = store.list?.starts.find((candidate) => startPlace(candidate.start) === gate);
    if (start !== undefined) return <ChoiceCard key={gate} start={start} />;
  }
  if (model === null) {
    const only = store.list?.starts[0];
    return only === undefined || collapsed ? null : <ChoiceCard key={only.start} start={only} />;
  }
  const open = model.openGates.find((candidate) => candidate.gate.gate === gate);
  if (open !== undefined) return collapsed ? null : <GateCard key={gate} model={model} open={open} />;
  const closed = gate === null ? undefined : model.closedGates.get(gate);
  if (closed !== undefined && !isOver(model)) return <ClosedCard model={model} closed={closed} next={model.openGates.at(-1)?.gate.gate ?? null} />;
  return isOver(model) ? <EndCard model={model} /> : null;
}

function frameGraph(store: Store, model: RunModel): GraphDocument | null {
  const { frame } = store.place;
  if (frame === "") return store.graph;
  const file = model.frames.get(frame)?.file ?? "";
  return file === "" ? null : store.graphOf(file);
}

function Flow({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useLiveStore();
  const narrow = useNarrow();
  const { frame, view, follow, selected } = store.place;
  const at = model.frames.has(frame) ? frame : "";
  const graph = graphView(model, at, frameGraph(store, model));
  const shown = view === "auto" ? (narrow || graph.nodes.length > MANY || graph.nodes.length === 0 ? "outline" : "graph") : view;
  const workflow = model.frames.get(at)?.workflow ?? model.request.workflow;
  const stepOf = selected === null ? null : (model.byPath.get(selected)?.step ?? selected);
  return (
    <section class={`flow flow-${shown}`} aria-labelledby="flow-title">
      <div class="section-head">
        <h2 id="flow-title">{shown === "graph" ? "Graph" : "Steps"}</h2>
        {shown === "graph" && at !== "" && <Crumbs model={model} at={at} />}
        <div class="switch" role="group" aria-label="View">
          <button type="button" class="quiet" aria-pressed={shown === "graph"} onClick={() => store.go({ view: "graph" })}><Icon name="graph" />Graph</button>
          <button type="button" class="quiet" aria-pressed={shown === "outline"} onClick={() => store.go({ view: "outline" })}><Icon name="tree" />Steps</button>
        </div>
        <button type="button" class="quiet" aria-pressed={follow} title="Keeps what runs or waits in view" onClick={() => store.go({ follow: !follow })}><Icon name="target" />Follow</button>
      </div>
      {shown === "outline" ? (
        <Outline model={model} />
      ) : (
        <Graph
          key={at}
          view={graph}
          name={workflow}
          now={store.clock}
          selected={stepOf}
          follow={follow}
          onSelect={(id) => store.go({ selected: newest(model, at, id) })}
          onEnter={(path) => store.go({ frame: path, selected: null })}
          onPan={() => store.place.follow && store.go({ follow: false })}
        />
      )}
    </section>
  );
}

function newest(model: RunModel, frame: string, step: string): string {
  return model.byNode.get(`${frame}\n${step}`)?.at(-1)?.path ?? step;
}

function Crumbs({ model, at }: { readonly model: RunModel; readonly at: string }): JSX.Element {
  const store = useLiveStore();
  const up: string[] = [];
  for (let path = at; path !== ""; path = parentPath(path)) if (model.frames.has(path)) up.unshift(path);
  return (
    <nav class="crumbs" aria-label="Sub-workflows">
      <button type="button" class="link" onClick={() => store.go({ frame: "", selected: null })}>{model.request.workflow}</button>
      {up.map((path) => (
        <span key={path}>
          <Icon name="right" />
          {path === at ? <strong>{describePath(path, innerWords(model))}</strong> : <button type="button" class="link" onClick={() => store.go({ frame: path, selected: null })}>{describePath(path, innerWords(model))}</button>}
        </span>
      ))}
    </nav>
  );
}
