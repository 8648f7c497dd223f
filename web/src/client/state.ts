// The reducer: every change of what the client knows, without time, network or storage.
import type { Conversation, DurableFrame, Inbox, Message, MessagePage, User } from "../wire";
import { foldConversation, foldEvent, foldPage, foldStored, put, type InnerState, type Thread } from "./fold";
import { initialState } from "./initial";
import { byAge } from "./selectors";
import type {
  ClientError,
  Connection,
  ConversationListState,
  OutgoingMessage,
  Presence,
} from "./types";

export type Action =
  | { type: "connection"; connection: Connection }
  | { type: "identified"; me: User; editWindowMs?: number }
  | { type: "snapshot"; inbox: Inbox }
  | { type: "event"; frame: DurableFrame }
  | { type: "stored"; message: Message }
  | { type: "listing"; list: "inbox" | "archive" }
  | { type: "listed"; list: "inbox" | "archive"; page: Inbox }
  | { type: "list-failed"; list: "inbox" | "archive"; error: ClientError }
  | { type: "fetched"; conversation: Conversation; asOf?: number }
  | { type: "absent"; id: string }
  | { type: "opening"; id: string }
  | { type: "fetching"; id: string; end: "before" | "after" }
  | { type: "page"; id: string; page: MessagePage; end?: "before" | "after" }
  | { type: "thread-failed"; id: string; error: ClientError }
  | { type: "trimmed"; id: string; end: "before" | "after"; keep: number }
  | { type: "closed"; id: string }
  | { type: "outgoing"; message: OutgoingMessage }
  | { type: "discarded"; clientId: string }
  | { type: "draft"; id: string; text: string }
  | { type: "typing"; id: string; active: boolean }
  | { type: "presence"; id: string; presence: Presence | null }
  | { type: "alone" }
  | { type: "reset" };

/** The state of a client that has not begun. */
export const innerInitialState: InnerState = { ...initialState, threads: {}, missing: {} };

const noThread: Thread = { status: "idle", messages: [], hasBefore: false, hasAfter: false, held: [] };

export function reduce(state: InnerState, action: Action): InnerState {
  switch (action.type) {
    case "connection":
      return { ...state, connection: action.connection };
    case "identified":
      return { ...state, me: action.me, editWindowMs: action.editWindowMs ?? state.editWindowMs };
    case "snapshot":
      return takeSnapshot(state, action.inbox);
    case "event":
      return foldEvent(state, action.frame);
    case "stored":
      return foldStored(state, action.message);
    case "listing":
      return withList(state, action.list, { ...state[action.list], status: "loading" });
    case "listed":
      return takePage(state, action.list, action.page);
    case "list-failed":
      return withList(state, action.list, { ...state[action.list], status: "failed", error: action.error });
    case "fetched":
      return foldConversation(state, action.conversation, action.asOf);
    case "absent":
      return { ...state, missing: without(state.missing, action.id) };
    case "opening":
      return withThread(state, action.id, opening);
    case "fetching":
      return withThread(state, action.id, fetching(action.end));
    case "page":
      return foldPage(state, action.id, action.page, action.end);
    case "thread-failed":
      return withThread(state, action.id, failed(action.error));
    case "trimmed": {
      const thread = state.threads[action.id];
      const isAtRest = thread?.status === "ready" && !thread.fetching && thread.messages.length > action.keep;
      return isAtRest ? withThread(state, action.id, trimmed(action.end, action.keep)) : state;
    }
    case "closed":
      return { ...state, threads: without(state.threads, action.id), presence: without(state.presence, action.id) };
    case "outgoing":
      return withOutgoing(state, action.message);
    case "discarded":
      return { ...state, outbox: withoutOutgoing(state.outbox, action.clientId) };
    case "draft":
      return { ...state, drafts: withDraft(state.drafts, action.id, action.text) };
    case "typing":
      if (action.active === action.id in state.typing) return state;
      return { ...state, typing: action.active ? { ...state.typing, [action.id]: true } : without(state.typing, action.id) };
    case "presence":
      return {
        ...state,
        presence: action.presence
          ? { ...state.presence, [action.id]: action.presence }
          : without(state.presence, action.id),
      };
    case "alone":
      return { ...state, typing: {}, presence: {} };
    case "reset":
      return innerInitialState;
  }
}

