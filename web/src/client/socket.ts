// The WebSocket: opened, kept alive, opened again when it ends. What the frames mean is not its business.
import type { ClientFrame, DurableFrame, EphemeralFrame, Problem, Welcome } from "../wire";
import { Backoff, HEALTHY } from "./backoff";
import { isSignedOut, MessagingError } from "./error";
import type { Tokens } from "./tokens";

/** How long a handshake, a hello or an op may take, in milliseconds. */
const DEADLINE = 10_000;

/** How long after the last heartbeat was due the connection counts as lost. */
const SLACK = 10_000;

/** How long the answer to a probe may take. */
const PROBE_DEADLINE = 5_000;

/** How the socket stands. */
export type Phase =
  | { name: "connecting" }
  | { name: "open"; welcome: Welcome }
  | { name: "closed"; retryAt: number; failures: number; closeCode?: number }
  | { name: "stopped"; closeCode: number }
  | { name: "signed-out" };

export interface SocketEvents {
  phase(phase: Phase): void;
  frame(frame: DurableFrame | EphemeralFrame): void;
}

type Ops = { [F in ClientFrame as F["op"]]: Omit<F, "op" | "id"> };

interface Reply {
  resolve(ok: unknown): void;
  reject(error: MessagingError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** One connection after the other, for one person. */
export class Socket {
  #socket: WebSocket | null = null;
  #replies = new Map<number, Reply>();
  #lastId = 0;
  #backoff = new Backoff();
  #token = "";
  #running = false;
  #isStopped = false;
  #isOpen = false;
  #openedAt = 0;
  #refusedOnce = false;
  #heartbeatMs = 25_000;
  #bye: { code: number; afterMs?: number } | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly tokens: Tokens,
    private readonly WebSocket: typeof globalThis.WebSocket,
    private readonly since: () => { epoch: string; position: number } | undefined,
    private readonly events: SocketEvents,
  ) {}

  get isOpen(): boolean {
    return this.#isOpen;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.reconnect();
  }

  /** Connects now instead of later, also after the service said not to. */
  reconnect(): void {
    this.#isStopped = false;
    this.probe();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Sees whether the service is still there; connects at once where it would have later. */
  probe(): void {
    if (this.#isOpen) {
      this.request("ping", {}, PROBE_DEADLINE).catch(() => this.#lose());
    } else if (this.#running && !this.#isStopped && !this.#socket) {
      clearTimeout(this.#retry);
      void this.#connect();
    }
  }

  /** The machine has no network: waits for the probe that comes when it has. */
  lose(): void {
    if (this.#running && this.#socket) this.#lose();
  }

  /** Sends an op and gives its answer. Rejects with a `MessagingError`: `network` when none came. */
  request<O extends keyof Ops>(op: O, fields: Ops[O], deadline = DEADLINE): Promise<unknown> {
    return new Promise((resolve, reject) => this.#ask(op, fields, deadline, resolve, reject));
  }

  /** Sends an op that nobody waits for; dropped when there is no connection. */
  post<O extends keyof Ops>(op: O, fields: Ops[O]): void {
    if (this.#isOpen) this.#send({ op, ...fields });
  }

  async #connect(): Promise<void> {
    this.events.phase({ name: "connecting" });
    let socket: WebSocket;
    try {
      const token = await this.tokens.current();
      if (!this.#running || this.#socket) return;
      this.#token = token;
      const { WebSocket } = this;
      socket = new WebSocket(this.url, "messaging.v1");
    } catch (error) {
      this.#failToConnect(MessagingError.from(error));
      return;
    }
    this.#socket = socket;
    this.#bye = null;
    this.#listenFor(DEADLINE);
    socket.onopen = () => this.#greet();
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(String(event.data));
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    };
  }

  #failToConnect(error: MessagingError): void {
    if (!this.#running) return;
    if (isSignedOut(error)) {
      this.#drop();
      this.events.phase({ name: "signed-out" });
    } else {
      this.#reconnectIn(this.#backoff.next());
    }
  }

  #greet(): void {
    const since = this.since();
    const hello = { token: this.#token, ...(since && { since }) };
    // Not a promise: the frames that come with the answer must find the session open. When there is none,
    // the close that follows says what to do.
    this.#ask("hello", hello, DEADLINE, (welcome) => this.#opened(welcome as Welcome), () => this.#lose());
  }

  #opened(welcome: Welcome): void {
    this.#isOpen = true;
    this.#refusedOnce = false;
    this.#openedAt = Date.now();
    this.#heartbeatMs = welcome.heartbeatMs;
    this.#listenFor(this.#heartbeatMs + SLACK);
    this.events.phase({ name: "open", welcome });
  }

  #ask<O extends keyof Ops>(
    op: O,
    fields: Ops[O],
    deadline: number,
    resolve: Reply["resolve"],
    reject: Reply["reject"],
  ): void {
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#replies.delete(id);
      reject(MessagingError.network(`${op}: no answer`));
    }, deadline);
    this.#replies.set(id, { resolve, reject, timer });
    this.#send({ id, op, ...fields });
  }

  #receive(text: string): void {
    this.#listenFor(this.#isOpen ? this.#heartbeatMs + SLACK : DEADLINE);
    const frame = JSON.parse(text) as { reply?: number; ok?: unknown; error?: Problem; event?: string };
    if (frame.event === undefined) {
      this.#answer(frame);
      return;
    }
    const event = frame as DurableFrame | EphemeralFrame;
    if (event.event === "bye") {
      this.#bye = { code: event.data.code, ...(event.data.afterMs && { afterMs: event.data.afterMs }) };
      // Whoever was sent away does not wait for a close frame, which may get lost.
      this.#listenFor(1_000);
    } else if (event.event === "heartbeat") {
      this.post("ping", {});
      this.events.frame(event);
    } else if (event.event === "token.expiring") {
      void this.#refreshToken();
    } else {
      this.events.frame(event);
    }
  }

  #answer({ reply, ok, error }: { reply?: number; ok?: unknown; error?: Problem }): void {
    const waiting = this.#replies.get(reply ?? 0);
    if (!waiting) return;
    this.#replies.delete(reply ?? 0);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(MessagingError.of(error));
    else waiting.resolve(ok);
  }

