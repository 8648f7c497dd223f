// The person's stream of events, without a gap: what is out of turn waits, what is missing is fetched, and
// when the log does not reach back the state is taken anew. Where the frames come from does not matter.
import type { DurableFrame, Inbox, Missed } from "../wire";
import { MessagingError } from "./error";
import type { Http } from "./http";

/** How long a gap may be closed by frames that come late, in milliseconds. */
const PATIENCE = 300;

/** How many events may wait for those before them; more are fetched again in their turn. */
const EARLY_MOST = 1_000;

/** How many conversations a snapshot brings. */
const SNAPSHOT = 30;
const SNAPSHOT_MOST = 100;

export interface StreamPosition {
  epoch: string;
  position: number;
}

export interface StreamEvents {
  /** The next event in turn. */
  event(frame: DurableFrame): void;
  /** Everything anew, up to its position. */
  snapshot(inbox: Inbox): void;
  /** How many conversations are listed now, so that a snapshot does not shorten the list. */
  listed(): number;
}

/** Puts events in turn. */
export class Stream {
  #at: StreamPosition | null = null;
  #head = 0;
  #early = new Map<number, DurableFrame>();
  #work: Promise<void> | null = null;
  #gap: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly http: Http,
    private readonly events: StreamEvents,
  ) {}

  /** Up to where everything is here; undefined before the first snapshot. */
  get at(): StreamPosition | undefined {
    return this.#at ?? undefined;
  }

  /** Takes a frame that came by itself. */
  accept(frame: DurableFrame): void {
    if (this.#at && frame.position <= this.#at.position) return;
    this.#head = Math.max(this.#head, frame.position);
    if (this.#early.size < EARLY_MOST) this.#early.set(frame.position, frame);
    this.#takeTurns();
    this.#awaitGap();
  }

  /** The stream is known to reach so far. */
  head(at: StreamPosition): void {
    if (!this.#at) return;
    if (at.epoch !== this.#at.epoch) {
      void this.restart().catch(() => {});
      return;
    }
    this.#head = Math.max(this.#head, at.position);
    this.#awaitGap();
  }

  /** Fetches what is missing, or everything when nothing is there yet. Rejects with a `MessagingError`. */
  catchUp(): Promise<void> {
    this.#work ??= this.#catchUp().finally(() => {
      this.#work = null;
      this.#awaitGap();
    });
    return this.#work;
  }

  /** Takes everything anew. Rejects with a `MessagingError`. */
  restart(): Promise<void> {
    this.#begin();
    const running = this.#work ?? Promise.resolve();
    // What runs may have begun before the reason to restart.
    return running.catch(() => {}).then(() => (this.#at ? undefined : this.catchUp()));
  }

  stop(): void {
    clearTimeout(this.#gap);
    this.#gap = undefined;
    this.#begin();
  }

  /** Positions of before mean nothing any more. */
  #begin(): void {
    this.#at = null;
    this.#head = 0;
    this.#early.clear();
  }

  async #catchUp(): Promise<void> {
    clearTimeout(this.#gap);
    this.#gap = undefined;
    for (let more = true; more; ) {
      const from = this.#at;
      if (!from) return this.#takeSnapshot();
      let missed: Missed;
      try {
        missed = await this.http.get<Missed>("/messages/sync", { since: from.position, epoch: from.epoch });
      } catch (error) {
        if (error instanceof MessagingError && error.code === "resync") return this.#takeSnapshot();
        throw error;
      }
      if (this.#at !== from) continue; // Begun anew, or moved on by itself, in the meantime.
      for (const frame of missed.events) this.accept(frame);
      more = missed.more && this.#at !== from;
    }
  }

  async #takeSnapshot(): Promise<void> {
    const limit = Math.min(SNAPSHOT_MOST, Math.max(SNAPSHOT, this.events.listed()));
    const inbox = await this.http.get<Inbox>("/messages/conversations", { limit });
    this.#at = { epoch: inbox.epoch, position: inbox.position };
    this.events.snapshot(inbox);
    this.#takeTurns();
  }

  #takeTurns(): void {
    if (!this.#at) return;
    for (const position of this.#early.keys()) if (position <= this.#at.position) this.#early.delete(position);
    for (let next; (next = this.#early.get(this.#at.position + 1)); ) {
      this.#early.delete(next.position);
      this.#at = { ...this.#at, position: next.position };
      this.events.event(next);
    }
  }

  #awaitGap(): void {
    if (!this.#hasGap() || this.#work) return;
    this.#gap ??= setTimeout(() => {
      this.#gap = undefined;
      if (this.#hasGap()) void this.catchUp().catch(() => {});
    }, PATIENCE);
  }

  #hasGap(): boolean {
    return this.#at !== null && this.#head > this.#at.position;
  }
}
