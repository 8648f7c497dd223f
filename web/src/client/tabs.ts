// The tabs of one origin that show one person: one of them leads, which holds the connection and sends; the
// others hear from it. Where the browser has no Web Locks or no BroadcastChannel, each tab leads itself.
import type { DurableFrame, EphemeralFrame, Message } from "../wire";
import type { StreamPosition } from "./stream";
import { Timer } from "./timer";
import type { Connection, OutgoingMessage } from "./types";
import { randomUuid } from "./uuid";

/** What tabs tell each other. */
export type TabMessage =
  // of the leader
  | { type: "leading"; connection: Connection; at: StreamPosition | undefined }
  | { type: "frame"; frame: DurableFrame | EphemeralFrame }
  | { type: "stored"; message: Message }
  // of any tab
  | { type: "outgoing"; message: OutgoingMessage }
  | { type: "discarded"; clientId: string }
  // to the leader
  | { type: "hello" }
  | { type: "probe" }
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
  readonly #id = randomUuid();
  #name = "";
  #channel: BroadcastChannel | null = null;
  #release: (() => void) | null = null;
  #request: AbortController | null = null;
  #doubt = new Timer();

  constructor(private readonly events: TabEvents) {}

  /** Joins those of a name that all tabs of one person have in common; null is to be alone. */
  join(name: string | null): void {
    const channel = name && globalThis.navigator?.locks ? openChannel(name) : null;
    if (!name || !channel) {
      this.events.role(true);
      return;
    }
    this.#name = name;
    this.#channel = channel;
    channel.onmessage = ({ data }: MessageEvent<[string, TabMessage]>) => {
      const [from, message] = data;
      if (message.type === "leading") this.#doubt.clear();
      this.events.message(message, from);
    };
    this.#elect();
    this.probe("hello");
  }

  post(message: TabMessage): void {
    this.#channel?.postMessage([this.#id, message]);
  }

  /** Sees whether the leader is still there. A tab that the browser has frozen is not. */
  probe(type: "probe" | "hello" = "probe"): void {
    if (!this.#channel || this.#release || this.#doubt.isSet) return;
    this.#doubt.set(PATIENCE, () => this.#elect(true));
    this.post({ type });
  }

  leave(): void {
    this.post({ type: "leaving" });
    this.#doubt.clear();
    this.#request?.abort();
    this.#request = null;
    this.#release?.();
    this.#release = null;
    this.#channel?.close();
    this.#channel = null;
  }

  /** Waits for the lead, or takes it from a tab that does not answer. */
  #elect(steal = false): void {
    this.#doubt.clear();
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    let hasLed = false;
    const lead = (): Promise<void> | undefined => {
      if (this.#request !== request) return undefined;
      this.#doubt.clear();
      hasLed = true;
      return new Promise((release) => {
        this.#release = release;
        this.events.role(true);
      });
    };
    navigator.locks.request(this.#name, steal ? { steal } : { signal: request.signal }, lead).catch(() => {
      // Unless this tab has left or asked anew, another took the lead from it, which it may get back; or the
      // browser gives no locks to pages like this one, and each leads itself.
      if (this.#request !== request) return;
      if (hasLed) {
        this.#release = null;
        this.events.role(false);
        this.#elect();
      } else {
        this.leave();
        this.events.role(true);
      }
    });
  }
}

/** Null where the browser has none, or none for pages like this one. */
function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
