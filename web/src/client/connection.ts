// Which way news comes: over a socket of this tab's own, by polling where no socket can be had, or from the
// tab that leads. One status of all that.
import type { DurableFrame, EphemeralFrame, Welcome } from "../wire";
import { Backoff } from "./backoff";
import { isSignedOut, MessagingError } from "./error";
import type { Http } from "./http";
import { initialState } from "./initial";
import { Socket, type Phase } from "./socket";
import type { Store } from "./store";
import { Stream } from "./stream";
import { Tabs, type TabMessage } from "./tabs";
import { Timer } from "./timer";
import type { Tokens } from "./tokens";
import type { Connection as Status } from "./types";

/** How often the service is asked while no socket can be had, in milliseconds: in front, and in the back. */
const POLL = 3_000;
const POLL_HIDDEN = 15_000;

/** After how many attempts in a row that came to nothing polling begins. */
const POLL_AFTER = 2;

export interface ConnectionEvents {
  /**
   * Finds out for whom the client speaks. Gives the name that this person's tabs have in common, or null
   * when this one is to be alone.
   */
  identify(): Promise<string | null>;
  /** The next event of the person's stream, and whether it happens now rather than was missed. */
  event(frame: DurableFrame, isNew: boolean): void;
  ephemeral(frame: EphemeralFrame): void;
  /** The status has changed. */
  status(): void;
  /** A session was opened, and what it was told at first. */
  welcome(welcome: Welcome): void;
  /** This tab leads now, or no longer does. */
  role(isLeader: boolean): void;
  /** What another tab says that is not about the connection. */
  tab(message: TabMessage, from: string): void;
}

/** Keeps the client up to date. */
export class Connection {
  readonly socket: Socket;
  readonly tabs: Tabs;
  isLeader = false;
  #stream: Stream;
  #isRunning = false;
  #isLoaded = false;
  /** The attempt to load that counts. */
  #attempt = {};
  #backoff = new Backoff();
  #retry = new Timer();
  /** The epoch of the session, once the service has said that all missed events were told. */
  #epoch = "";
  #isToldLive = false;
  #closed: Pick<Status, "retryAt" | "closeCode"> = {};
  /** The poll that counts; null when a socket can be had, or may be. */
  #polling: object | null = null;
  #nextPoll = new Timer();

