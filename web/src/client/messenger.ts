// The client: what a page can ask for, and how the rooms behind it work together.
import type {
  Conversation,
  DurableFrame,
  Inbox,
  Message,
  SearchPage,
  Settings,
  Started,
  User,
  Welcome,
} from "../wire";
import { Connection } from "./connection";
import { MessagingError } from "./error";
import { Http } from "./http";
import { Outbox } from "./outbox";
import { watchPage } from "./page";
import { Receipts } from "./receipts";
import { HERE, Rooms } from "./rooms";
import { Storage } from "./storage";
import { Store, tell } from "./store";
import type { TabMessage } from "./tabs";
import { Threads } from "./threads";
import { Tokens } from "./tokens";
import { randomUuid } from "./uuid";
import type { ClientOptions, IncomingMessage, MessagingClient, OutgoingMessage, State } from "./types";

/** Up to how many UTF-16 units a text is sent over the socket: as many as 4,000 characters may have. */
const FRAME_MOST = 8_000;

/** Makes a client for whoever `getToken` speaks for. It does nothing before `start`. */
export function createMessagingClient(options: ClientOptions): MessagingClient {
  return new Messenger(options);
}

class Messenger implements MessagingClient {
  readonly #store = new Store();
  readonly #storage = new Storage();
  readonly #tokens: Tokens;
  readonly #http: Http;
  readonly #connection: Connection;
  readonly #threads: Threads;
  readonly #rooms: Rooms;
  readonly #receipts: Receipts;
  readonly #outbox: Outbox;
  readonly #listeners = new Set<(incoming: IncomingMessage) => void>();
  readonly #url: string;
  /** From start to stop: what was begun in one life is of no use in the next. */
  #life: object | null = null;
  /** Whether what was kept is in the outbox. */
  #isRestored = false;
  #lastCreatedAt = "";
  /** The tab that was last heard to lead. */
  #leader = "";
  #unwatch: (() => void) | null = null;

