// Tells the service how far this person's messages have come: to this device, and before their eyes.
import type { ReadState } from "../wire";
import { isPassing, MessagingError } from "./error";
import type { Http } from "./http";
import type { Socket } from "./socket";
import type { Store } from "./store";
import { Timer } from "./timer";

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
  /** What was said to have arrived, and may be on its way still. */
  #told = new Map<string, number>();
  #gathering = new Timer();
  #again = new Timer();

  constructor(
    private readonly store: Store,
    private readonly http: Http,
    private readonly socket: Socket,
    private readonly acted: () => void,
    /** Whether the service can be reached; once it can, all is tried again anyway. */
    private readonly isReached: () => boolean,
  ) {}

  markRead(id: string, seq: number): void {
    const known = this.store.state.conversations[id]?.readSeq ?? 0;
    if (seq <= Math.max(known, this.#read.get(id) ?? 0)) return;
    this.#read.set(id, seq);
    void this.#tellRead(id);
  }

  /** Says what has arrived in all conversations that are known. */
  markDelivered(): void {
    this.#gathering.setOnce(GATHER, () => this.#tellDelivered());
  }

  /** Tries again what could not be said, or was perhaps not heard. */
  retry(): void {
    this.#again.clear();
    this.#told.clear();
    for (const id of this.#read.keys()) void this.#tellRead(id);
  }

  stop(): void {
    this.#gathering.clear();
    this.#again.clear();
    this.#told.clear();
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
      if (!isPassing(reason)) this.#read.delete(id);
      else if (this.isReached()) this.#again.setOnce(reason.retryAfterMs ?? AGAIN, () => this.retry());
      return;
    } finally {
      this.#reading.delete(id);
    }
    if (this.#read.has(id)) void this.#tellRead(id);
  }

  #tellDelivered(): void {
    let told = 0;
    for (const conversation of Object.values(this.store.state.conversations)) {
      const { id, lastSeq: seq, deliveredSeq, lastMessage, counterpart } = conversation;
      if (seq <= Math.max(deliveredSeq, this.#told.get(id) ?? 0) || lastMessage?.senderId !== counterpart.id) continue;
      if (++told > AT_ONCE) {
        this.markDelivered();
        return;
      }
      this.#told.set(id, seq);
      this.socket.post("conversation.delivered", { conversationId: id, seq });
    }
  }
}
