// A choice that the browser keeps and that all its tabs share.

/** Where choices and logins are kept: `localStorage`, or whatever a test gives in its place. */
export type Keeper = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface StoredChoice<T extends string> {
  get(): T;
  set(value: T): void;
  /** Calls back when the choice has changed, here or in another tab. */
  subscribe(listener: () => void): () => void;
}

/** The first of the choices holds until another one is made. */
export function storedChoice<T extends string>(
  key: string,
  choices: readonly [T, ...T[]],
  keeper: Keeper = kept("localStorage"),
): StoredChoice<T> {
  const listeners = new Set<() => void>();
  const read = (): T => choices.find((choice) => choice === keeper.getItem(key)) ?? choices[0];
  let present = read();

  function become(value: T): void {
    if (value === present) return;
    present = value;
    for (const listener of [...listeners]) listener();
  }

  window.addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) become(read());
  });

  return {
    get: () => present,
    set(value) {
      keeper.setItem(key, value);
      become(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The browser's storage; where it is forbidden, one that lasts as long as the page. */
export function kept(which: "localStorage" | "sessionStorage"): Keeper {
  try {
    const storage = window[which];
    storage.getItem("");
    return storage;
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    };
  }
}
