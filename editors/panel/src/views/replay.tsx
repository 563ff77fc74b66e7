// The replay slider: any moment of the run, read-only, with jumps between
// decisions and failures.

import type { JSX } from "preact";
import { Icon } from "../parts/icons";
import { useStore } from "../parts/use-store";
import type { RunEvent } from "../protocol/events";
import { clock } from "../text/format";

/** Whether one wants to stop at an event when jumping. */
export function isMark(event: RunEvent): boolean {
  return ["iteration_limit_reached", "gate_opened", "step_failed", "run_failed", "item_failed"].includes(event.type);
}

/** Seq of the next or the previous mark; null where there is none. */
export function nextMark(events: readonly RunEvent[], from: number, direction: 1 | -1): number | null {
  for (let seq = from + direction; seq >= 1 && seq <= events.length; seq += direction) {
    const event = events[seq - 1];
    if (event !== undefined && isMark(event)) return seq;
  }
  return null;
}

/** The slider over the whole log. */
export function Replay(): JSX.Element | null {
  const store = useStore();
  const live = store.live;
  if (live === null || live.lastSeq < 2) return null;
  const at = Math.min(store.place.replay ?? live.lastSeq, live.lastSeq);
  const event = live.events[at - 1];
  const go = (seq: number | null): void => {
    if (seq !== null) store.go({ replay: seq >= live.lastSeq ? null : Math.max(1, seq) });
  };
  const jump = (key: string): void => {
    if (key === "[") go(nextMark(live.events, at, -1));
    if (key === "]") go(nextMark(live.events, at, 1));
  };
  return (
    <div class="replay" role="group" aria-label="Replay" onKeyDown={(pressed) => jump(pressed.key)}>
      <button type="button" class="quiet icon-only" title="Previous decision or failure ([)" aria-label="Previous decision or failure" onClick={() => jump("[")}><Icon name="left" /></button>
      <input type="range" min={1} max={live.lastSeq} value={at} aria-label="Moment of the run" aria-valuetext={`event ${at} of ${live.lastSeq}`} onInput={(changed) => go(Number(changed.currentTarget.value))} />
      <button type="button" class="quiet icon-only" title="Next decision or failure (])" aria-label="Next decision or failure" onClick={() => jump("]")}><Icon name="right" /></button>
      <span class="replay-at">{at} / {live.lastSeq}{event === undefined ? "" : `, ${clock(event.at)}`}</span>
      {store.replaying && <button type="button" class="secondary" onClick={() => store.go({ replay: null })}>Back to live</button>}
    </div>
  );
}