  async #refreshToken(): Promise<void> {
    try {
      const token = await this.tokens.fresh();
      await this.request("token.refresh", { token });
      this.#token = token;
    } catch {
      // The session goes on until its token ends; the next one begins with a token of its own.
    }
  }

  #send(frame: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  /** Gives the connection up unless something comes within so many milliseconds. */
  #listenFor(milliseconds: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), milliseconds);
  }

  #lose(): void {
    if (this.#socket) this.#closed(1006);
  }

  /** What comes next is in the code: https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/ */
  #closed(closeCode: number): void {
    const code = this.#bye && closeCode === 1006 ? this.#bye.code : closeCode;
    const afterMs = this.#bye?.afterMs;
    const wasOpen = this.#isOpen;
    const wasHealthy = wasOpen && Date.now() - this.#openedAt > HEALTHY;
    this.#drop();
    if (!this.#running) return;
    if (wasHealthy) this.#backoff.reset();
    const isRefused = code === 4010 || code === 4011;
    if (isRefused || code === 4110) this.tokens.refuse(this.#token);
    if (isRefused && !this.#refusedOnce) {
      this.#refusedOnce = true;
      void this.#connect();
    } else if (isRefused) {
      this.events.phase({ name: "signed-out" });
    } else if (code >= 4000 && code < 4100) {
      this.#isStopped = true;
      this.events.phase({ name: "stopped", closeCode: code });
    } else if (code >= 4200 && code < 4300 && wasHealthy) {
      this.#reconnectIn(0, code);
    } else {
      this.#reconnectIn(afterMs ?? this.#backoff.next(), code);
    }
  }

  #reconnectIn(milliseconds: number, closeCode?: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), milliseconds);
    this.events.phase({
      name: "closed",
      retryAt: Date.now() + milliseconds,
      failures: this.#backoff.failures,
      ...(closeCode !== undefined && { closeCode }),
    });
  }

  #drop(): void {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      // An error of a socket that nobody listens to would be reported as unhandled by some Node clients.
      socket.onerror = () => {};
      socket.close();
    }
    for (const reply of this.#replies.values()) {
      clearTimeout(reply.timer);
      reply.reject(MessagingError.network("the connection was lost"));
    }
    this.#replies.clear();
  }
}
