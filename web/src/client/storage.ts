// What is kept on the device for one person: messages that are not sent yet, and drafts. Without IndexedDB,
// or when the browser refuses it, nothing is kept and all else works.
import type { OutgoingMessage } from "./types";

type Store = "outbox" | "drafts";

/** Keeps things until they are taken away; never rejects. */
export class Storage {
  #found: (database: IDBDatabase | null) => void = () => {};
  /** What is to be kept before it is known for whom waits here. */
  #database = new Promise<IDBDatabase | null>((resolve) => (this.#found = resolve));

  /** Opens a person's store; null keeps nothing. */
  open(name: string | null): void {
    if (!name) this.#found(null);
    else open(name).then(this.#found, () => this.#found(null));
  }

  /** The messages that were not sent, oldest first. */
  async outbox(): Promise<OutgoingMessage[]> {
    const messages = await this.#read<OutgoingMessage>("outbox", (store) => store.getAll());
    return messages.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  async drafts(): Promise<[conversationId: string, text: string][]> {
    const keys = await this.#read<string>("drafts", (store) => store.getAllKeys() as IDBRequest<string[]>);
    const texts = await this.#read<string>("drafts", (store) => store.getAll());
    return keys.map((key, place) => [key, texts[place] ?? ""]);
  }

  keepOutgoing(message: OutgoingMessage): Promise<void> {
    return this.#write("outbox", (store) => store.put(message, message.clientId));
  }

  dropOutgoing(clientId: string): Promise<void> {
    return this.#write("outbox", (store) => store.delete(clientId));
  }

  keepDraft(conversationId: string, text: string): Promise<void> {
    return this.#write("drafts", (store) => (text ? store.put(text, conversationId) : store.delete(conversationId)));
  }

  async forget(): Promise<void> {
    await this.#write("outbox", (store) => store.clear());
    await this.#write("drafts", (store) => store.clear());
  }

  /** Lets go of the store; what comes then waits until one is opened again. */
  close(): void {
    void this.#database.then((database) => database?.close());
    this.#database = new Promise((resolve) => (this.#found = resolve));
  }

  async #read<T>(name: Store, ask: (store: IDBObjectStore) => IDBRequest<T[]>): Promise<T[]> {
    try {
      const database = await this.#database;
      return database ? await answer(ask(database.transaction(name).objectStore(name))) : [];
    } catch {
      return [];
    }
  }

  async #write(name: Store, act: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    try {
      const database = await this.#database;
      if (database) await answer(act(database.transaction(name, "readwrite").objectStore(name)));
    } catch {
      // A full or forbidden store keeps nothing; the message is still in memory and still sent.
    }
  }
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("outbox");
    request.result.createObjectStore("drafts");
  };
  return answer(request);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}
