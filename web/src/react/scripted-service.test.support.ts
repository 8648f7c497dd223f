// A messaging service of a few lines for component tests: it answers, stores and tells like the real one.
import type { ClientOptions } from "../client/types";
import type { Conversation, Message, Problem, User } from "../wire";

type Frame = Record<string, unknown> & { id?: number; op: string };
type Refusal = Pick<Problem, "code" | "status">;

const epoch = "0197a000-0000-7000-8000-000000000000";
const began = Date.parse("2026-03-02T09:00:00.000Z");

export const me: User = { id: "camille", displayName: "Camille Laurent" };
export const ines: User = { id: "ines", displayName: "Inès Moreau" };

/** An access token that says whose it is; only the service would look at the rest. */
export function tokenOf(user: User, serial = 0): string {
  return `header.${btoa(JSON.stringify({ sub: user.id, serial }))}.signature`;
}

export class ScriptedService {
  readonly conversations = new Map<string, Conversation>();
  readonly messages = new Map<string, Message[]>();
  readonly sockets = new Set<ScriptedSocket>();
  /** What was asked for, as "METHOD /path" or "op name". */
  readonly asked: string[] = [];
  /** Refuses what is asked for like this until it is taken out. */
  readonly refusals = new Map<string, Refusal>();
  /** Gives no answer at all. */
  isDown = false;
  /** How many sockets were ever opened. */
  opened = 0;
  #position = 0;
  #lastId = 0;

  /** What a client or a provider is given to talk to this service. */
  readonly options: ClientOptions = {
    url: "http://service.test",
    getToken: () => tokenOf(me),
    shareConnection: false,
    persist: false,
    fetch: (input, init) => this.#fetch(String(input), init),
    WebSocket: this.#socketClass(),
  };

  /** A conversation with somebody, and what was said: by them, unless a text begins with "me: ". */
  converse(counterpart: User, texts: string[], more: Partial<Conversation> = {}): Conversation {
    const id = `0197a000-0000-7000-8000-${String(++this.#lastId).padStart(12, "0")}`;
    const at = new Date(began + this.#lastId * 3_600_000).toISOString();
    const conversation: Conversation = {
      id, counterpart, product: null, role: "seller", lastSeq: 0, lastMessage: null, lastActivityAt: at, createdAt: at,
      readSeq: 0, deliveredSeq: 0, counterpartReadSeq: 0, counterpartDeliveredSeq: 0,
      unreadCount: 0, archived: false, muted: false, blocked: "none", ...more,
    };
    this.conversations.set(id, conversation);
    this.messages.set(id, []);
    for (const text of texts) {
      if (text.startsWith("me: ")) this.#store(id, me.id, text.slice(4));
      else this.#store(id, counterpart.id, text);
    }
    return this.conversation(id);
  }

  conversation(id: string): Conversation {
    const conversation = this.conversations.get(id);
    if (!conversation) throw new Error(`no conversation ${id}`);
    return conversation;
  }

  /** The counterpart writes. */
  write(id: string, text: string): Message {
    const message = this.#store(id, this.conversation(id).counterpart.id, text);
    this.#tell("message.created", { message }, id);
    return message;
  }

  change(id: string, changes: Partial<Conversation>): void {
    this.conversations.set(id, { ...this.conversation(id), ...changes });
    this.#tell("conversation.updated", { conversation: this.conversation(id) }, id);
  }

  tellTyping(id: string, active: boolean): void {
    const data = { conversationId: id, userId: this.conversation(id).counterpart.id, active, expiresInMs: 7_000 };
    for (const socket of this.sockets) socket.receive({ event: "typing", data });
  }

  /** Ends every connection, for a reason. */
  close(code: number): void {
    for (const socket of [...this.sockets]) socket.end(code);
  }

  answer(socket: ScriptedSocket, { id, op, ...fields }: Frame): void {
    this.asked.push(`op ${op}`);
    const refusal = this.refusals.get(`op ${op}`);
    if (refusal) {
      socket.receive({ reply: id, error: problem(refusal) });
      return;
    }
    const ok = this.#ok(op, fields);
    if (id !== undefined) socket.receive({ reply: id, ok });
    if (op === "hello") socket.receive({ event: "live", data: { position: this.#position } });
  }

  #ok(op: string, fields: Record<string, unknown>): unknown {
    const id = String(fields.conversationId ?? "");
    switch (op) {
      case "hello":
        return {
          sessionId: "s", user: me, epoch, position: this.#position, resumed: false, reason: "new", heartbeatMs: 25_000,
          tokenExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
          limits: { rooms: 20, editWindowMs: 900_000, sendEveryMs: 0, sendsBurst: 100 },
        };
      case "message.send": {
        const { text } = fields.content as { text: string };
        const message = this.#store(id, me.id, text, String(fields.clientId));
        this.#tell("message.created", { message }, id);
        return { message, duplicate: false };
      }
      case "room.join":
        return { presence: { userId: this.conversations.get(id)?.counterpart.id, online: true } };
      default:
        return {};
    }
  }

  async #fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const { pathname, searchParams } = new URL(address);
    const method = init.method ?? "GET";
    const path = pathname.replace("/api/messages", "");
    this.asked.push(`${method} ${path}`);
    if (this.isDown) throw new TypeError("no network");
    const refusal = this.refusals.get(`${method} ${path}`);
    if (refusal) return Response.json(problem(refusal), { status: refusal.status });
    return Response.json(this.#answerHttp(method, path, searchParams, init.body));
  }

  #answerHttp(method: string, path: string, query: URLSearchParams, body: BodyInit | null | undefined): unknown {
    const fields = typeof body === "string" ? (JSON.parse(body) as Record<string, unknown>) : {};
    if (path === "/api/auth/me") return me;
    const [, first = "", id = "", part = "", seq = ""] = path.split("/");
    if (first === "search") return { items: this.#find(query.get("q") ?? "") };
    if (part === "read") return this.#read(id, Number(fields.seq));
    if (id && seq) return this.#revise(id, Number(seq), method === "DELETE" ? null : fields);
    if (id && method === "PATCH") {
      this.change(id, Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, k === "blocked" ? (v ? "byMe" : "none") : v])));
      return this.conversation(id);
    }
    if (id) return this.#page(id, query);
    if (method === "POST") return { conversation: this.converse({ id: String(fields.sellerId), displayName: "Oliver" }, []) };
    const archived = query.get("archived") === "true";
    const q = (query.get("q") ?? "").toLowerCase();
    const items = [...this.conversations.values()]
      .filter((one) => one.archived === archived && one.counterpart.displayName.toLowerCase().includes(q))
      .reverse();
    return { items, unreadTotal: this.#unreadTotal(), epoch, position: this.#position };
  }

  #page(id: string, query: URLSearchParams): unknown {
    const all = this.messages.get(id) ?? [];
    const around = Number(query.get("aroundSeq"));
    const before = Number(query.get("beforeSeq")) || Infinity;
    const after = Number(query.get("afterSeq"));
    const limit = 50;
    const items = around
      ? all.filter(({ seq }) => Math.abs(seq - around) < limit / 2)
      : query.has("afterSeq")
        ? all.filter(({ seq }) => seq > after).slice(0, limit)
        : all.filter(({ seq }) => seq < before).slice(-limit);
    return {
      conversation: this.conversation(id),
      items,
      hasBefore: (items[0]?.seq ?? 1) > 1,
      hasAfter: (items.at(-1)?.seq ?? all.length) < all.length,
    };
  }

