// What the client keeps and what it can do: the one interface that pages, components and bots build on.
import type { Content, Conversation, Inbox, Message, Problem, SearchPage, Settings, User } from "../wire";

/**
 * How the client stands with the service.
 *
 * - `connecting`: on its way, for the first time or again
 * - `catching-up`: connected; what was missed is coming in
 * - `live`: everything is here, and what happens comes at once
 * - `polling`: no WebSocket can be had; what happens comes every few seconds over HTTP
 * - `offline`: the service cannot be reached; it is tried again at `retryAt`
 * - `signed-out`: `getToken` gave nothing, or the service refused what it gave
 * - `stopped`: the service asked this client not to come back by itself (`closeCode` says why)
 */
export type ConnectionStatus =
  | "connecting"
  | "catching-up"
  | "live"
  | "polling"
  | "offline"
  | "signed-out"
  | "stopped";

/** The connection, as a page may show it. */
export interface Connection {
  readonly status: ConnectionStatus;
  /** When the next attempt is due (milliseconds since 1970), while `offline`. */
  readonly retryAt?: number;
  /** The close code that ended the last connection, where there was one. */
  readonly closeCode?: number;
}

/** How far a list or a thread has been fetched. */
export interface Loading {
  readonly status: "idle" | "loading" | "ready" | "failed";
  /** Why it failed; a later attempt that succeeds takes it away. */
  readonly error?: ClientError;
}

/** The conversations fetched so far, of the inbox or of the archive. */
export interface ConversationListState extends Loading {
  /** Whether the service has older ones. */
  readonly hasMore: boolean;
  /** Where the next page begins. */
  readonly nextCursor?: string;
  /** The oldest conversation of the fetched pages; what is older is not listed yet. */
  readonly floor?: { readonly lastActivityAt: string; readonly id: string };
}

/** A run of a conversation's messages without a hole. */
export interface ThreadState extends Loading {
  /** In rising `seq`. */
  readonly messages: readonly Message[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  /** Which end is being fetched. */
  readonly fetching?: "before" | "after";
}

/** A message on its way to the service. */
export interface OutgoingMessage {
  /** Made here, once; the message that comes of it has the same. */
  readonly clientId: string;
  readonly conversationId: string;
  readonly content: Extract<Content, { kind: "text" }>;
  /** When it was written (RFC 3339), by this machine's clock. */
  readonly createdAt: string;
  readonly status: "queued" | "sending" | "failed";
  /** Why it was refused, once `failed`. */
  readonly error?: ClientError;
}

/** Whether the counterpart of a conversation is there. Known while the conversation is open. */
export interface Presence {
  readonly online: boolean;
  readonly lastSeenAt?: string;
}

/** Everything the client knows. Each change makes a new object; what did not change stays the same. */
export interface State {
  readonly me: User | null;
  readonly connection: Connection;
  readonly inbox: ConversationListState;
  readonly archive: ConversationListState;
  readonly conversations: Readonly<Record<string, Conversation>>;
  readonly threads: Readonly<Record<string, ThreadState>>;
  /** By conversation, in the order in which they were written. */
  readonly outbox: Readonly<Record<string, readonly OutgoingMessage[]>>;
  readonly drafts: Readonly<Record<string, string>>;
  /** The conversations whose counterpart is writing. */
  readonly typing: Readonly<Record<string, true>>;
  readonly presence: Readonly<Record<string, Presence>>;
  /** Unread messages in conversations that are neither archived nor muted. */
  readonly unreadTotal: number;
  /** Where the client stands in the person's stream; null before the first snapshot. */
  readonly position: number | null;
  readonly epoch: string | null;
  /** How long one's own message may be edited, in milliseconds. */
  readonly editWindowMs: number;
}

/** A refusal or failure that a page can act on. */
export interface ClientError {
  /** A code of the contract, or `network` when no answer came, or `signed_out`. */
  readonly code: Problem["code"] | "network" | "signed_out";
  /** For people who look for what is wrong; English. */
  readonly detail: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** After how many milliseconds to try again. */
  readonly retryAfterMs?: number;
  /** What is wrong with which field. */
  readonly errors?: Problem["errors"];
}

/** What happens that a page may want to make heard. */
export interface IncomingMessage {
  readonly message: Message;
  /** Its conversation, once the message is in it. */
  readonly conversation: Conversation;
  /** Whether this page holds the connection: of all tabs only one does, and only it should make a sound. */
  readonly isLeader: boolean;
}

/** Talks to the service for one person. Make it with `createMessagingClient`. */
export interface MessagingClient {
  /** The present state; the same object until something changes. */
  getState(): State;
  /** Calls back after each change. Returns how to stop that. */
  subscribe(listener: () => void): () => void;
  /** Calls back for each new message of somebody else, never for what was missed while away. */
  onIncoming(listener: (incoming: IncomingMessage) => void): () => void;

