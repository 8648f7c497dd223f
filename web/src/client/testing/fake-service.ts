// A messaging service in memory, for tests: several people, the streams of their events, HTTP and sockets,
// and ways to make it slow, forgetful, broken or gone. It keeps to docs/protocol.md where the client relies on it.
import type { Conversation, DurableFrame, Inbox, Message, MessagePage, Missed, Problem, User } from "../../wire";
import { FakeSocket, type SocketService } from "./fake-socket";

type Cursor = { readSeq: number; deliveredSeq: number };
type Own = Cursor & { archived: boolean; muted: boolean; blocks: boolean };

interface Row {
  id: string;
  buyer: string;
  seller: string;
  createdAt: string;
  lastActivityAt: string;
  messages: Message[];
  own: Record<string, Own>;
}

/** What is told, as an object of now: a replay has it as it is then. */
interface Happening {
  event: string;
  row: Row;
  data: (user: string) => object;
}

export type Refusal = Pick<Problem, "code" | "status"> & Partial<Problem>;

/** An access token as the service makes them; a client looks at whom it is for and when it ends. */
export function tokenOf(sub: string, { seconds = 3_600, serial = 0 } = {}): string {
  const claims = { sub, serial, exp: Math.floor(Date.now() / 1_000) + seconds };
  return `header.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.signature`;
}

export class FakeService implements SocketService {
  epoch = "epoch-1";
  /** No connection of any kind comes to pass. */
  isDown = false;
  /** An upgrade to a WebSocket is answered 404, as by a service without, or by a proxy. */
  hasWebSocket = true;
  /** Sockets can be opened, and then nothing is answered. */
  isMute = false;
  /** Tokens that are refused whatever they say. */
  readonly revoked = new Set<string>();
  /** What was asked for over HTTP, as "METHOD /path?query", and over sockets, as "op". */
  readonly asked: string[] = [];
  /** Each socket that was ever asked for. */
  readonly sockets: FakeSocket[] = [];
  /** Events before this position are not in the log any more. */
  forgotten = 0;
  /** How many events a socket replays at most, and `/sync` tells at once. */
  replayMost = 1_000;
  syncMost = 500;
  readonly #rows = new Map<string, Row>();
  readonly #streams = new Map<string, Happening[]>();
  readonly #rules: { pattern: string; answer: () => Promise<Refusal | undefined> }[] = [];
  #lastId = 0;

  /** The client's end of a new socket. */
  get WebSocket(): typeof WebSocket {
    const make = (): FakeSocket => new FakeSocket(this);
    return function () {
      return make();
    } as unknown as typeof WebSocket;
  }

  /** The sockets that have said hello and are open. */
  get sessions(): FakeSocket[] {
    return this.sockets.filter((socket) => socket.user !== null);
  }

  times(what: string): number {
    return this.asked.filter((asked) => asked === what || asked.startsWith(`${what}?`)).length;
  }

  /** Refuses what begins like this until the returned function is called. */
  refuse(pattern: string, refusal: Refusal): () => void {
    return this.#rule(pattern, () => Promise.resolve(refusal));
  }

  /** Gives no answer to what begins like this: the connection ends. */
  cut(pattern: string): () => void {
    return this.#rule(pattern, () => Promise.reject(new TypeError("fetch failed")));
  }

  /** Holds back the answers to what begins like this; they are made when they are let go. */
  hold(pattern: string): () => void {
    let release = (): void => {};
    const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const end = this.#rule(pattern, () => released);
    return () => {
      end();
      release();
    };
  }

