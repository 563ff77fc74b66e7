// The store as a hook: a view renders again after every announced change.

import { createContext } from "preact";
import { useContext, useEffect, useReducer } from "preact/hooks";
import type { Store } from "../state/store";

/** The store of the panel that is rendered. */
export const StoreContext = createContext<Store | null>(null);

/** The store, for one-time use in handlers. */
export function useStore(): Store {
  const store = useContext(StoreContext);
  if (store === null) throw new Error("a view was rendered outside of the panel");
  return store;
}

/** The store; the view renders again after every change of it. */
export function useLiveStore(): Store {
  const store = useStore();
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const rendered = store.revision;
  useEffect(() => {
    // What was announced between rendering and subscribing would be lost.
    if (store.revision !== rendered) rerender(undefined);
    return store.subscribe(() => rerender(undefined));
  }, [store]);
  return store;
}
