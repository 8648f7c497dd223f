// The tabs of one origin that show one person: one of them leads, which holds the connection and sends; the
// others hear from it. Where the browser has no Web Locks or no BroadcastChannel, each tab leads itself.
import type { DurableFrame, EphemeralFrame, Message } from "../wire";
import type { StreamPosition } from "./stream";
import type { Connection, OutgoingMessage } from "./types";

/** What tabs tell each other. */
export type TabMessage =
  // of the leader
  | { type: "leading"; connection: Connection; at: StreamPosition | undefined }
  | { type: "connection"; connection: Connection }
  | { type: "head"; at: StreamPosition }
  | { type: "frame"; frame: DurableFrame | EphemeralFrame }
  | { type: "stored"; message: Message }
  // of any tab
  | { type: "outgoing"; message: OutgoingMessage }
  | { type: "discarded"; clientId: string }
  // to the leader
  | { type: "hello" }
  | { type: "room"; id: string; isOpen: boolean }
  | { type: "typing"; id: string; active: boolean }
  | { type: "reconnect" }
  | { type: "leaving" };

export interface TabEvents {
  role(isLeader: boolean): void;
  message(message: TabMessage, from: string): void;
}

/** How long a leader may take to answer, in milliseconds; then another tab takes its place. */
const PATIENCE = 3_000;

/** One tab among those of its origin. */
export class Tabs {
  readonly #id = crypto.randomUUID();
  #channel: BroadcastChannel | null = null;
  #release: (() => void) | null = null;
  #request: AbortController | null = null;
  #doubt: ReturnType<typeof setTimeout> | undefined;

  #name: string | null = null;

  constructor(private readonly events: TabEvents) {}

  /** Joins those of a name that all tabs of one person have in common; null is to be alone. */
  join(name: string | null): void {
    if (!name || !globalThis.navigator?.locks || !globalThis.BroadcastChannel) {
      this.events.role(true);
      return;
    }
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<[string, TabMessage]>) => {
      const [from, message] = data;
      this.#trust();
      this.events.message(message, from);
    };
    this.#elect(name);
    this.post({ type: "hello" });
  }

  post(message: TabMessage): void {
    this.#channel?.postMessage([this.#id, message]);
  }

  /** Sees whether the leader is still there. A tab that the browser has frozen is not. */
  probe(): void {
    const name = this.#name;
    if (!name || !this.#channel || this.#release || this.#doubt) return;
    this.#doubt = setTimeout(() => this.#elect(name, true), PATIENCE);
    this.post({ type: "hello" });
  }

  leave(): void {
    this.post({ type: "leaving" });
    this.#trust();
    this.#request?.abort();
    this.#request = null;
    this.#release?.();
    this.#release = null;
    this.#channel?.close();
    this.#channel = null;
  }

  #trust(): void {
    clearTimeout(this.#doubt);
    this.#doubt = undefined;
  }

  /** Waits for the lead, or takes it from a tab that does not answer. */
  #elect(name: string, steal = false): void {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const lead = (): Promise<void> | undefined => {
      if (this.#request !== request) return undefined;
      this.#trust();
      return new Promise((release) => {
        this.#release = release;
        this.events.role(true);
      });
    };
    navigator.locks.request(name, steal ? { steal } : { signal: request.signal }, lead).catch(() => {
      // Unless this tab has left or asked anew, another took the lead from it; it may get it back.
      if (this.#request !== request) return;
      this.#release = null;
      this.events.role(false);
      this.#elect(name);
    });
  }
}
