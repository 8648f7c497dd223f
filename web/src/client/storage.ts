// What is kept on the device for one person: messages that are not sent yet, and drafts. Without IndexedDB,
// or when the browser refuses it, nothing is kept and all else works.
import { byAge } from "./selectors";
import { Timer } from "./timer";
import type { OutgoingMessage } from "./types";

/** A message by its `clientId`, or a draft by the id of its conversation. */
type Kept = OutgoingMessage | string;

const STORE = "kept";

/** How long a store may take to open, in milliseconds; some browsers never open one, and never say so. */
const PATIENCE = 3_000;

/** Keeps things until they are taken away; never rejects. */
export class Storage {
  #name: string | null = null;
  #late = new Timer();
  #found: ((database: IDBDatabase | null) => void) | null = null;
  /** What is to be kept before it is known for whom waits here. */
  #database = this.#expect();

  /** Opens a person's store; null keeps nothing. */
  open(name: string | null): void {
    const found = this.#found;
    if (!found) return;
    this.#found = null;
    this.#name = name;
    if (!name) {
      found(null);
      return;
    }
    this.#late.set(PATIENCE, () => found(null));
    void opened(name)
      .catch(() => null)
      .then(found);
  }

  /** Lets go of the store, and of what waits for one; what comes then waits for the next. */
  close(): void {
    this.#late.clear();
    this.#found?.(null);
    void this.#database.then((database) => database?.close());
    this.#database = this.#expect();
  }

  /** The messages that were not sent, oldest first. */
  async outbox(): Promise<OutgoingMessage[]> {
    return (await this.#all()).flatMap(([, kept]) => (typeof kept === "string" ? [] : kept)).sort(byAge);
  }

  async drafts(): Promise<[conversationId: string, text: string][]> {
    return (await this.#all()).flatMap(([key, kept]) => (typeof kept === "string" ? [[key, kept]] : []));
  }

  /** Keeps something in place of what was kept under this key; nothing, when there is nothing to keep. */
  keep(key: string, what?: Kept): void {
    void ask(this.#database, (store) => [what ? store.put(what, key) : store.delete(key)]);
  }

  /** Lets go of the store, and of all that is in it. */
  async forget(): Promise<void> {
    this.close();
    if (!this.#name) return;
    const database = opened(this.#name);
    await ask(database, (store) => [store.clear()]);
    await database.then((open) => open.close(), () => {});
  }

  async #all(): Promise<[key: string, kept: Kept][]> {
    const [keys = [], all = []] = await ask(this.#database, (store) => [store.getAllKeys(), store.getAll()]);
    return (keys as string[]).map((key, place) => [key, (all as Kept[])[place] ?? ""]);
  }

  #expect(): Promise<IDBDatabase | null> {
    return new Promise((resolve) => (this.#found = resolve));
  }
}

/** Does something in one transaction. A full or forbidden store keeps nothing, and gives nothing. */
async function ask(
  opening: Promise<IDBDatabase | null>,
  act: (store: IDBObjectStore) => IDBRequest[],
): Promise<unknown[]> {
  try {
    const database = await opening;
    if (!database) return [];
    return await Promise.all(act(database.transaction(STORE, "readwrite").objectStore(STORE)).map(answer));
  } catch {
    return [];
  }
}

// Asynchronous from its first line: some browsers throw where they should refuse.
async function opened(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return answer(request);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}
