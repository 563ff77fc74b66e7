// The log: one line per event, virtualised, with filter and search. A selected
// line shows its whole text below.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../parts/use-store";
import { VirtualList } from "../parts/virtual-list";
import type { RunEvent } from "../protocol/events";
import { innerWords, type RunModel } from "../state/model";
import type { InnerWord } from "../state/paths";
import { clock, middle, size } from "../text/format";
import { logLine, matches } from "./log-lines";

/** Height of a line in pixels. */
const ROW = 22;
/** Longest text of a line; the whole is one click away. */
const CUT = 300;

interface Filtered {
  model: RunModel;
  key: string;
  seen: number;
  events: RunEvent[];
}

/** The log. */
export function Log({ model }: { readonly model: RunModel }): JSX.Element {
  const store = useStore();
  const [open, setOpen] = useState<number | null>(null);
  const [pinned, setPinned] = useState(true);
  const cache = useRef<Filtered | null>(null);
  const { logFilter, logStep } = store.place;
  const words = logFilter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const key = JSON.stringify([words, logStep]);
  let filtered = cache.current;
  // New events are filtered as they come; a changed filter starts again.
  if (filtered === null || filtered.model !== model || filtered.key !== key) filtered = { model, key, seen: 0, events: [] };
  const inner = innerWords(model);
  for (; filtered.seen < model.events.length; filtered.seen += 1) {
    const event = model.events[filtered.seen];
    if (event !== undefined && matches(event, words, logStep, inner)) filtered.events.push(event);
  }
  cache.current = filtered;
  const { events } = filtered;
  useEffect(() => setOpen(null), [model.run, key]);
  const shown = open === null ? undefined : events.find((event) => event.seq === open);
  const steps = [...new Set(model.executions.map((execution) => execution.step))];
  return (
    <section class="log" aria-labelledby="log-title">
      <div class="section-head">
        <h2 id="log-title">Log</h2>
        <input type="search" aria-label="Search the log" placeholder="Search" value={logFilter} onInput={(event) => store.go({ logFilter: event.currentTarget.value })} />
        <select aria-label="Step" value={logStep} onChange={(event) => store.go({ logStep: event.currentTarget.value })}>
          <option value="">All steps</option>
          {steps.slice(0, 100).map((step) => <option key={step} value={step}>{middle(step, 28)}</option>)}
        </select>
        <label class="check"><input type="checkbox" checked={pinned} onChange={(event) => setPinned(event.currentTarget.checked)} />Follow</label>
        <span class="log-count">{events.length === model.events.length ? `${events.length} events` : `${events.length} of ${model.events.length} events`}</span>
      </div>
      {events.length === 0 ? (
        <p class="empty">{model.events.length === 0 ? "Nothing has happened yet." : "No event matches."}</p>
      ) : (
        <VirtualList
          class="log-lines"
          count={events.length}
          rowHeight={ROW}
          stickToEnd={pinned}
          attributes={{ role: "group", tabIndex: 0, "aria-label": "Events" }}
          row={(index) => <Line event={events[index]} inner={inner} open={open} onOpen={(seq) => setOpen(seq === open ? null : seq)} />}
        />
      )}
      {shown !== undefined && <Whole event={shown} inner={inner} onClose={() => setOpen(null)} />}
    </section>
  );
}

interface LineProps {
  readonly event: RunEvent | undefined;
  readonly inner: InnerWord;
  readonly open: number | null;
  readonly onOpen: (seq: number) => void;
}

function Line({ event, inner, open, onOpen }: LineProps): JSX.Element {
  if (event === undefined) return <div />;
  const line = logLine(event, inner);
  const first = line.text.split("\n", 1)[0] ?? "";
  const more = line.text.trimEnd().split("\n").length - 1;
  return (
    <button type="button" class={`log-line level-${line.level}`} aria-expanded={event.seq === open} onClick={() => onOpen(event.seq)}>
      <span class="log-seq">{event.seq}</span>
      <span class="log-time">{clock(event.at)}</span>
      <span class="log-where" title={line.where}>{middle(line.where, 34)}</span>
      <span class="log-text">{first.length > CUT ? `${first.slice(0, CUT)}…` : first}{more > 0 && <span class="log-more"> +{more} {more === 1 ? "line" : "lines"}</span>}</span>
    </button>
  );
}

function Whole({ event, inner, onClose }: { readonly event: RunEvent; readonly inner: InnerWord; readonly onClose: () => void }): JSX.Element {
  const store = useStore();
  const { text } = logLine(event, inner);
  const json = JSON.stringify(event, null, 2);
  const long = text.includes("\n") || text.length > CUT;
  const body = long ? text : json;
  const open = store.transport.openText;
  return (
    <div class="log-whole">
      <div class="section-head">
        <h3>Event {event.seq}: {event.type}</h3>
        <span>{size(body.length)}</span>
        {open !== null && <button type="button" class="link" onClick={() => open(`${event.type} ${event.seq}`, long ? `${text}\n` : json)}>Open in an editor</button>}
        <button type="button" class="link" onClick={() => store.transport.copy(body)}>Copy</button>
        <button type="button" class="link" onClick={() => store.go({ replay: event.seq })}>Replay from here</button>
        <button type="button" class="link" onClick={onClose}>Close</button>
      </div>
      <pre tabIndex={0}>{body.length > 8000 ? `${body.slice(0, 8000)}…` : body}</pre>
    </div>
  );
}
