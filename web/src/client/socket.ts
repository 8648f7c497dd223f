// The WebSocket: opened, kept alive, opened again when it ends. What the frames mean is not its business.
import type { ClientFrame, DurableFrame, EphemeralFrame, Problem, Welcome } from "../wire";
import { Backoff, HEALTHY } from "./backoff";
import { isSignedOut, MessagingError } from "./error";
import { Timer } from "./timer";
import type { Tokens } from "./tokens";

/** How long a handshake, a hello or an op may take, in milliseconds. */
const DEADLINE = 10_000;

/** How long after the last heartbeat was due the connection counts as lost. */
const SLACK = 10_000;

/** How long the answer to a probe may take. */
const PROBE_DEADLINE = 5_000;

/** A token with less than this left when it is said to end is one that lives no longer: it has its time first. */
const NOTICE = 55_000;

/** How long the close frame may take that follows a `bye`. */
const FAREWELL = 1_000;

/** How the socket stands. */
export type Phase =
  | { name: "connecting" }
  | { name: "open"; welcome: Welcome }
  | { name: "closed"; retryAt: number; failures: number; closeCode?: number }
  | { name: "stopped" | "signed-out"; closeCode?: number };

export interface SocketEvents {
  phase(phase: Phase): void;
  frame(frame: DurableFrame | EphemeralFrame): void;
}

type Bye = Extract<EphemeralFrame, { event: "bye" }>;
type Ops = { [F in ClientFrame as F["op"]]: Omit<F, "op" | "id"> };

interface Reply {
  reply: number;
  ok?: unknown;
  error?: Problem;
}

interface Waiting {
  resolve(ok: unknown): void;
  reject(error: MessagingError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** One connection after the other, for one person. */
export class Socket {
  #socket: WebSocket | null = null;
  /** The attempt to connect that counts. */
  #attempt: object | null = null;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #backoff = new Backoff();
  #token = "";
  #running = false;
  #isStopped = false;
  #isOpen = false;
  #openedAt = 0;
  #refusedOnce = false;
  #saidAt = 0;
  #heartbeatMs = 25_000;
  #bye: Bye["data"] | null = null;
  #retry = new Timer();
  #silence = new Timer();
  #refresh = new Timer();

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
    this.allow();
    this.probe();
  }

  /** Forgets that the service said not to come back. */
  allow(): void {
    this.#isStopped = false;
  }

  stop(): void {
    this.#running = false;
    this.#token = "";
    this.#drop();
  }

  /** Sees whether the service is still there; connects at once where it would have later. */
  probe(): void {
    if (this.#isOpen) {
      this.request("ping", {}, PROBE_DEADLINE).catch(() => this.#lose());
    } else if (this.#running && !this.#isStopped && !this.#socket) {
      void this.#connect();
    }
  }

  /** The machine has no network: whatever the connection looks like, it is lost. */
  lose(): void {
    if (this.#socket || this.#retry.isSet) this.#closed(1006);
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
    this.#retry.clear();
    const attempt = (this.#attempt = {});
    this.events.phase({ name: "connecting" });
    let socket: WebSocket;
    try {
      // The page is asked before each connection; for the first one it has just been.
      const token = await (this.#token ? this.tokens.fresh() : this.tokens.current());
      if (this.#attempt !== attempt) return;
      this.#token = token;
      const { WebSocket } = this;
      socket = new WebSocket(this.url, "messaging.v1");
    } catch (thrown) {
      if (this.#attempt !== attempt) return;
      if (isSignedOut(MessagingError.from(thrown))) this.events.phase({ name: "signed-out" });
      else this.#reconnectIn(this.#backoff.next());
      return;
    }
    this.#socket = socket;
    this.#listenFor(DEADLINE);
    // The close that follows says all; some Node clients report an error that nobody listens to as uncaught.
    socket.onerror = () => {};
    socket.onopen = () => this.#greet();
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
  }

  #greet(): void {
    const hello = { token: this.#token, since: this.since() };
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
    resolve: Waiting["resolve"],
    reject: Waiting["reject"],
  ): void {
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(MessagingError.network(`${op}: no answer`));
    }, deadline);
    this.#waiting.set(id, { resolve, reject, timer });
    this.#send({ id, op, ...fields });
  }

  #receive(data: unknown): void {
    if (!this.#bye) this.#listenFor(this.#isOpen ? this.#heartbeatMs + SLACK : DEADLINE);
    try {
      this.#take(JSON.parse(String(data)) as Reply | DurableFrame | EphemeralFrame);
    } catch {
      // What cannot be understood may have been something that mattered: it is asked for again.
      this.#lose();
    }
    // The service tells its heartbeat only when it has nothing else to tell, but wants to hear something.
    if (Date.now() - this.#saidAt >= this.#heartbeatMs) this.post("ping", {});
  }

  #take(frame: Reply | DurableFrame | EphemeralFrame): void {
    if (!("event" in frame)) {
      this.#answer(frame);
    } else if (frame.event === "bye") {
      this.#bye = frame.data;
      // Whoever was sent away does not wait for a close frame, which may get lost.
      this.#listenFor(FAREWELL);
    } else if (frame.event === "token.expiring") {
      const { inMs } = frame.data;
      this.#refresh.set(inMs < NOTICE ? inMs / 2 : 0, () => void this.#refreshToken());
    } else {
      this.events.frame(frame);
    }
  }

  #answer({ reply, ok, error }: Reply): void {
    const waiting = this.#waiting.get(reply);
    if (!waiting) return;
    this.#waiting.delete(reply);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(new MessagingError(error));
    else waiting.resolve(ok);
  }

  async #refreshToken(): Promise<void> {
    try {
      const token = await this.tokens.fresh(true);
      // The service would say at once that this one is about to end.
      if (token === this.#token) return;
      await this.request("token.refresh", { token });
      this.#token = token;
    } catch {
      // The session goes on until its token ends; the next one begins with a token of its own.
    }
  }

  #send(frame: object): void {
    if (this.#socket?.readyState !== 1) return;
    this.#saidAt = Date.now();
    this.#socket.send(JSON.stringify(frame));
  }

  /** Gives the connection up unless something comes within so many milliseconds. */
  #listenFor(milliseconds: number): void {
    this.#silence.set(milliseconds, () => this.#lose());
  }

  #lose(): void {
    if (this.#socket) this.#closed(1006);
  }

  /** What comes next is in the code: https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/ */
  #closed(closeCode: number): void {
    const bye = this.#bye;
    const code = bye && closeCode === 1006 ? bye.code : closeCode;
    const wasHealthy = this.#isOpen && Date.now() - this.#openedAt > HEALTHY;
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
      this.#reconnectIn(bye?.afterMs ?? this.#backoff.next(), code);
    }
  }

  #reconnectIn(milliseconds: number, closeCode?: number): void {
    this.#retry.set(milliseconds, () => void this.#connect());
    const { failures } = this.#backoff;
    this.events.phase({ name: "closed", retryAt: Date.now() + milliseconds, failures, closeCode });
  }

  #drop(): void {
    for (const timer of [this.#retry, this.#silence, this.#refresh]) timer.clear();
    const socket = this.#socket;
    this.#socket = this.#attempt = this.#bye = null;
    this.#isOpen = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { timer, reject } of waiting) {
      clearTimeout(timer);
      reject(MessagingError.network("the connection was lost"));
    }
  }
}
