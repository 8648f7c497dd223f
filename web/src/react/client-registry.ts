// One client for each service and person on a page, however many providers ask for it.
import { initialState } from "../client/initial";
import type { ClientOptions, MessagingClient, State } from "../client/types";

/** Where a client stands: loaded, on its way, or to be loaded again. */
export interface Held {
  readonly client: MessagingClient | null;
  readonly waiting: State;
}

interface Entry {
  held: Held;
  options: ClientOptions;
  service: string;
  readonly listeners: Set<() => void>;
  retry?: ReturnType<typeof setTimeout>;
  end?: ReturnType<typeof setTimeout>;
}

export const notHeld: Held = { client: null, waiting: initialState };

/** React unmounts and mounts again at once, in StrictMode and between pages: that must not reconnect. */
const lingerMs = 100;
const loadAgainMs = 5_000;

const entries = new Map<string, Entry>();

export function keyOf(options: ClientOptions, userKey: string | null | undefined): string {
  return JSON.stringify([options.url, userKey ?? null, options.shareConnection, options.persist]);
}

export function held(key: string): Held {
  return entries.get(key)?.held ?? notHeld;
}

/** Keeps the client of this key while anybody listens. The options of whoever came first count. */
export function hold(key: string, options: ClientOptions, listener: () => void): () => void {
  const entry = entries.get(key) ?? begin(key, options);
  clearTimeout(entry.end);
  endOthers(key, entry.service);
  entry.listeners.add(listener);
  return () => {
    entry.listeners.delete(listener);
    if (entry.listeners.size === 0) entry.end = setTimeout(() => finish(key), lingerMs);
  };
}

/** Loads at once what could not be loaded, or lets the client try to connect at once. */
export function tryNow(key: string): void {
  const entry = entries.get(key);
  if (entry?.held.client) entry.held.client.reconnect();
  else if (entry?.retry !== undefined) void load(key, entry);
}

/** The client of this key, as soon as it is loaded. */
export function readyClient(key: string): Promise<MessagingClient> {
  return new Promise((resolve, reject) => {
    const entry = entries.get(key);
    if (!entry || entry.held.client === null && entry.retry !== undefined) {
      reject(new Error("The messaging client could not be loaded."));
      return;
    }
    if (entry.held.client) {
      resolve(entry.held.client);
      return;
    }
    const stop = hold(key, entry.options, () => {
      stop();
      readyClient(key).then(resolve, reject);
    });
  });
}

function begin(key: string, options: ClientOptions): Entry {
  const entry: Entry = { held: notHeld, options, service: options.url ?? "", listeners: new Set() };
  entries.set(key, entry);
  void load(key, entry);
  return entry;
}

async function load(key: string, entry: Entry): Promise<void> {
  clearTimeout(entry.retry);
  delete entry.retry;
  try {
    const { createMessagingClient } = await import("../client");
    if (entries.get(key) !== entry || entry.held.client) return;
    const client = createMessagingClient(entry.options);
    entry.held = { client, waiting: initialState };
    client.start();
  } catch {
    if (entries.get(key) !== entry) return;
    entry.retry = setTimeout(() => void load(key, entry), loadAgainMs);
    const connection = { status: "offline", retryAt: Date.now() + loadAgainMs } as const;
    entry.held = { client: null, waiting: { ...initialState, connection } };
  }
  for (const listener of [...entry.listeners]) listener();
}

/** Whoever signed out must not stay connected, nor ask for the token of whoever signed in. */
function endOthers(key: string, service: string): void {
  for (const [other, entry] of [...entries]) {
    if (other !== key && entry.service === service && entry.listeners.size === 0) finish(other);
  }
}

function finish(key: string): void {
  const entry = entries.get(key);
  if (!entry || entry.listeners.size > 0) return;
  entries.delete(key);
  clearTimeout(entry.end);
  clearTimeout(entry.retry);
  entry.held.client?.stop();
}
