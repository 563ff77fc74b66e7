// The panel mounted over a world in memory, with a clock and frames that the test
// moves by hand: no waiting, no timers.

import { options, render } from "preact";
import { act } from "preact/test-utils";
import { Store } from "../src/state/store";
import { memoryTransport, type MemoryTransport, type MemoryWorld } from "../src/transport/memory";
import { App } from "../src/views/app";
import { h } from "preact";
import type { Place } from "../src/state/place";

void options;

/** A mounted panel. */
export interface Mounted {
  readonly root: HTMLElement;
  readonly store: Store;
  readonly transport: MemoryTransport;
  readonly world: MemoryWorld;
  /** Lets promises and frames settle. */
  settle(): Promise<void>;
  /** Moves the clock and runs what is due. */
  advance(ms: number): Promise<void>;
  text(selector: string): string;
  unmount(): void;
}

/** Mounts the panel over a world. */
export async function mountPanel(world: MemoryWorld, at: number, place: Partial<Place> = {}): Promise<Mounted> {
  let now = at;
  const frames: (() => void)[] = [];
  const ticks: { readonly ms: number; readonly callback: () => void; next: number }[] = [];
  const later: { readonly at: number; readonly callback: () => void }[] = [];
  const transport = memoryTransport(world);
  const store = new Store(transport, {
    now: () => now,
    frame: (callback) => void frames.push(callback),
    every: (ms, callback) => {
      const tick = { ms, callback, next: now + ms };
      ticks.push(tick);
      return () => void ticks.splice(ticks.indexOf(tick), 1);
    },
    after: (ms, callback) => void later.push({ at: now + ms, callback }),
  }, place);
  const root = document.createElement("div");
  document.body.append(root);
  const settle = (): Promise<void> =>
    act(async () => {
      for (let i = 0; i < 8; i += 1) {
        await Promise.resolve();
        for (const frame of frames.splice(0)) frame();
      }
    }) as Promise<void>;
  store.start();
  await act(() => render(h(App, { store }), root));
  await settle();
  return {
    root, store, transport, world, settle,
    async advance(ms) {
      now += ms;
      for (const tick of [...ticks]) tick.callback();
      for (const due of later.splice(0)) {
        if (due.at <= now) due.callback();
        else later.push(due);
      }
      await settle();
    },
    text: (selector) => (root.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim(),
    unmount() {
      store.end();
      render(null, root);
      root.remove();
    },
  };
}

/** Clicks what a selector finds. */
export async function click(panel: Mounted, element: Element | null | undefined): Promise<void> {
  if (element === null || element === undefined) throw new Error("there is nothing to click");
  await act(() => (element as HTMLElement).click());
  await panel.settle();
}

/** Types into a field. */
export async function type(panel: Mounted, element: Element | null, text: string): Promise<void> {
  if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) throw new Error("there is no field to type into");
  element.value = text;
  await act(() => void element.dispatchEvent(new Event("input", { bubbles: true })));
  await panel.settle();
}

/** Selects the answer with a label. */
export async function choose(panel: Mounted, label: string): Promise<void> {
  const option = [...panel.root.querySelectorAll(".option")].find((candidate) => candidate.querySelector(".option-label")?.textContent === label);
  const radio = option?.querySelector("input");
  if (radio === null || radio === undefined) throw new Error(`no answer is called “${label}”`);
  radio.checked = true;
  await act(() => void radio.dispatchEvent(new Event("change", { bubbles: true })));
  await panel.settle();
}

/** The button that sends the decision. */
export function sendButton(panel: Mounted): HTMLButtonElement {
  const button = panel.root.querySelector<HTMLButtonElement>(".decision-send button");
  if (button === null) throw new Error("there is no card to decide in");
  return button;
}
