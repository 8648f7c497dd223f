// The person's stream of events, without a gap: what is out of turn waits, what is missing is fetched, and
// when the log does not reach back the state is taken anew. Where the frames come from does not matter.
import type { DurableFrame, Inbox, Missed } from "../wire";
import { Backoff } from "./backoff";
import { MessagingError } from "./error";
import type { Http } from "./http";
import { Timer } from "./timer";

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

/** Puts events in turn. Once there was a snapshot, it sees to it by itself that nothing stays missing. */
export class Stream {
  #at: StreamPosition | null = null;
  #head = 0;
  #early = new Map<number, DurableFrame>();
  /** What is asked for under another era is of no use. */
  #era = {};
  #isBegun = false;
  #isDue = false;
  #work: Promise<void> | null = null;
  #gap = new Timer();
  #patience = PATIENCE;
  #backoff = new Backoff();

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
    const { position } = frame;
    const next = this.#at ? this.#at.position + 1 : 0;
    if (position < next) return;
    this.#head = Math.max(this.#head, position);
    if (position === next || this.#early.size < EARLY_MOST) this.#early.set(position, frame);
    this.#takeTurns();
    this.#awaitGap();
  }

  /** The stream is known to reach so far. */
  head({ epoch, position }: StreamPosition): void {
    if (!this.#at) return;
    if (epoch !== this.#at.epoch) {
      this.restart();
    } else {
      this.#head = Math.max(this.#head, position);
      this.#awaitGap();
    }
  }

  /**
   * Fetches what is missing, or everything when nothing is there yet; `anew` also when that is already on
   * its way. Rejects with a `MessagingError`.
   */
  catchUp(anew = false): Promise<void> {
    this.#isDue ||= anew;
    if (this.#work) return this.#work;
    const work = this.#fetchAll().finally(() => {
      if (this.#work !== work) return;
      this.#work = null;
      this.#awaitGap();
    });
    return (this.#work = work);
  }

  /** Takes everything anew, however long it takes. */
  restart(): void {
    this.#begin();
    this.catchUp().catch(() => {});
  }

  stop(): void {
    this.#begin();
    this.#gap.clear();
    this.#isBegun = false;
    this.#work = null;
  }

  /** Positions of before mean nothing any more. */
  #begin(): void {
    this.#at = null;
    this.#head = 0;
    this.#early.clear();
    this.#era = {};
  }

  async #fetchAll(): Promise<void> {
    this.#gap.clear();
    try {
      do {
        this.#isDue = false;
        await this.#fetch();
      } while (this.#isDue);
      this.#backoff.reset();
      this.#patience = PATIENCE;
    } catch (thrown) {
      const { retryAfterMs = 0 } = MessagingError.from(thrown);
      this.#patience = Math.max(PATIENCE, retryAfterMs, this.#backoff.next());
      throw thrown;
    }
  }

  /** Fetches a page, and says whether there is more to do. */
  async #fetch(): Promise<void> {
    const era = this.#era;
    const from = this.#at;
    try {
      if (from) {
        const missed = await this.http.get<Missed>("/messages/sync", { since: from.position, epoch: from.epoch });
        if (era === this.#era) {
          for (const frame of missed.events) this.accept(frame);
          this.#isDue ||= missed.more && this.#at !== from;
        }
      } else {
        const limit = Math.min(SNAPSHOT_MOST, Math.max(SNAPSHOT, this.events.listed()));
        const inbox = await this.http.get<Inbox>("/messages/conversations", { limit });
        if (era === this.#era) this.#takeSnapshot(inbox);
      }
    } catch (error) {
      if (!(error instanceof MessagingError) || error.code !== "resync") throw error;
      if (era === this.#era) this.#begin();
    }
    this.#isDue ||= era !== this.#era;
  }

  #takeSnapshot(inbox: Inbox): void {
    this.#isBegun = true;
    this.#at = { epoch: inbox.epoch, position: inbox.position };
    this.events.snapshot(inbox);
    for (const position of this.#early.keys()) if (position <= inbox.position) this.#early.delete(position);
    this.#takeTurns();
  }

  #takeTurns(): void {
    for (let at; (at = this.#at); ) {
      const next = this.#early.get(at.position + 1);
      if (!next) return;
      this.#early.delete(next.position);
      // Before it counts as taken: one that cannot be folded is asked for again.
      this.events.event(next);
      if (this.#at === at) this.#at = { ...at, position: next.position };
    }
  }

  #awaitGap(): void {
    if (this.#work || !this.#isBehind()) return;
    this.#gap.setOnce(this.#patience, () => {
      if (this.#isBehind()) this.catchUp().catch(() => {});
    });
  }

  #isBehind(): boolean {
    return this.#isBegun && (!this.#at || this.#head > this.#at.position);
  }
}