  constructor(
    private readonly store: Store,
    http: Http,
    tokens: Tokens,
    WebSocket: typeof globalThis.WebSocket,
    url: string,
    private readonly events: ConnectionEvents,
  ) {
    this.#stream = new Stream(http, {
      event: (frame) => this.#event(frame),
      snapshot: (inbox) => {
        store.dispatch({ type: "snapshot", inbox });
        this.#caughtUp();
      },
      listed: () => Object.keys(store.state.conversations).length,
    });
    this.socket = new Socket(url, tokens, WebSocket, () => this.#stream.at, {
      phase: (phase) => this.#phase(phase),
      frame: (frame) => this.#frame(frame),
    });
    this.tabs = new Tabs({
      role: (isLeader) => this.#role(isLeader),
      message: (message, from) => this.#hear(message, from),
    });
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#load();
  }

  stop(): void {
    this.#isRunning = this.#isLoaded = this.isLeader = false;
    this.#attempt = {};
    this.#retry.clear();
    this.#stopPolling();
    this.socket.stop();
    this.#stream.stop();
    this.tabs.leave();
    this.store.dispatch({ type: "connection", connection: initialState.connection });
  }

  /** Sees whether all is well; tries at once what would be tried later. */
  probe(): void {
    if (!this.#isRunning) return;
    if (!this.#isLoaded) {
      void this.#load();
      return;
    }
    this.tabs.probe();
    if (this.isLeader) this.socket.probe();
    if (this.#polling) void this.#poll();
  }

  /** The same, also after the service said not to come back. */
  reconnect(): void {
    if (this.isLeader) this.socket.allow();
    else this.tabs.post({ type: "reconnect" });
    this.probe();
  }

  /** The machine says that it has no network. */
  lose(): void {
    if (!this.isLeader) return;
    this.#stopPolling();
    this.socket.lose();
  }

  /** Fetches what is missing. Rejects with a `MessagingError`. */
  catchUp(): Promise<void> {
    return this.#stream.catchUp();
  }

  /** Something was done over HTTP: what comes of it is fetched where it does not come by itself. */
  acted(): void {
    if (this.#isLoaded && this.store.state.connection.status !== "live") this.#stream.catchUp(true).catch(() => {});
  }

  /** Takes the first snapshot and joins the other tabs, however long it takes. */
  async #load(): Promise<void> {
    this.#retry.clear();
    const attempt = (this.#attempt = {});
    try {
      const [name] = await Promise.all([this.events.identify(), this.#stream.catchUp()]);
      if (attempt !== this.#attempt) return;
      this.#backoff.reset();
      this.#isLoaded = true;
      this.tabs.join(name);
    } catch (thrown) {
      if (attempt !== this.#attempt) return;
      const error = MessagingError.from(thrown);
      if (isSignedOut(error)) {
        this.#show({ status: "signed-out" });
      } else {
        const wait = Math.max(error.retryAfterMs ?? 0, this.#backoff.next());
        this.#retry.set(wait, () => void this.#load());
        this.#show({ status: "offline", retryAt: Date.now() + wait });
      }
    }
  }

  #event(frame: DurableFrame): void {
    const { status } = this.store.state.connection;
    this.store.dispatch({ type: "event", frame });
    if (this.isLeader) this.tabs.post({ type: "frame", frame });
    this.events.event(frame, status === "live" || status === "polling");
  }

  #frame(frame: DurableFrame | EphemeralFrame): void {
    if ("position" in frame) {
      this.#stream.accept(frame);
    } else if (frame.event === "live" || frame.event === "heartbeat") {
      this.#stream.head({ epoch: this.#epoch, position: frame.data.position });
      this.#isToldLive = true;
      this.#caughtUp();
      this.#lead();
    } else {
      this.tabs.post({ type: "frame", frame });
      this.events.ephemeral(frame);
    }
  }

  #phase(phase: Phase): void {
    this.#isToldLive = false;
    switch (phase.name) {
      case "connecting": {
        const { status } = this.store.state.connection;
        // It is not over before it has come to something.
        if (this.#polling || status === "signed-out") return;
        this.#show({ status: status === "offline" ? "offline" : "connecting" });
        return;
      }
      case "open":
        this.#stopPolling();
        this.#epoch = phase.welcome.epoch;
        this.#show({ status: "catching-up" });
        // What was missed is too much to be told again.
        if (!phase.welcome.resumed) this.#stream.restart();
        this.events.welcome(phase.welcome);
        return;
      case "closed": {
        const { retryAt, failures, closeCode } = phase;
        this.#closed = { retryAt, closeCode };
        if (this.#polling) return;
        if (globalThis.navigator?.onLine === false) this.#show({ status: "offline", ...this.#closed });
        else if (failures >= POLL_AFTER) void this.#poll();
        else this.#show({ status: "connecting", ...this.#closed });
        return;
      }
      default:
        this.#stopPolling();
        this.#show({ status: phase.name, closeCode: phase.closeCode });
    }
  }

  /** All is here once the service has said so and the snapshot, where one was due, is there. */
  #caughtUp(): void {
    if (this.#isToldLive && this.#stream.at) this.#show({ status: "live" });
  }

  async #poll(): Promise<void> {
    this.#nextPoll.clear();
    const poll = (this.#polling = {});
    let status: Status = { status: "polling" };
    try {
      await this.#stream.catchUp();
    } catch (thrown) {
      const isOut = isSignedOut(MessagingError.from(thrown));
      status = isOut ? { status: "signed-out" } : { status: "offline", ...this.#closed };
    }
    if (this.#polling !== poll) return;
    if (status.status === "polling") {
      const isHidden = globalThis.document?.visibilityState === "hidden";
      this.#nextPoll.set(isHidden ? POLL_HIDDEN : POLL, () => void this.#poll());
    } else {
      this.#polling = null;
    }
    this.#show(status);
  }

  #stopPolling(): void {
    this.#nextPoll.clear();
    this.#polling = null;
  }

  #role(isLeader: boolean): void {
    this.isLeader = isLeader;
    if (isLeader) {
      this.#lead();
      this.socket.start();
    } else {
      this.#stopPolling();
      this.socket.stop();
      this.tabs.post({ type: "hello" });
    }
    this.events.role(isLeader);
  }

  /** Tells the other tabs how this one stands, and up to where everything is here. */
  #lead(): void {
    this.tabs.post({ type: "leading", connection: this.store.state.connection, at: this.#stream.at });
  }

  #hear(message: TabMessage, from: string): void {
    switch (message.type) {
      case "probe":
      case "hello":
        if (this.isLeader) this.#lead();
        break;
      case "reconnect":
        if (this.isLeader) this.reconnect();
        return;
      case "leading":
        if (this.isLeader) return;
        this.#show(message.connection);
        if (message.at) this.#stream.head(message.at);
        break;
      case "frame":
        if ("position" in message.frame) this.#stream.accept(message.frame);
        else this.events.ephemeral(message.frame);
        return;
    }
    this.events.tab(message, from);
  }

  #show(connection: Status): void {
    const now = this.store.state.connection;
    const { status, retryAt, closeCode } = connection;
    if (!this.#isRunning || (now.status === status && now.retryAt === retryAt && now.closeCode === closeCode)) return;
    this.store.dispatch({ type: "connection", connection });
    if (this.isLeader) this.#lead();
    this.events.status();
  }
}
