// The page of the browser scenes: the panel over a world in memory, its clock
// fixed, with levers for the test on `window.panel`.

import { render } from "preact";
import { readPlace, type Place } from "../src/state/place";
import { Store } from "../src/state/store";
import { memoryTransport } from "../src/transport/memory";
import { App } from "../src/views/app";
import { SCENES } from "../test/scenes";

const query = new URLSearchParams(location.search);
const name = query.get("scene") ?? "running";
const make = SCENES[name as keyof typeof SCENES];
const { world, run, now } = make();
const transport = memoryTransport(world);
let time = now;
const place: Partial<Place> = { run, ...(query.has("place") ? { ...readPlace(JSON.parse(query.get("place") ?? "{}")), run } : {}) };
const store = new Store(transport, {
  now: () => time,
  frame: (callback) => void requestAnimationFrame(callback),
  every: (ms, callback) => {
    const timer = setInterval(() => {
      if (query.get("silent") === null) transport.ping();
      callback();
    }, ms);
    return () => clearInterval(timer);
  },
  after: (ms, callback) => void setTimeout(callback, ms),
}, place);
store.start();
const root = document.getElementById("fermata-panel");
if (root !== null) render(<App store={store} />, root);

declare global {
  interface Window {
    panel: unknown;
  }
}
window.panel = { store, world, transport, later: (ms: number) => { time += ms; } };
