// Conversations and their messages, fetched when they are looked at or when something happens in them.
import type { MessagePage } from "../wire";
import { Backoff } from "./backoff";
import { isPassing, MessagingError } from "./error";
import type { Http } from "./http";
import type { Store } from "./store";
import { Timer } from "./timer";

/** How many messages a page has. */
const PAGE = 50;

/** How many messages are fetched anew at once, when something may have been missed. */
const REFRESHED = 200;

/** How many threads that nobody looks at are kept up to date. */
const KEPT_MOST = 10;

interface Place {
  beforeSeq?: number;
  afterSeq?: number;
  aroundSeq?: number;
  limit?: number;
}

/** Keeps what is looked at complete. */
export class Threads {
  /** How often each conversation is open, the one opened last at the end. */
  #open = new Map<string, number>();
  #closed: string[] = [];
  #loads = new Map<string, AbortController>();
  #fetches = new Set<string>();
  #failed = new Set<string>();
  #again = new Timer();
  #backoff = new Backoff();

  constructor(
    private readonly store: Store,
    private readonly http: Http,
  ) {
    store.subscribe(() => this.#complete());
  }

  openIds(): string[] {
    return [...this.#open.keys()];
  }

  open(id: string): void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    this.#closed = this.#closed.filter((closed) => closed !== id);
    this.#complete();
  }

  /** Returns whether that was the last one to look at it. */
  close(id: string): boolean {
    const count = (this.#open.get(id) ?? 1) - 1;
    if (count) {
      this.#open.set(id, count);
      return false;
    }
    this.#open.delete(id);
    this.#closed.push(id);
    if (this.#closed.length > KEPT_MOST) this.#forget(this.#closed.shift() ?? "");
    return true;
  }

  /** Tries again what has failed, for the service can be reached again. */
  retry(): void {
    this.#forgetFailures();
    for (const id of this.#open.keys()) {
      const { status, error } = this.store.state.threads[id] ?? {};
      if (status === "failed" && error?.status !== 404) void this.#refresh(id);
    }
    this.#complete();
  }

  async loadMessages(id: string, end: "before" | "after"): Promise<void> {
    const thread = this.store.state.threads[id];
    if (!thread || thread.status !== "ready" || thread.fetching) return;
    const { messages, hasBefore, hasAfter } = thread;
    if (end === "before" && !hasBefore) return;
    const lastSeq = this.store.state.conversations[id]?.lastSeq ?? 0;
    const last = messages.at(-1)?.seq ?? 0;
    if (end === "after" && !hasAfter && last >= lastSeq) return;
    this.store.dispatch({ type: "fetching", id, end });
    await this.#load(id, end === "before" ? { beforeSeq: messages[0]?.seq ?? 1 } : { afterSeq: last }, end);
  }

  async showMessages(id: string, around?: number): Promise<void> {
    const thread = this.store.state.threads[id];
    const { messages = [], hasAfter = true } = thread?.status === "ready" ? thread : {};
    const isShown =
      around === undefined
        ? !hasAfter
        : around >= (messages[0]?.seq ?? Infinity) && around <= (messages.at(-1)?.seq ?? 0);
    if (isShown) return;
    this.store.dispatch({ type: "opening", id });
    await this.#load(id, around === undefined ? {} : { aroundSeq: around });
  }

  /** Fetches a conversation alone. Rejects with a `MessagingError`. */
  async fetch(id: string): Promise<void> {
    const asOf = this.store.state.position ?? 0;
    const page = await this.http.get<MessagePage>(`/messages/conversations/${encodeURIComponent(id)}`, { limit: 1 });
    this.store.dispatch({ type: "fetched", conversation: page.conversation, asOf });
  }

  stop(): void {
    for (const load of this.#loads.values()) load.abort();
    this.#loads.clear();
    this.#forgetFailures();
    this.#backoff.reset();
  }

  /** Fetches what is open and not here, and what something happened in. */
  #complete(): void {
    if (this.store.state.position === null) return;
    for (const id of [...this.#closed, ...this.#open.keys()]) {
      // Each fetch changes the state.
      const { threads, conversations } = this.store.state;
      const thread = threads[id];
      if (!this.#open.has(id)) {
        if (thread?.stale) this.#forget(id);
      } else if (!thread || thread.status === "idle" || thread.stale) {
        void this.#refresh(id);
      } else if (
        thread.status === "ready" &&
        !thread.hasAfter &&
        !this.#failed.has(id) &&
        (thread.messages.at(-1)?.seq ?? 0) < (conversations[id]?.lastSeq ?? 0)
      ) {
        void this.loadMessages(id, "after");
      }
    }
    // A thread on its way brings its conversation.
    for (const id of Object.keys(this.store.state.missing)) if (!this.#loads.has(id)) void this.#find(id);
  }

  async #find(id: string): Promise<void> {
    if (this.#fetches.has(id) || this.#failed.has(id)) return;
    this.#fetches.add(id);
    try {
      await this.fetch(id);
    } catch (error) {
      if (MessagingError.from(error).status === 404) this.store.dispatch({ type: "absent", id });
      else this.#fail(id, error);
    } finally {
      this.#fetches.delete(id);
    }
    // Something may have happened in it in the meantime.
    if (id in this.store.state.missing) void this.#find(id);
  }

  /** Fetches a thread, or what is shown of it anew. */
  async #refresh(id: string): Promise<void> {
    const { messages = [], hasAfter = true } = this.store.state.threads[id] ?? {};
    const [first] = messages;
    const enough = messages.length + (hasAfter ? 0 : REFRESHED);
    this.store.dispatch({ type: "opening", id });
    await this.#load(id, first ? { afterSeq: first.seq - 1, limit: REFRESHED } : {}, undefined, first ? enough : 0);
  }

  /** Fetches a page, and those after it until there are enough messages. */
  async #load(id: string, place: Place, end?: "before" | "after", enough = 0): Promise<void> {
    this.#loads.get(id)?.abort();
    const load = new AbortController();
    this.#loads.set(id, load);
    const asOf = this.store.state.position ?? 0;
    const get = (at: Place): Promise<MessagePage> =>
      this.http.get(`/messages/conversations/${encodeURIComponent(id)}`, { limit: PAGE, ...at }, load.signal);
    try {
      let page = await get(place);
      for (let last; page.hasAfter && page.items.length < enough && (last = page.items.at(-1)); ) {
        const { hasBefore, items } = page;
        const next = await get({ ...place, afterSeq: last.seq });
        page = { ...next, hasBefore, items: [...items, ...next.items] };
      }
      load.signal.throwIfAborted();
      this.#loads.delete(id);
      this.#backoff.reset();
      // A page that brings nothing is not asked for again at once, whatever the conversation promises.
      if (end && !page.items.length) this.#failed.add(id);
      this.store.dispatch({ type: "fetched", conversation: page.conversation, asOf });
      this.store.dispatch({ type: "page", id, page, end });
    } catch (thrown) {
      if (load.signal.aborted) return;
      this.#loads.delete(id);
      this.#fail(id, thrown);
      this.store.dispatch({ type: "thread-failed", id, error: MessagingError.from(thrown) });
    }
  }

  /** Leaves alone what has failed, until the service can be reached again or has had its time. */
  #fail(id: string, thrown: unknown): void {
    this.#failed.add(id);
    const error = MessagingError.from(thrown);
    const { status } = this.store.state.connection;
    if (!isPassing(error) || (status !== "live" && status !== "polling")) return;
    if (this.#again.isSet) return;
    this.#again.set(Math.max(error.retryAfterMs ?? 0, this.#backoff.next()), () => this.retry());
  }

  #forgetFailures(): void {
    this.#again.clear();
    this.#failed.clear();
  }

  #forget(id: string): void {
    this.#loads.get(id)?.abort();
    this.#closed = this.#closed.filter((closed) => closed !== id);
    this.store.dispatch({ type: "closed", id });
  }
}
