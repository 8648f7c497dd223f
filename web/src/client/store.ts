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
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