  /** Holds back answers that were made when they were asked for: what happens meanwhile is not in them. */
  delay(pattern: string): () => void {
    const release = this.hold(`late ${pattern}`);
    return release;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const { pathname, searchParams, search } = new URL(String(input));
    const method = init.method ?? "GET";
    const path = pathname.replace("/api", "");
    this.asked.push(`${method} ${path}${search}`);
    const answered = async (): Promise<Response> => {
      const refusal = this.isDown ? null : await this.#judge(`${method} ${path}${search}`);
      if (refusal === null) throw new TypeError("fetch failed");
      const user = this.userOf(new Headers(init.headers).get("Authorization")?.slice(7) ?? "");
      const answer = refusal
        ? problem(refusal)
        : user === null
          ? problem({ code: "unauthenticated", status: 401 })
          : this.#answer(user, method, path, searchParams, typeof init.body === "string" ? init.body : "{}");
      await this.#judge(`late ${method} ${path}${search}`);
      return answer;
    };
    const { signal } = init;
    const aborted = new Promise<never>((_, reject) => {
      if (signal?.aborted) reject(signal.reason as Error);
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
    return await Promise.race([answered(), aborted]);
  };

  /** Whom a token is for; null when it is refused. */
  userOf(token: string): string | null {
    if (this.revoked.has(token)) return null;
    try {
      const { sub, exp } = JSON.parse(atob(token.split(".")[1] ?? "")) as { sub: string; exp: number };
      return exp * 1_000 > Date.now() ? sub : null;
    } catch {
      return null;
    }
  }

  /** A conversation of two people; `texts` were said by turns, the seller first. */
  converse(buyer: string, seller: string, texts: string[] = []): string {
    const id = `0197a000-0000-7000-8000-${String(++this.#lastId).padStart(12, "0")}`;
    const now = this.#now();
    const own = (): Own => ({ readSeq: 0, deliveredSeq: 0, archived: false, muted: false, blocks: false });
    const row = { id, buyer, seller, createdAt: now, lastActivityAt: now, messages: [], own: { [buyer]: own(), [seller]: own() } };
    this.#rows.set(id, row);
    this.#happen("conversation.created", row, (user) => ({ conversation: this.view(id, user) }));
    texts.forEach((text, place) => this.write(id, place % 2 ? buyer : seller, text));
    return id;
  }

  view(id: string, user: string): Conversation {
    const row = this.#row(id);
    const other = user === row.buyer ? row.seller : row.buyer;
    const [own, theirs] = [this.#own(row, user), this.#own(row, other)];
    const { readSeq, deliveredSeq, archived, muted } = own;
    return {
      id, product: null, role: user === row.buyer ? "buyer" : "seller", counterpart: userNamed(other),
      lastSeq: row.messages.length, lastMessage: row.messages.at(-1) ?? null,
      lastActivityAt: row.lastActivityAt, createdAt: row.createdAt, readSeq, deliveredSeq,
      counterpartReadSeq: theirs.readSeq, counterpartDeliveredSeq: theirs.deliveredSeq,
      unreadCount: this.#unread(row, user), archived, muted,
      blocked: own.blocks ? "byMe" : theirs.blocks ? "byCounterpart" : "none",
    };
  }

  messages(id: string): readonly Message[] {
    return this.#row(id).messages;
  }

  /** Stores a message and tells of it, once for each `clientId`. */
  write(id: string, senderId: string, text: string, clientId: string = crypto.randomUUID()): Message {
    const row = this.#row(id);
    const known = row.messages.find((message) => message.clientId === clientId);
    if (known) return known;
    const createdAt = this.#now();
    const message: Message = {
      conversationId: id, seq: row.messages.length + 1, revision: 1, clientId, senderId,
      content: { kind: "text", text }, createdAt, status: "sent",
    };
    row.messages.push(message);
    row.lastActivityAt = createdAt;
    this.#tellMessage("message.created", row, message.seq);
    return message;
  }

  /** Edits a message, or deletes it. */
  revise(id: string, seq: number, text: string | null): Message {
    const row = this.#row(id);
    const old = row.messages[seq - 1];
    if (!old) throw new Error(`no message ${seq}`);
    const at = this.#now();
    const message: Message = text === null
      ? { ...old, revision: old.revision + 1, deletedAt: at, content: { kind: "deleted" } }
      : { ...old, revision: old.revision + 1, editedAt: at, content: { kind: "text", text } };
    row.messages[seq - 1] = message;
    this.#tellMessage("message.updated", row, seq);
    return message;
  }

  move(id: string, userId: string, to: Partial<Cursor>): void {
    const row = this.#row(id);
    const own = this.#own(row, userId);
    const readSeq = Math.max(own.readSeq, Math.min(to.readSeq ?? 0, row.messages.length));
    const deliveredSeq = Math.max(own.deliveredSeq, readSeq, Math.min(to.deliveredSeq ?? 0, row.messages.length));
    if (readSeq === own.readSeq && deliveredSeq === own.deliveredSeq) return;
    Object.assign(own, { readSeq, deliveredSeq });
    this.#happen("cursor.moved", row, () => ({ conversationId: id, userId, readSeq: own.readSeq, deliveredSeq: own.deliveredSeq }));
  }

  configure(id: string, user: string, settings: { archived?: boolean; muted?: boolean; blocked?: boolean }): void {
    const row = this.#row(id);
    const { blocked, ...rest } = settings;
    Object.assign(this.#own(row, user), rest, blocked !== undefined && { blocks: blocked });
    const to = blocked === undefined ? [user] : [row.buyer, row.seller];
    this.#happen("conversation.updated", row, (whom) => ({ conversation: this.view(id, whom) }), to);
  }

  /** A durable event that only a newer client knows. */
  tellUnknown(id: string): void {
    this.#happen("reaction.added", this.#row(id), () => ({ conversationId: id, userId: "nobody", emoji: "x" }));
  }

  position(user: string): number {
    return this.#stream(user).length;
  }

  /** Begins anew from an old copy: positions start afresh. */
  restore(): void {
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    this.#streams.clear();
  }

  /** The frames after a position, with their objects as they are now. */
  frames(user: string, since: number, limit = Infinity): DurableFrame[] {
    return this.#stream(user)
      .slice(since, since + limit)
      .map((happening, place) => this.#frame(user, happening, since + place + 1));
  }

  unreadTotal(user: string): number {
    return this.#rowsOf(user)
      .filter((row) => !this.#own(row, user).archived && !this.#own(row, user).muted)
      .reduce((sum, row) => sum + this.#unread(row, user), 0);
  }

  /** Sends a frame to each session in a conversation's room. */
  tellRoom(id: string, frame: object): void {
    for (const socket of this.sessions) if (socket.rooms.has(id)) socket.receive(frame);
  }

  /** An op of a session. Gives its answer. */
  async perform(user: string, op: string, fields: Record<string, unknown>): Promise<object | Refusal> {
    const refusal = await this.#judge(op);
    if (refusal) return problemOf(refusal);
    const id = String(fields.conversationId);
    const row = this.#rows.get(id);
    const counterpart = row && user in row.own ? this.view(id, user).counterpart.id : null;
    if ("conversationId" in fields && counterpart === null) return problemOf({ code: "not_found", status: 404 });
    switch (op) {
      case "message.send": {
        const { text } = fields.content as { text: string };
        return { message: this.write(id, user, text, String(fields.clientId)), duplicate: false };
      }
      case "conversation.delivered":
        this.move(id, user, { deliveredSeq: Number(fields.seq) });
        return {};
      case "room.join":
        return { presence: { userId: counterpart, online: this.sessions.some((socket) => socket.user === counterpart) } };
      default:
        return {};
    }
  }

  #answer(user: string, method: string, path: string, query: URLSearchParams, body: string): Response {
    const fields = JSON.parse(body) as Record<string, unknown>;
    const [, area, what, id = "", sub, seq] = path.split("/");
    if (area === "auth") return Response.json(userNamed(user));
    if (what === "send") {
      const to = String(fields.conversationId);
      if (!this.#rows.has(to)) return problem({ code: "not_found", status: 404 });
      const { text } = fields.content as { text: string };
      if (text.length > 4_000) return problem({ code: "too_long", status: 422 });
      return Response.json(this.write(to, user, text, String(fields.clientId)), { status: 201 });
    }
    if (what === "sync") return this.#sync(user, Number(query.get("since")), query.get("epoch"));
    if (what === "search") return Response.json({ items: [] });
    if (!id) {
      if (method === "GET") return Response.json(this.#inbox(user, query));
      const conversation = this.view(this.converse(user, String(fields.sellerId)), user);
      return Response.json({ conversation }, { status: 201 });
    }
    const row = this.#rows.get(id);
    if (!row || !(user in row.own)) return problem({ code: "not_found", status: 404 });
    if (sub === "read") {
      this.move(id, user, { readSeq: Number(fields.seq) });
      return Response.json({ readSeq: this.view(id, user).readSeq, unreadCount: 0, unreadTotal: this.unreadTotal(user) });
    }
    if (sub === "messages") {
      const { text = null } = (fields.content ?? {}) as { text?: string };
      return Response.json(this.revise(id, Number(seq), text));
    }
    if (method === "GET") return Response.json(this.#page(id, user, query));
    this.configure(id, user, fields);
    return Response.json(this.view(id, user));
  }

  #inbox(user: string, query: URLSearchParams): Inbox {
    const limit = Number(query.get("limit") ?? 20);
    const from = Number(query.get("cursor") ?? 0);
    const all = this.#rowsOf(user)
      .filter((row) => this.#own(row, user).archived === (query.get("archived") === "true"))
      .sort((a, b) => (a.lastActivityAt < b.lastActivityAt ? 1 : -1));
    const next = from + limit;
    return {
      items: all.slice(from, next).map(({ id }) => this.view(id, user)),
      ...(next < all.length && { nextCursor: String(next) }),
      unreadTotal: this.unreadTotal(user), epoch: this.epoch, position: this.position(user),
    };
  }

  #page(id: string, user: string, query: URLSearchParams): MessagePage {
    const all = this.#row(id).messages;
    const limit = Number(query.get("limit") ?? 50);
    const number = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
    const [before, after, around] = [number("beforeSeq"), number("afterSeq"), number("aroundSeq")];
    let start = all.length - limit;
    if (before !== undefined) start = before - 1 - limit;
    if (after !== undefined) start = after;
    if (around !== undefined) start = Math.min(around - 1 - Math.floor(limit / 2), all.length - limit);
    const end = before === undefined ? Math.max(start, 0) + limit : before - 1;
    const items = all.slice(Math.max(start, 0), Math.max(end, 0));
    const last = items.at(-1)?.seq ?? all.length;
    return { conversation: this.view(id, user), items, hasBefore: start > 0, hasAfter: last < all.length };
  }

  #sync(user: string, since: number, epoch: string | null): Response {
    if (epoch !== this.epoch || since > this.position(user) || since < this.forgotten) {
      return problem({ code: "resync", status: 410 });
    }
    const events = this.frames(user, since, this.syncMost);
    const position = since + events.length;
    const missed: Missed = { events, position, epoch: this.epoch, more: position < this.position(user) };
    return Response.json(missed);
  }

  #tellMessage(event: string, row: Row, seq: number): void {
    this.#happen(event, row, () => ({ message: row.messages[seq - 1] }));
  }

  #happen(event: string, row: Row, data: (user: string) => object, to = [row.buyer, row.seller]): void {
    for (const user of to) {
      const stream = this.#stream(user);
      const happening = { event, row, data };
      stream.push(happening);
      const frame = this.#frame(user, happening, stream.length);
      for (const socket of this.sessions) if (socket.user === user) socket.receive(frame);
    }
  }

  #frame(user: string, { event, row, data }: Happening, position: number): DurableFrame {
    const unread = { count: this.#unread(row, user), total: this.unreadTotal(user) };
    return structuredClone({ event, position, data: data(user), unread }) as DurableFrame;
  }

  #rule(pattern: string, answer: () => Promise<Refusal | undefined>): () => void {
    const rule = { pattern, answer };
    this.#rules.push(rule);
    return () => {
      const place = this.#rules.indexOf(rule);
      if (place >= 0) this.#rules.splice(place, 1);
    };
  }

  async #judge(what: string): Promise<Refusal | undefined> {
    return this.#rules.find(({ pattern }) => what.startsWith(pattern))?.answer();
  }

  #stream(user: string): Happening[] {
    const stream = this.#streams.get(user) ?? [];
    this.#streams.set(user, stream);
    return stream;
  }

  #rowsOf(user: string): Row[] {
    return [...this.#rows.values()].filter((row) => user in row.own);
  }

  #row(id: string): Row {
    const row = this.#rows.get(id);
    if (!row) throw new Error(`no conversation ${id}`);
    return row;
  }

  #own(row: Row, user: string): Own {
    const own = row.own[user];
    if (!own) throw new Error(`${user} is not in ${row.id}`);
    return own;
  }

  #unread(row: Row, user: string): number {
    const { readSeq } = this.#own(row, user);
    return row.messages.filter(({ seq, senderId, deletedAt }) => seq > readSeq && senderId !== user && !deletedAt).length;
  }

  /** Each a little later than the one before. */
  #now(): string {
    this.#ticks += 1;
    return `${new Date().toISOString().slice(0, -1)}${String(this.#ticks % 1_000).padStart(3, "0")}Z`;
  }

  #ticks = 0;
}

export function userNamed(id: string): User {
  return { id, displayName: id.toUpperCase() };
}

function problemOf(refusal: Refusal): Problem {
  return { type: "about:blank", title: refusal.code, detail: refusal.code, ...refusal };
}

function problem(refusal: Refusal): Response {
  return Response.json(problemOf(refusal), { status: refusal.status });
}
