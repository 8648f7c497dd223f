// Tells the service how far this person's messages have come: to this device, and before their eyes.
import type { ReadState } from "../wire";
import { isPassing, MessagingError } from "./error";
import type { Http } from "./http";
import type { Socket } from "./socket";
import type { Store } from "./store";

/** How long words on what has arrived are gathered, in milliseconds. */
const GATHER = 200;

/** How long to wait before saying again what could not be said, in milliseconds. */
const AGAIN = 2_000;

/** How many of them are sent at once: the service wants 20 ops a second at most. */
const AT_ONCE = 3;

/** Moves the cursors of one's own. */
export class Receipts {
  #read = new Map<string, number>();
  #reading = new Set<string>();
  #delivered = new Map<string, number>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: Store,
    private readonly http: Http,
    private readonly socket: Socket,
    private readonly acted: () => void,
  ) {}

  markRead(id: string, seq: number): void {
    const known = this.store.state.conversations[id]?.readSeq ?? 0;
    if (seq <= Math.max(known, this.#read.get(id) ?? 0)) return;
    this.#read.set(id, seq);
    void this.#tellRead(id);
  }

  /** Says what has arrived in all conversations that are known. */
  markDelivered(): void {
    for (const { id, lastSeq, deliveredSeq, lastMessage, counterpart } of Object.values(
      this.store.state.conversations,
    )) {
      if (lastSeq > deliveredSeq && lastMessage?.senderId === counterpart.id) this.#delivered.set(id, lastSeq);
    }
    if (this.#delivered.size) this.#gathering ??= setTimeout(() => this.#tellDelivered(), GATHER);
  }

  /** Tries again what could not be said. */
  retry(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    for (const id of this.#read.keys()) void this.#tellRead(id);
  }

  stop(): void {
    clearTimeout(this.#gathering);
    clearTimeout(this.#again);
    this.#gathering = this.#again = undefined;
    this.#delivered.clear();
    this.#read.clear();
  }

  async #tellRead(id: string): Promise<void> {
    if (this.#reading.has(id)) return;
    this.#reading.add(id);
    const seq = this.#read.get(id);
    try {
      await this.http.call<ReadState>("POST", `/messages/conversations/${encodeURIComponent(id)}/read`, {
        body: { seq },
      });
      if (this.#read.get(id) === seq) this.#read.delete(id);
      this.acted();
    } catch (error) {
      const reason = MessagingError.from(error);
      if (isPassing(reason)) this.#again ??= setTimeout(() => this.retry(), reason.retryAfterMs ?? AGAIN);
      else this.#read.delete(id);
      return;
    } finally {
      this.#reading.delete(id);
    }
    if (this.#read.has(id)) void this.#tellRead(id);
  }

  #tellDelivered(): void {
    this.#gathering = undefined;
    const told = [...this.#delivered].slice(0, AT_ONCE);
    for (const [id, seq] of told) {
      this.#delivered.delete(id);
      const { deliveredSeq = 0 } = this.store.state.conversations[id] ?? {};
      if (seq > deliveredSeq) this.socket.post("conversation.delivered", { conversationId: id, seq });
    }
    if (this.#delivered.size) this.#gathering = setTimeout(() => this.#tellDelivered(), GATHER);
  }
}
