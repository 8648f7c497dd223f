// Holds the state, and tells whoever watches it.
import type { InnerState } from "./fold";
import { innerInitialState, reduce, type Action } from "./state";

export class Store {
  #state: InnerState = innerInitialState;
  #listeners = new Set<() => void>();

  get state(): InnerState {
    return this.#state;
  }

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    tell(this.#listeners, undefined);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Tells each listener. What the page gets wrong in one is reported, and is nobody else's trouble. */
export function tell<T>(listeners: Iterable<(what: T) => void>, what: T): void {
  for (const listener of listeners) {
    try {
      listener(what);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
