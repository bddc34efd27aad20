import { useSyncExternalStore } from "react";

/** A value that outlives the pages that share it. */
interface Store<T> {
  set: (value: T) => void;
  use: () => T;
}

export function createStore<T>(initial: T): Store<T> {
  let current = initial;
  const watchers = new Set<() => void>();
  const watch = (watcher: () => void) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  };
  return {
    set(value) {
      current = value;
      for (const watcher of watchers) watcher();
    },
    use: () => useSyncExternalStore(watch, () => current),
  };
}