  constructor(private readonly options: ClientOptions) {
    this.#url = (options.url ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
    this.#tokens = new Tokens(options.getToken, () => this.#beSomebodyElse());
    this.#http = new Http(this.#url, this.#tokens, options.fetch ?? globalThis.fetch);
    const address = `${this.#url.replace(/^http/, "ws")}/api/messages/ws`;
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.#connection = new Connection(this.#store, this.#http, this.#tokens, WebSocket, address, {
      identify: () => this.#identify(),
      event: (frame, isNew) => this.#happened(frame, isNew),
      ephemeral: (frame) => this.#rooms.hear(frame),
      status: () => this.#statusChanged(),
      welcome: (welcome) => this.#welcomed(welcome),
      role: (isLeader) => void this.#roleChanged(isLeader),
      tab: (message, from) => this.#heardTab(message, from),
    });
    const { socket, tabs } = this.#connection;
    this.#threads = new Threads(this.#store, this.#http);
    const acted = (): void => this.#connection.acted();
    this.#receipts = new Receipts(this.#store, this.#http, socket, acted, () => this.#isReached());
    this.#rooms = new Rooms(this.#store, socket, {
      told: (frame) => this.#connection.isLeader && tabs.post({ type: "frame", frame }),
      typing: (id, active) => this.#tellTyping(id, active),
    });
    this.#outbox = new Outbox({
      deliver: (message) => this.#deliver(message),
      changed: (message) => this.#outgoing(message),
      stored: (message) => this.#stored(message),
    });
  }

  getState(): State {
    return this.#store.state;
  }

  subscribe(listener: () => void): () => void {
    return this.#store.subscribe(listener);
  }

  onIncoming(listener: (incoming: IncomingMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#life ??= {};
    this.#unwatch ??= watchPage({
      back: () => {
        this.#announceRooms();
        this.#connection.probe();
      },
      offline: () => this.#connection.lose(),
      leaving: () => this.#connection.tabs.post({ type: "leaving" }),
    });
    this.#connection.start();
  }

  stop(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#life = null;
    this.#isRestored = false;
    this.#leader = "";
    this.#connection.stop();
    this.#outbox.stop();
    this.#rooms.stop();
    this.#receipts.stop();
    this.#threads.stop();
    this.#storage.close();
    this.#http.stop();
  }

  reconnect(): void {
    this.#connection.reconnect();
  }

  async forget(): Promise<void> {
    this.stop();
    this.#store.dispatch({ type: "reset" });
    await this.#storage.forget();
  }

  async loadConversations(list: "inbox" | "archive" = "inbox"): Promise<void> {
    const { position } = this.#store.state;
    const { status, hasMore, nextCursor } = this.#store.state[list];
    if (status === "loading" || !hasMore) return;
    this.#store.dispatch({ type: "listing", list });
    // A snapshot in the meantime has begun the list anew.
    const isWaiting = (): boolean => this.#store.state[list].status === "loading";
    try {
      // The first page of the inbox is the snapshot.
      if (list === "inbox" && position === null) return await this.#connection.catchUp();
      const page = await this.#http.get<Inbox>("/messages/conversations", {
        cursor: nextCursor,
        archived: list === "archive" || undefined,
      });
      if (isWaiting()) this.#store.dispatch({ type: "listed", list, page });
    } catch (error) {
      if (isWaiting()) this.#store.dispatch({ type: "list-failed", list, error: MessagingError.from(error) });
    }
  }

  async loadConversation(id: string): Promise<Conversation | null> {
    try {
      if (!this.#store.state.conversations[id]) await this.#threads.fetch(id);
    } catch (error) {
      if (MessagingError.from(error).status !== 404) throw error;
    }
    return this.#store.state.conversations[id] ?? null;
  }

  findConversations(q: string, signal?: AbortSignal): Promise<Inbox> {
    return this.#http.get("/messages/conversations", { q }, signal);
  }

  search(
    q: string,
    { conversationId, cursor, signal }: { conversationId?: string; cursor?: string; signal?: AbortSignal } = {},
  ): Promise<SearchPage> {
    return this.#http.get("/messages/search", { q, conversationId, cursor }, signal);
  }

  open(id: string): () => void {
    this.#threads.open(id);
    this.#lookAt(id, true);
    let isOpen = true;
    return () => {
      if (isOpen && this.#threads.close(id)) this.#lookAt(id, false);
      isOpen = false;
    };
  }

  loadMessages(id: string, end: "before" | "after"): Promise<void> {
    return this.#threads.loadMessages(id, end);
  }

  trimMessages(id: string, end: "before" | "after", keep: number): void {
    this.#store.dispatch({ type: "trimmed", id, end, keep });
  }

  showMessages(id: string, around?: number): Promise<void> {
    return this.#threads.showMessages(id, around);
  }

  async startConversation(about: { productId?: string; sellerId: string }): Promise<Conversation> {
    const asOf = this.#store.state.position ?? 0;
    const { conversation } = await this.#http.call<Started>("POST", "/messages/conversations", { body: about });
    this.#store.dispatch({ type: "fetched", conversation, asOf });
    this.#connection.acted();
    return conversation;
  }

  send(conversationId: string, words: string): OutgoingMessage {
    const text = words.replace(/\r\n?/g, "\n").trim();
    if (!text) throw new RangeError("a message has 1 to 4,000 characters");
    const message: OutgoingMessage = {
      clientId: randomUuid(),
      conversationId,
      content: { kind: "text", text },
      createdAt: this.#now(),
      status: "queued",
    };
    this.#rooms.sent(conversationId);
    this.setDraft(conversationId, "");
    this.#take(message);
    return message;
  }

  retry(clientId: string): void {
    const message = this.#failed(clientId);
    if (!message) return;
    const { error: _, ...again } = message;
    this.#take({ ...again, createdAt: this.#now(), status: "queued" });
  }

  discard(clientId: string): void {
    if (!this.#failed(clientId)) return;
    this.#store.dispatch({ type: "discarded", clientId });
    this.#connection.tabs.post({ type: "discarded", clientId });
    this.#storage.keep(clientId);
  }

  edit(message: Message, text: string): Promise<Message> {
    const content = { kind: "text", text: text.replace(/\r\n?/g, "\n").trim() };
    return this.#change("PATCH", message, { revision: message.revision, content });
  }

  remove(message: Message): Promise<Message> {
    return this.#change("DELETE", message);
  }

  markRead(conversationId: string, seq: number): void {
    this.#receipts.markRead(conversationId, seq);
  }

  setTyping(conversationId: string, active: boolean): void {
    this.#rooms.setTyping(conversationId, active);
  }

  setDraft(conversationId: string, text: string): void {
    if ((this.#store.state.drafts[conversationId] ?? "") === text) return;
    this.#store.dispatch({ type: "draft", id: conversationId, text });
    this.#storage.keep(conversationId, text);
  }

  async configure(conversationId: string, settings: Settings): Promise<Conversation> {
    const path = `/messages/conversations/${encodeURIComponent(conversationId)}`;
    const conversation = await this.#http.call<Conversation>("PATCH", path, { body: settings });
    // Its event says the same in its turn: an answer that came late would undo what happened since.
    this.#connection.acted();
    return conversation;
  }

  async #change(method: string, { conversationId, seq }: Message, body?: object): Promise<Message> {
    const path = `/messages/conversations/${encodeURIComponent(conversationId)}/messages/${seq}`;
    const message = await this.#http.call<Message>(method, path, { body });
    this.#store.dispatch({ type: "stored", message });
    this.#connection.acted();
    return message;
  }

  /** The page signed somebody else in: nothing of the one before may be seen, sent or kept. */
  #beSomebodyElse(): void {
    const wasRunning = this.#life !== null;
    this.stop();
    this.#store.dispatch({ type: "reset" });
    if (wasRunning) this.start();
  }

  async #identify(): Promise<string | null> {
    const me = await this.#http.get<User>("/auth/me");
    this.#store.dispatch({ type: "identified", me });
    const name = `messaging ${this.#url} ${me.id}`;
    const { persist = "indexedDB" in globalThis, shareConnection = "document" in globalThis } = this.options;
    this.#storage.open(persist ? name : null);
    void this.#restoreDrafts();
    return shareConnection ? name : null;
  }

  async #restoreDrafts(): Promise<void> {
    const life = this.#life;
    const drafts = await this.#storage.drafts();
    if (life !== this.#life) return;
    for (const [id, text] of drafts) {
      if (this.#store.state.drafts[id] === undefined) this.#store.dispatch({ type: "draft", id, text });
    }
  }

  #happened(frame: DurableFrame, isNew: boolean): void {
    if (frame.event !== "message.created") return;
    const { message } = frame.data;
    const conversation = this.#store.state.conversations[message.conversationId];
    if (message.senderId === this.#store.state.me?.id || !conversation) return;
    if (this.#connection.isLeader) this.#receipts.markDelivered();
    if (!isNew) return;
    tell(this.#listeners, { message, conversation, isLeader: this.#connection.isLeader });
  }

  #isReached(): boolean {
    const { status } = this.#store.state.connection;
    return status === "live" || status === "polling";
  }

  #statusChanged(): void {
    const isLive = this.#store.state.connection.status === "live";
    const isReached = this.#isReached();
    this.#outbox.isOpen = isReached && this.#isRestored;
    if (!isLive) this.#rooms.forgetPeople();
    if (!isReached) return;
    this.#threads.retry();
    this.#receipts.retry();
    if (!isLive) return;
    this.#announceRooms();
    if (this.#connection.isLeader) this.#receipts.markDelivered();
  }

  #welcomed({ user, limits }: Welcome): void {
    this.#store.dispatch({ type: "identified", me: user, editWindowMs: limits.editWindowMs });
    this.#rooms.joinAnew(this.#threads.openIds());
  }

  async #roleChanged(isLeader: boolean): Promise<void> {
    this.#isRestored = false;
    this.#leader = "";
    if (!isLeader) {
      this.#outbox.stop();
      return;
    }
    const life = this.#life;
    const kept = await this.#storage.outbox();
    if (life !== this.#life || !this.#connection.isLeader) return;
    for (const message of kept) {
      this.#take(message.status === "failed" ? message : { ...message, status: "queued" });
    }
    // Not before all is here: what was written last must not overtake what was kept.
    for (const message of Object.values(this.#store.state.outbox).flat()) this.#post(message);
    this.#isRestored = true;
    this.#outbox.isOpen = this.#isReached();
  }

  #heardTab(message: TabMessage, from: string): void {
    const { isLeader, socket } = this.#connection;
    switch (message.type) {
      case "hello":
        if (isLeader) this.#repeatOutgoing();
        return;
      case "leading":
        if (isLeader || from === this.#leader) return;
        this.#leader = from;
        this.#announceRooms();
        this.#repeatOutgoing();
        return;
      case "outgoing":
        this.#store.dispatch(message);
        this.#post(message.message);
        return;
      case "stored":
      case "discarded":
        this.#store.dispatch(message);
        return;
      case "room":
        if (!isLeader) return;
        if (message.isOpen) this.#rooms.want(message.id, from);
        else this.#rooms.leave(message.id, from);
        return;
      case "typing":
        if (isLeader) socket.post("typing", { conversationId: message.id, active: message.active });
        return;
      case "leaving":
        this.#rooms.leaveAll(from);
    }
  }

  /** Puts a message on its way, wherever it is sent from. */
  #take(message: OutgoingMessage): void {
    this.#outgoing(message);
    this.#post(message);
    // A leader that does not answer does not send either.
    this.#connection.tabs.probe();
  }

  #post(message: OutgoingMessage): void {
    if (this.#connection.isLeader && message.status !== "failed") this.#outbox.add(message);
  }

  /** A message in the outbox is new or has changed. */
  #outgoing(message: OutgoingMessage): void {
    this.#store.dispatch({ type: "outgoing", message });
    this.#connection.tabs.post({ type: "outgoing", message });
    if (message.status !== "sending") this.#storage.keep(message.clientId, message);
  }

  #stored(message: Message): void {
    this.#store.dispatch({ type: "stored", message });
    this.#connection.tabs.post({ type: "stored", message });
    this.#storage.keep(message.clientId);
    this.#connection.acted();
  }

  async #deliver({ conversationId, clientId, content }: OutgoingMessage): Promise<Message> {
    const fields = { conversationId, clientId, content };
    const { socket } = this.#connection;
    // What is too long for a frame would end the connection; over HTTP it is refused in so many words.
    if (!socket.isOpen || content.text.length > FRAME_MOST) {
      return this.#http.call("POST", "/messages/send", { body: fields });
    }
    const ok = (await socket.request("message.send", fields)) as { message: Message };
    return ok.message;
  }

  #repeatOutgoing(): void {
    for (const message of Object.values(this.#store.state.outbox).flat()) {
      this.#connection.tabs.post({ type: "outgoing", message });
    }
  }

  #lookAt(id: string, isOpen: boolean): void {
    if (isOpen) this.#rooms.want(id, HERE);
    else this.#rooms.leave(id, HERE);
    if (!this.#connection.isLeader) this.#connection.tabs.post({ type: "room", id, isOpen });
  }

  #announceRooms(): void {
    if (this.#connection.isLeader) return;
    for (const id of this.#threads.openIds()) this.#connection.tabs.post({ type: "room", id, isOpen: true });
  }

  #tellTyping(id: string, active: boolean): void {
    const { isLeader, socket, tabs } = this.#connection;
    if (isLeader) socket.post("typing", { conversationId: id, active });
    else tabs.post({ type: "typing", id, active });
  }

  #failed(clientId: string): OutgoingMessage | undefined {
    const messages = Object.values(this.#store.state.outbox).flat();
    return messages.find((message) => message.clientId === clientId && message.status === "failed");
  }

  /** The time, a little later than the last one, so that messages of one moment keep their order. */
  #now(): string {
    const now = `${new Date().toISOString().slice(0, -1)}000`;
    const last = this.#lastCreatedAt;
    const next = now > last ? now : last.slice(0, -6) + String(Number(last.slice(-6)) + 1).padStart(6, "0");
    this.#lastCreatedAt = next;
    return `${next}Z`;
  }
}
