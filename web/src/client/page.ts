// What the browser says about the page and its network, where there is a browser.

export interface PageEvents {
  /** The page or its network is back: a good moment to see whether all is well. */
  back(): void;
  /** The machine has no network. */
  offline(): void;
  /** The page goes away, perhaps for good. */
  leaving(): void;
}

/** Watches the page. Returns how to stop that. */
export function watchPage(events: PageEvents): () => void {
  if (!globalThis.document) return () => {};
  const watch = new AbortController();
  const listen = (target: EventTarget, name: string, listener: () => void): void =>
    target.addEventListener(name, listener, { signal: watch.signal });
  const back = (): void => {
    if (document.visibilityState === "visible") events.back();
  };
  listen(globalThis, "online", () => events.back());
  listen(globalThis, "offline", () => events.offline());
  listen(globalThis, "pageshow", back);
  listen(globalThis, "pagehide", () => events.leaving());
  // Some browsers tell only one of them when a frozen page goes on.
  listen(document, "visibilitychange", back);
  listen(document, "resume", back);
  return () => watch.abort();
}