/** What is known begins anew: nothing that was folded before can be trusted to be complete. */
function takeSnapshot(state: InnerState, inbox: Inbox): InnerState {
  const { epoch, position, unreadTotal } = inbox;
  const threads: Record<string, Thread> = {};
  const conversations: Record<string, Conversation> = {};
  const missing: Record<string, number> = {};
  // What is shown stays in sight until it is fetched anew.
  for (const [id, thread] of Object.entries(state.threads)) {
    threads[id] = { ...thread, stale: true };
    missing[id] = position;
    const known = state.conversations[id];
    if (known) conversations[id] = known;
  }
  const begun = { ...state, epoch, position, unreadTotal, conversations, missing, threads };
  const known = inbox.items.reduce(put, begun);
  return takePage({ ...known, archive: initialState.archive }, "inbox", inbox);
}

function takePage(state: InnerState, list: "inbox" | "archive", page: Inbox): InnerState {
  const { items, nextCursor } = page;
  const last = items.at(-1);
  const listed = items.reduce((next, item) => foldConversation(next, item), state);
  return withList(listed, list, {
    status: "ready",
    hasMore: nextCursor !== undefined,
    nextCursor,
    floor: last ? { lastActivityAt: last.lastActivityAt, id: last.id } : state[list].floor,
  });
}

function withList(state: InnerState, name: "inbox" | "archive", list: ConversationListState): InnerState {
  return { ...state, [name]: list };
}

function withThread(state: InnerState, id: string, how: (thread: Thread) => Thread): InnerState {
  return { ...state, threads: { ...state.threads, [id]: how(state.threads[id] ?? noThread) } };
}

function opening({ fetching: _, ...thread }: Thread): Thread {
  return { ...thread, status: "loading", stale: false };
}

function fetching(end: "before" | "after"): (thread: Thread) => Thread {
  return ({ error: _, ...thread }) => ({ ...thread, fetching: end });
}

/** What is let go of is there to be fetched again. */
function trimmed(end: "before" | "after", keep: number): (thread: Thread) => Thread {
  return (thread) =>
    end === "before"
      ? { ...thread, messages: thread.messages.slice(thread.messages.length - keep), hasBefore: true }
      : { ...thread, messages: thread.messages.slice(0, keep), hasAfter: true };
}

/** What was there before one end could not be fetched is still right. */
function failed(error: ClientError): (thread: Thread) => Thread {
  return ({ fetching, ...thread }) => ({ ...thread, status: fetching ? "ready" : "failed", error, held: [] });
}

function withOutgoing(state: InnerState, message: OutgoingMessage): InnerState {
  const { conversationId: id, clientId } = message;
  // Its answer and its event may have come before the word that it was being sent.
  if (state.threads[id]?.messages.some((stored) => stored.clientId === clientId)) return state;
  const waiting = state.outbox[id] ?? [];
  const known = waiting.some((outgoing) => outgoing.clientId === clientId);
  const next = known
    ? waiting.map((outgoing) => (outgoing.clientId === clientId ? message : outgoing))
    : [...waiting, message];
  next.sort(byAge);
  return { ...state, outbox: { ...state.outbox, [id]: next } };
}

function withoutOutgoing(outbox: InnerState["outbox"], clientId: string): InnerState["outbox"] {
  return Object.fromEntries(
    Object.entries(outbox).map(([id, waiting]) => [id, waiting.filter((message) => message.clientId !== clientId)]),
  );
}

function withDraft(drafts: InnerState["drafts"], id: string, text: string): InnerState["drafts"] {
  return text ? { ...drafts, [id]: text } : without(drafts, id);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _, ...rest } = record;
  return rest;
}
