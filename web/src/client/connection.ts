// Which way news comes: over a socket of this tab's own, by polling where no socket can be had, or from the
// tab that leads. One status of all that.
import type { DurableFrame, EphemeralFrame, Message, Welcome } from "../wire";
import { Backoff } from "./backoff";
import { isSignedOut, MessagingError } from "./error";
import type { Http } from "./http";
import { Socket, type Phase } from "./socket";
import type { Store } from "./store";
import { Stream } from "./stream";
import { Tabs, type TabMessage } from "./tabs";
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
  /** The status has changed; this tab sends if it leads. */
  status(status: Status, isLeader: boolean): void;
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
  #joining: Promise<void> | null = null;
  #isLoaded = false;
  #isRunning = false;
  #isToldLive = false;
  #polling: { timer?: ReturnType<typeof setTimeout> } | null = null;
  #session = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #backoff = new Backoff();

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
      snapshot: (inbox) => store.dispatch({ type: "snapshot", inbox }),
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
    this.#isRunning = false;
    clearTimeout(this.#retry);
    this.#stopPolling();
    this.#session += 1;
    this.socket.stop();
    this.#stream.stop();
    this.tabs.leave();
    this.isLeader = false;
    this.#isLoaded = false;
    this.#joining = null;
  }

  /** Sees whether all is well; tries at once what would be tried later. */
  probe(): void {
    if (!this.#isRunning) return;
    if (!this.#isLoaded) void this.#load();
    else if (this.isLeader) this.socket.probe();
    this.tabs.probe();
  }

  /** The same, also after the service said not to come back. */
  reconnect(): void {
    if (!this.#isRunning) return;
    if (!this.#isLoaded) void this.#load();
    else if (this.isLeader) this.socket.reconnect();
    else this.tabs.post({ type: "reconnect" });
  }

  /** The machine says that it has no network. */
  lose(): void {
    if (!this.isLeader) return;
    this.#stopPolling();
    this.socket.lose();
  }

  /** Something was done over HTTP: what comes of it is fetched where it does not come by itself. */
  acted(): void {
    if (this.store.state.connection.status !== "live") void this.#stream.catchUp().catch(() => {});
  }

  stored(message: Message): void {
    this.tabs.post({ type: "stored", message });
  }

  /** Takes the first snapshot, however long it takes. */
  async #load(): Promise<void> {
    clearTimeout(this.#retry);
    const session = ++this.#session;
    try {
      await (this.#joining ??= this.#join());
      await this.#stream.catchUp();
    } catch (thrown) {
      if (session !== this.#session) return;
      const error = MessagingError.from(thrown);
      if (isSignedOut(error)) {
        this.#show({ status: "signed-out" });
      } else {
        const wait = Math.max(error.retryAfterMs ?? 0, this.#backoff.next());
        this.#retry = setTimeout(() => void this.#load(), wait);
        this.#show({ status: "offline", retryAt: Date.now() + wait });
      }
      return;
    }
    if (session !== this.#session) return;
    this.#backoff.reset();
    this.#isLoaded = true;
    if (this.isLeader) this.socket.start();
    else this.tabs.post({ type: "hello" });
  }

  async #join(): Promise<void> {
    try {
      const name = await this.events.identify();
      if (this.#isRunning) this.tabs.join(name);
    } catch (error) {
      this.#joining = null;
      throw error;
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
      this.#reached(frame.data.position);
      if (frame.event === "live") {
        this.#isToldLive = true;
        this.#caughtUp();
      }
    } else {
      this.tabs.post({ type: "frame", frame });
      this.events.ephemeral(frame);
    }
  }

  #reached(position: number): void {
    const { at } = this.#stream;
    if (!at) return;
    this.#stream.head({ epoch: at.epoch, position });
    this.tabs.post({ type: "head", at: { epoch: at.epoch, position } });
  }

  #phase(phase: Phase): void {
    if (phase.name !== "connecting") this.#session += 1;
    this.#isToldLive = false;
    switch (phase.name) {
      case "connecting":
        if (this.#polling) return;
        this.#show({ status: this.store.state.connection.status === "offline" ? "offline" : "connecting" });
        return;
      case "open":
        this.#stopPolling();
        this.#show({ status: "catching-up" });
        if (!phase.welcome.resumed) void this.#restart();
        this.events.welcome(phase.welcome);
        return;
      case "closed": {
        const { retryAt, failures, closeCode } = phase;
        const closed = { retryAt, ...(closeCode !== undefined && { closeCode }) };
        if (this.#polling) return;
        if (globalThis.navigator?.onLine === false) this.#show({ status: "offline", ...closed });
        else if (failures < POLL_AFTER) this.#show({ status: "connecting", ...closed });
        else void this.#poll(closed);
        return;
      }
      case "stopped":
        this.#stopPolling();
        this.#show({ status: "stopped", closeCode: phase.closeCode });
        return;
      case "signed-out":
        this.#stopPolling();
        this.#show({ status: "signed-out" });
    }
  }

  /** What was missed is too much to be told again: everything is taken anew, as long as this session lasts. */
  async #restart(): Promise<void> {
    const session = this.#session;
    try {
      await this.#stream.restart();
      if (session === this.#session) this.#caughtUp();
    } catch {
      this.#retry = setTimeout(() => {
        if (session === this.#session) void this.#restart();
      }, this.#backoff.next());
    }
  }

  /** All is here once the service has said so and the snapshot, where one was due, is there. */
  #caughtUp(): void {
    if (this.#isToldLive && this.socket.isOpen && this.#stream.at) this.#show({ status: "live" });
  }

  async #poll(closed: { retryAt: number; closeCode?: number }): Promise<void> {
    const polling = (this.#polling = {} as { timer?: ReturnType<typeof setTimeout> });
    try {
      await this.#stream.catchUp();
    } catch (thrown) {
      if (this.#polling !== polling) return;
      this.#polling = null;
      this.#show(isSignedOut(MessagingError.from(thrown)) ? { status: "signed-out" } : { status: "offline", ...closed });
      return;
    }
    if (this.#polling !== polling) return;
    this.#show({ status: "polling" });
    const isHidden = globalThis.document?.visibilityState === "hidden";
    polling.timer = setTimeout(() => void this.#poll({ retryAt: 0 }), isHidden ? POLL_HIDDEN : POLL);
  }

  #stopPolling(): void {
    clearTimeout(this.#polling?.timer);
    this.#polling = null;
  }

  #role(isLeader: boolean): void {
    this.isLeader = isLeader;
    if (isLeader) {
      this.tabs.post({ type: "leading", connection: this.store.state.connection, at: this.#stream.at });
      if (this.#isLoaded) this.socket.start();
    } else {
      this.#stopPolling();
      this.socket.stop();
      this.tabs.post({ type: "hello" });
    }
    this.events.role(isLeader);
  }

  #hear(message: TabMessage, from: string): void {
    switch (message.type) {
      case "hello":
        if (this.isLeader) {
          this.tabs.post({ type: "leading", connection: this.store.state.connection, at: this.#stream.at });
        }
        break;
      case "reconnect":
        if (this.isLeader) this.socket.reconnect();
        return;
      case "leading":
      case "connection":
        if (this.isLeader) return;
        this.#follow(message.connection);
        if (message.type === "leading" && message.at) this.#stream.head(message.at);
        break;
      case "head":
        this.#stream.head(message.at);
        return;
      case "frame":
        if ("position" in message.frame) this.#stream.accept(message.frame);
        else this.events.ephemeral(message.frame);
        return;
    }
    this.events.tab(message, from);
  }

  /** A tab that hears from another is as live as that one, once it has a snapshot of its own. */
  #follow(connection: Status): void {
    if (this.#isLoaded || connection.status === "signed-out") this.#show(connection);
  }

  #show(status: Status): void {
    if (!this.#isRunning) return;
    this.store.dispatch({ type: "connection", connection: status });
    if (this.isLeader) this.tabs.post({ type: "connection", connection: status });
    this.events.status(status, this.isLeader);
  }
}
