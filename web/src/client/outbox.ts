// What is on its way: sent in the order in which it was written, one at a time in each conversation, until the
// service has it or refuses it. Only the tab that leads sends.
import type { Message } from "../wire";
import { Backoff } from "./backoff";
import { isPassing, MessagingError } from "./error";
import { byAge } from "./selectors";
import type { OutgoingMessage } from "./types";

export interface OutboxEvents {
  /** Sends once. Rejects with a `MessagingError`. */
  deliver(message: OutgoingMessage): Promise<Message>;
  /** The message has changed its status. */
  changed(message: OutgoingMessage): void;
  /** The service has it. */
  stored(message: Message): void;
}

/** Sends what waits. */
export class Outbox {
  #queues = new Map<string, OutgoingMessage[]>();
  #sending = new Set<string>();
  #isOpen = false;
  #retries = new Map<string, ReturnType<typeof setTimeout>>();
  #backoff = new Backoff();

  constructor(private readonly events: OutboxEvents) {}

  /** Whether the service can be reached: sends what waits, or lets it wait. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen;
    if (!isOpen) return;
    this.#forgetRetries();
    for (const id of this.#queues.keys()) this.#next(id);
  }

  /** Takes a message to send, once. */
  add(message: OutgoingMessage): void {
    const { conversationId: id, clientId } = message;
    if (this.#has(id, clientId)) return;
    const queue = this.#queues.get(id) ?? [];
    queue.push(message);
    queue.sort(byAge);
    this.#queues.set(id, queue);
    this.#next(id);
  }

  stop(): void {
    this.#isOpen = false;
    this.#forgetRetries();
    this.#queues.clear();
  }

  #has(id: string, clientId: string): boolean {
    return this.#queues.get(id)?.some((message) => message.clientId === clientId) ?? false;
  }

  #forgetRetries(): void {
    for (const retry of this.#retries.values()) clearTimeout(retry);
    this.#retries.clear();
  }

  #next(id: string): void {
    const message = this.#queues.get(id)?.[0];
    if (!message || !this.#isOpen || this.#sending.has(id) || this.#retries.has(id)) return;
    void this.#send(message);
  }

  async #send(message: OutgoingMessage): Promise<void> {
    const { conversationId: id, clientId } = message;
    this.#sending.add(id);
    this.events.changed({ ...message, status: "sending" });
    try {
      const stored = await this.events.deliver(message);
      this.#backoff.reset();
      this.#drop(message);
      this.events.stored(stored);
    } catch (thrown) {
      // Stopped in the meantime: what comes of it is not this outbox's any more.
      if (!this.#has(id, clientId)) return;
      const error = MessagingError.from(thrown);
      if (isPassing(error)) {
        this.events.changed({ ...message, status: "queued" });
        this.#retryLater(id, error);
      } else {
        this.#drop(message);
        const { code, detail, status, errors } = error;
        this.events.changed({ ...message, status: "failed", error: { code, detail, status, errors } });
      }
    } finally {
      this.#sending.delete(id);
      this.#next(id);
    }
  }

  #drop(message: OutgoingMessage): void {
    const queue = this.#queues.get(message.conversationId) ?? [];
    this.#queues.set(
      message.conversationId,
      queue.filter(({ clientId }) => clientId !== message.clientId),
    );
  }

  #retryLater(id: string, { retryAfterMs }: MessagingError): void {
    if (!this.#isOpen) return;
    const retry = (): void => {
      this.#retries.delete(id);
      this.#next(id);
    };
    this.#retries.set(id, setTimeout(retry, Math.max(retryAfterMs ?? 0, this.#backoff.next())));
  }
}