  /** Connects, once; further calls do nothing. */
  start(): void;
  /** Closes the connection. `start` opens it again. */
  stop(): void;
  /** Tries at once instead of waiting for the next attempt, also after `stopped` or `signed-out`. */
  reconnect(): void;
  /** Stops, and forgets what is kept on this device: unsent messages and drafts. */
  forget(): Promise<void>;

  /** Fetches the first or the next page of conversations. Failures are in the state. */
  loadConversations(which?: "inbox" | "archive"): Promise<void>;
  /** Fetches a conversation that is not in a list yet; null when there is none for this person. */
  loadConversation(id: string): Promise<Conversation | null>;
  /** Conversations whose person, product or words match. Rejects with a `ClientError`. */
  findConversations(q: string, signal?: AbortSignal): Promise<Inbox>;
  /** Messages that hold all the words, latest first. Rejects with a `ClientError`. */
  search(
    q: string,
    options?: { conversationId?: string; cursor?: string; signal?: AbortSignal },
  ): Promise<SearchPage>;

  /**
   * Says that a conversation is shown: its newest messages are fetched and kept up to date, its room is
   * joined. Returns how to say that it no longer is. May be called several times for one conversation.
   */
  open(id: string): () => void;
  /** Fetches the next messages at one end of the thread. Failures are in the state. */
  loadMessages(id: string, end: "before" | "after"): Promise<void>;
  /**
   * Lets go of all but so many messages of an open thread, of the oldest or of the newest, so that a page that
   * stays open for long does not grow. They are fetched again by `loadMessages`.
   */
  trimMessages(id: string, end: "before" | "after", keep: number): void;
  /** Shows the thread around a message, or its newest messages. Failures are in the state. */
  showMessages(id: string, around?: number): Promise<void>;

  /** Starts, or finds, one's conversation with a seller about a product. Rejects with a `ClientError`. */
  startConversation(about: { productId?: string; sellerId: string }): Promise<Conversation>;
  /** Puts a message into the outbox, from where it is sent in order, also after a reload. */
  send(conversationId: string, text: string): OutgoingMessage;
  /** Sends a failed message again, under the same `clientId`. */
  retry(clientId: string): void;
  /** Takes a message out of the outbox that has failed. */
  discard(clientId: string): void;
  /** Changes one's own text. Rejects with a `ClientError`. */
  edit(message: Message, text: string): Promise<Message>;
  /** Deletes one's own message. Rejects with a `ClientError`. */
  remove(message: Message): Promise<Message>;
  /** Says that everything up to `seq` was seen. Failures are tried again. */
  markRead(conversationId: string, seq: number): void;
  /** Says that the person writes or no longer does; call it with each keystroke. */
  setTyping(conversationId: string, active: boolean): void;
  /** Keeps what is not sent yet, also through a reload. */
  setDraft(conversationId: string, text: string): void;
  /** Changes one's own settings of a conversation. Rejects with a `ClientError`. */
  configure(conversationId: string, settings: Settings): Promise<Conversation>;
}

/** How to reach the service, and as whom. */
export interface ClientOptions {
  /** Where the service is, without `/api`; the page's own origin when left out. */
  url?: string;
  /**
   * Gives an access token, or null when nobody is signed in. Asked before each connection and whenever
   * the present one is about to end. `expired` is true when the last one was refused or is about to end:
   * give another. When it is somebody else's, the client forgets what it knows and begins anew for them.
   */
  getToken(reason: { expired: boolean }): string | null | Promise<string | null>;
  /** Whether the tabs of an origin share one connection, where the browser allows it. Default: true. */
  shareConnection?: boolean;
  /** Whether unsent messages and drafts are kept on the device. Default: where there is IndexedDB. */
  persist?: boolean;
  /** In place of the global ones: for Node before 22, for tests. */
  fetch?: typeof fetch;
  WebSocket?: typeof WebSocket;
}
