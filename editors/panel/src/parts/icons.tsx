// Every icon of the panel as inline SVG: shapes that differ without colour.

import type { JSX } from "preact";
import type { Status } from "../protocol/events";
import type { NodeState } from "../state/nodes";

type Drawing = () => JSX.Element;

const STATES: Readonly<Record<NodeState, Drawing>> = {
  pending: () => <circle cx="8" cy="8" r="5.5" stroke-dasharray="2.2 2.1" />,
  running: () => (
    <>
      <circle cx="8" cy="8" r="5.5" class="icon-faint" />
      <path d="M8 2.5a5.5 5.5 0 0 1 5.5 5.5" class="icon-spin" stroke-width="2.2" />
      <path d="M6.8 5.8v4.4L10.3 8z" class="icon-solid" />
    </>
  ),
  // The sign over a note that says: hold here.
  waiting: () => (
    <>
      <path d="M2 11.2a6 6 0 0 1 12 0" stroke-width="2" />
      <circle cx="8" cy="10.6" r="1.7" class="icon-solid" />
    </>
  ),
  done: () => (
    <>
      <circle cx="8" cy="8" r="6.2" class="icon-solid" />
      <path d="M5 8.3l2.1 2.1L11.2 6" class="icon-cut" stroke-width="1.7" />
    </>
  ),
  failed: () => (
    <>
      <path d="M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z" class="icon-solid" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" class="icon-cut" stroke-width="1.7" />
    </>
  ),
  skipped: () => <path d="M3 4.5L7 8l-4 3.5M8.5 4.5l4 3.5-4 3.5" />,
  not_started: () => (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M4.2 11.8l7.6-7.6" />
    </>
  ),
  ended: () => (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <rect x="5.8" y="5.8" width="4.4" height="4.4" class="icon-solid" />
    </>
  ),
};

const SIGNS = {
  stop: () => <rect x="4" y="4" width="8" height="8" rx="1" class="icon-solid" />,
  play: () => <path d="M5 3.2v9.6L12.6 8z" class="icon-solid" />,
  abort: () => <path d="M4 4l8 8M12 4l-8 8" stroke-width="1.8" />,
  list: () => <path d="M2.5 4h11M2.5 8h11M2.5 12h11" />,
  tree: () => <path d="M3 3v9.5h3M3 7h3M8.5 3h5M8.5 7h5M8.5 12.5h5" />,
  graph: () => (
    <>
      <rect x="5.5" y="1.8" width="5" height="3.6" rx="0.8" />
      <rect x="1.5" y="10.6" width="5" height="3.6" rx="0.8" />
      <rect x="9.5" y="10.6" width="5" height="3.6" rx="0.8" />
      <path d="M8 5.4v2.4M4 10.6V7.8h8v2.8" />
    </>
  ),
  copy: () => (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
      <path d="M10.5 5.5v-3h-8v8h3" />
    </>
  ),
  file: () => <path d="M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.2" />,
  left: () => <path d="M10 3.5L5.5 8l4.5 4.5" />,
  right: () => <path d="M6 3.5L10.5 8 6 12.5" />,
  down: () => <path d="M3.5 6L8 10.5 12.5 6" />,
  up: () => <path d="M3.5 10L8 5.5l4.5 4.5" />,
  target: () => (
    <>
      <circle cx="8" cy="8" r="4.2" />
      <path d="M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3" />
    </>
  ),
  loop: () => <path d="M12.8 6.2A5 5 0 1 0 13 9M13.2 2.8v3.6H9.6" />,
  link: () => <path d="M6.5 9.5l3-3M7 4.8l1.6-1.6a2.8 2.8 0 0 1 4 4L11 8.8M9 11.2l-1.6 1.6a2.8 2.8 0 0 1-4-4L5 7.2" />,
  offline: () => <path d="M2.5 6.5a8 8 0 0 1 11 0M5 9.2a4.5 4.5 0 0 1 6 0M8 12h.01M2.5 2.5l11 11" />,
  history: () => <path d="M3.2 6.2A5 5 0 1 1 3 9M2.8 2.8v3.6h3.6M8 5.2V8l2 1.6" />,
} satisfies Record<string, Drawing>;

/** Name of a sign. */
export type Sign = keyof typeof SIGNS;

function Svg({ children, name }: { readonly children: JSX.Element; readonly name: string }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A sign; says nothing to screen readers. */
export function Icon({ name }: { readonly name: Sign }): JSX.Element {
  return <Svg name={name}>{SIGNS[name]()}</Svg>;
}

/** The shape of a state; the words stand beside it. */
export function StateIcon({ state }: { readonly state: NodeState }): JSX.Element {
  return <Svg name={state}>{STATES[state]()}</Svg>;
}

/** The shape of a state inside another drawing. */
export function StateShape({ state, x, y }: { readonly state: NodeState; readonly x: number; readonly y: number }): JSX.Element {
  return (
    <svg class={`icon icon-${state}`} viewBox="0 0 16 16" width="16" height="16" x={x} y={y} aria-hidden="true">
      {STATES[state]()}
    </svg>
  );
}

/** The shape that a run's status shares with a step's state. */
export function statusState(status: Status): NodeState {
  switch (status) {
    case "queued":
      return "pending";
    case "running":
      return "running";
    case "waiting":
      return "waiting";
    case "completed":
      return "done";
    case "failed":
      return "failed";
    case "cancelled":
      return "not_started";
  }
}
