// The client's end of a WebSocket to the fake service, and what the service does with one.
import type { DurableFrame } from "../../wire";

/** How long the service is silent at most, and how long a client may be. */
const HEARTBEAT = 25_000;
const IDLE = 75_000;

/** What a socket needs of its service. */
export interface SocketService {
  readonly epoch: string;
  readonly isDown: boolean;
  readonly hasWebSocket: boolean;
  readonly isMute: boolean;
  readonly forgotten: number;
  readonly replayMost: number;
  readonly asked: string[];
  readonly sockets: FakeSocket[];
  userOf(token: string): string | null;
  position(user: string): number;
  frames(user: string, since: number): DurableFrame[];
  perform(user: string, op: string, fields: Record<string, unknown>): Promise<object>;
}

interface Frame {
  id?: number;
  op: string;
  [field: string]: unknown;
}

export class FakeSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** Whose session this is, from hello to the end. */
  user: string | null = null;
  /** What the client has sent, in order. */
  readonly said: Frame[] = [];
  readonly rooms = new Set<string>();
  /** Nothing comes through any more, in either direction, and nobody is told. */
  isDead = false;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly service: SocketService) {
    service.sockets.push(this);
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      if (service.isDown || !service.hasWebSocket) {
        // As some Node clients do: an error that nobody listens to is thrown.
        if (!this.onerror) throw new Error("unexpected answer to the upgrade");
        this.onerror();
        this.end(1006);
        return;
      }
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(text: string): void {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    const frame = JSON.parse(text) as Frame;
    this.said.push(frame);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.end(4202), IDLE);
    this.service.asked.push(frame.op);
    if (!this.isDead && !this.service.isMute) queueMicrotask(() => void this.#answer(frame));
  }

  /** The client closes. */
  close(): void {
    this.#over();
  }

  /** The service sends a frame. */
  receive(frame: object | string): void {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.#beatLater();
    queueMicrotask(() => {
      if (this.readyState === 1 && !this.isDead) this.onmessage?.({ data });
    });
  }

  /** The service ends the connection, or it breaks. */
  end(code: number): void {
    if (this.readyState === 3) return;
    this.#over();
    queueMicrotask(() => this.onclose?.({ code }));
  }

  ops(op: string): Frame[] {
    return this.said.filter((frame) => frame.op === op);
  }

  /** The service says that it is there, whenever it has said nothing for a while. */
  #beatLater(): void {
    clearTimeout(this.#beat);
    const { user } = this;
    if (user === null) return;
    const data = (): object => ({ position: this.service.position(user) });
    this.#beat = setTimeout(() => this.receive({ event: "heartbeat", data: data() }), HEARTBEAT);
  }

  #over(): void {
    this.readyState = 3;
    this.user = null;
    clearTimeout(this.#beat);
    clearTimeout(this.#idle);
  }

  async #answer({ id, op, ...fields }: Frame): Promise<void> {
    if (op === "hello") {
      this.#greet(id, fields as { token: string; since?: { epoch: string; position: number } });
      return;
    }
    const { user } = this;
    if (user === null) return;
    const answer = await this.service.perform(user, op, fields);
    const isRefused = "code" in answer;
    if (op === "room.join" && !isRefused) this.rooms.add(String(fields.conversationId));
    if (op === "room.leave") this.rooms.delete(String(fields.conversationId));
    if (id !== undefined) this.receive({ reply: id, ...(isRefused ? { error: answer } : { ok: answer }) });
  }

  #greet(id: number | undefined, { token, since }: { token: string; since?: { epoch: string; position: number } }): void {
    const user = this.service.userOf(token);
    if (user === null) {
      this.receive({ event: "bye", data: { code: 4010, reconnect: false, reason: "bad token" } });
      queueMicrotask(() => this.end(4010));
      return;
    }
    const { epoch, forgotten, replayMost } = this.service;
    const head = this.service.position(user);
    const from = since?.epoch === epoch && since.position <= head ? since.position : -1;
    const resumed = from >= forgotten && head - from <= replayMost;
    this.user = user;
    this.receive({
      reply: id,
      ok: {
        sessionId: "session", user: { id: user, displayName: user.toUpperCase() }, epoch, position: head, resumed,
        heartbeatMs: HEARTBEAT, tokenExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        limits: { rooms: 20, editWindowMs: 600_000 },
      },
    });
    if (resumed) for (const frame of this.service.frames(user, from)) this.receive(frame);
    this.receive({ event: "live", data: { position: head } });
  }
}