  #read(id: string, readSeq: number): unknown {
    this.conversations.set(id, { ...this.conversation(id), readSeq, unreadCount: 0 });
    this.#tell("cursor.moved", { conversationId: id, userId: me.id, readSeq, deliveredSeq: readSeq }, id);
    return { readSeq, unreadCount: 0, unreadTotal: this.#unreadTotal() };
  }

  #find(q: string): unknown[] {
    return [...this.messages.values()].flat().flatMap((message) => {
      const text = message.content.kind === "text" ? message.content.text : "";
      const at = [...text.toLowerCase()].join("").indexOf(q.toLowerCase());
      if (at < 0) return [];
      const start = [...text.slice(0, at)].length;
      return [{ message, conversation: this.conversation(message.conversationId), highlights: [[start, start + [...q].length]] }];
    });
  }

  #revise(id: string, seq: number, fields: Record<string, unknown> | null): Message {
    const messages = this.messages.get(id) ?? [];
    const old = messages[seq - 1];
    if (!old) throw new Error(`no message ${seq}`);
    const now = new Date(Date.parse(old.createdAt) + 1_000).toISOString();
    const message: Message = fields
      ? { ...old, revision: old.revision + 1, editedAt: now, content: fields.content as Message["content"] }
      : { ...old, revision: old.revision + 1, deletedAt: now, content: { kind: "deleted" } };
    messages[seq - 1] = message;
    this.#tell("message.updated", { message }, id);
    return message;
  }

  #store(id: string, senderId: string, text: string, clientId: string = crypto.randomUUID()): Message {
    const conversation = this.conversation(id);
    const seq = conversation.lastSeq + 1;
    const createdAt = new Date(Date.parse(conversation.createdAt) + seq * 1_000).toISOString();
    const message: Message = {
      conversationId: id, seq, revision: 1, clientId, senderId, content: { kind: "text", text }, createdAt, status: "sent",
    };
    this.messages.get(id)?.push(message);
    const isUnread = senderId !== me.id && seq > conversation.readSeq;
    this.conversations.set(id, {
      ...conversation, lastSeq: seq, lastMessage: message, lastActivityAt: createdAt,
      unreadCount: conversation.unreadCount + Number(isUnread),
    });
    return message;
  }

  #tell(event: string, data: object, id: string): void {
    const unread = { count: this.conversation(id).unreadCount, total: this.#unreadTotal() };
    const frame = { event, position: ++this.#position, data, unread };
    for (const socket of this.sockets) socket.receive(frame);
  }

  #unreadTotal(): number {
    return [...this.conversations.values()]
      .filter(({ archived, muted }) => !archived && !muted)
      .reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  }

  #socketClass(): typeof WebSocket {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the class below has a `this` of its own.
    const service = this;
    class Socket extends ScriptedSocket {
      constructor() {
        super(service);
      }
    }
    return Socket as unknown as typeof WebSocket;
  }
}

/** The browser's end of a connection. */
export class ScriptedSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(private readonly service: ScriptedService) {
    service.opened++;
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      if (service.isDown) {
        this.end(1006);
        return;
      }
      this.readyState = 1;
      service.sockets.add(this);
      this.onopen?.();
    });
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    queueMicrotask(() => this.service.answer(this, frame));
  }

  receive(frame: object): void {
    queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  close(): void {
    this.end(1000);
  }

  end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.service.sockets.delete(this);
    queueMicrotask(() => this.onclose?.({ code }));
  }
}

function problem({ code, status }: Refusal): Problem {
  return { type: `/docs#problem-${code}`, title: code, status, code, detail: code };
}
