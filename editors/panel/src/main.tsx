// Where the panel starts: picks the transport of the surface it finds itself on.

import { render } from "preact";
import type { Place } from "./state/place";
import { placeToQuery, queryToPlace } from "./state/place";
import { Store, type StoreWorld } from "./state/store";
import { httpTransport } from "./transport/http";
import type { Keep, Transport } from "./transport/transport";
import { webviewTransport, type HostApi } from "./transport/webview";
import { App } from "./views/app";

declare function acquireVsCodeApi(): HostApi;

const TOKEN = "fermata-token";
const KEPT = "fermata-panel";

function sessionKeep(): Keep {
  return {
    load: () => {
      try {
        return JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as unknown;
      } catch {
        return null;
      }
    },
    save: (state) => sessionStorage.setItem(KEPT, JSON.stringify(state)),
  };
}

/** The token comes in the fragment, which no server sees, and leaves the address at once. */
function takeToken(): string {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token") ?? (/^#[\w-]{16,}$/.test(location.hash) ? location.hash.slice(1) : null);
  if (given !== null) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(history.state, "", `${location.pathname}${location.search}`);
  }
  return sessionStorage.getItem(TOKEN) ?? "";
}

function http(): Transport {
  return httpTransport({
    fetch: (input, init) => fetch(input, init),
    token: takeToken(),
    keep: sessionKeep(),
    setTitle: (title) => {
      document.title = title;
    },
    copy: (text) => void navigator.clipboard.writeText(text),
    later: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}

const BROWSER: Omit<StoreWorld, "onPlace"> = {
  now: () => Date.now(),
  // A hidden page gets no frames, and must not pile up work for when it returns.
  frame: (callback) => (document.hidden ? void setTimeout(callback, 100) : void requestAnimationFrame(callback)),
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
  after: (ms, callback) => void setTimeout(callback, ms),
};

/** Starts the panel in an element. */
export function mount(root: HTMLElement, transport: Transport, start: Partial<Place>, onPlace?: (place: Place) => void): Store {
  const store = new Store(transport, onPlace === undefined ? BROWSER : { ...BROWSER, onPlace }, start);
  store.start();
  render(<App store={store} />, root);
  return store;
}

function startInBrowser(root: HTMLElement): void {
  let shown = location.search;
  const store = mount(root, http(), queryToPlace(location.search), (place) => {
    const query = placeToQuery(place);
    const search = query === "" ? "" : `?${query}`;
    if (search === shown) return;
    const newRun = new URLSearchParams(shown).get("run") !== place.run;
    shown = search;
    // Another run is a step that the back button undoes; a move within a run is not.
    if (newRun) history.pushState(null, "", `${location.pathname}${search}`);
    else history.replaceState(null, "", `${location.pathname}${search}`);
  });
  window.addEventListener("popstate", () => {
    shown = location.search;
    const place = queryToPlace(location.search);
    if ((place.run ?? null) !== store.place.run) void store.open(place.run ?? null);
    else store.go(place);
  });
}

const root = document.getElementById("fermata-panel");
if (root !== null) {
  if (typeof acquireVsCodeApi === "function") mount(root, webviewTransport(acquireVsCodeApi(), window), startFromPage(root));
  else startInBrowser(root);
}

/** A webview's page names the run to open in a data attribute. */
function startFromPage(element: HTMLElement): Partial<Place> {
  const run = element.dataset["run"];
  return run === undefined || run === "" ? {} : { run };
}
