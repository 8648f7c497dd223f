// How what happened changes what is known: events and answers, folded into conversations and threads. Pure.
//
// An answer may be newer than the last event that was folded, and an event may be told twice. So whatever
// only grows (places, cursors, revisions) is never taken back, and the rest is as the last word said.
import type { Conversation, DurableFrame, Message, MessagePage } from "../wire";
import type { State, ThreadState } from "./types";

/** A thread, with the messages that came while a page of it was on its way. */
export interface Thread extends ThreadState {
  readonly held: readonly Message[];
  /** Something may have been missed: the thread has to be fetched anew. */
  readonly stale?: boolean;
}

/** The state, with what only the client needs to know. */
export interface InnerState extends State {
  readonly threads: Readonly<Record<string, Thread>>;
  /** Conversations that something happened in and that are not known: the position of the last such event. */
  readonly missing: Readonly<Record<string, number>>;
}

/** Folds the event that comes next in the person's stream; any other leaves the state as it is. */
export function foldEvent(state: InnerState, frame: DurableFrame): InnerState {
  if (state.position === null || frame.position !== state.position + 1) return state;
  const next = { ...state, position: frame.position, unreadTotal: frame.unread?.total ?? state.unreadTotal };
  switch (frame.event) {
    case "message.created":
    case "message.updated": {
      const { message } = frame.data;
      const folded = foldMessage(next, message);
      return change(folded, message.conversationId, frame, (conversation) => withMessage(conversation, message));
    }
    case "conversation.created":
    case "conversation.updated": {
      const { conversation } = frame.data;
      const known = next.conversations[conversation.id];
      return put(next, { ...(known ? ahead(conversation, known) : conversation), unreadCount: frame.unread.count });
    }
    case "cursor.moved": {
      const { conversationId, userId, readSeq, deliveredSeq } = frame.data;
      return change(next, conversationId, frame, (conversation) =>
        userId === conversation.counterpart.id
          ? {
              ...conversation,
              counterpartReadSeq: Math.max(conversation.counterpartReadSeq, readSeq),
              counterpartDeliveredSeq: Math.max(conversation.counterpartDeliveredSeq, deliveredSeq),
            }
          : {
              ...conversation,
              readSeq: Math.max(conversation.readSeq, readSeq),
              deliveredSeq: Math.max(conversation.deliveredSeq, deliveredSeq),
            },
      );
    }
    default:
      // Of a newer service: it has its place in the stream, and nothing here shows it.
      return next;
  }
}

function change(
  state: InnerState,
  id: string,
  frame: DurableFrame,
  how: (conversation: Conversation) => Conversation,
): InnerState {
  const known = state.conversations[id];
  const isMissing = !known || id in state.missing;
  const next = isMissing ? { ...state, missing: { ...state.missing, [id]: frame.position } } : state;
  return known ? replace(next, { ...how(known), unreadCount: frame.unread.count }) : next;
}

function replace(state: InnerState, conversation: Conversation): InnerState {
  return { ...state, conversations: { ...state.conversations, [conversation.id]: conversation } };
}

/** Takes a conversation whose present state is known as a whole. */
export function put(state: InnerState, conversation: Conversation): InnerState {
  const next = replace(state, conversation);
  if (!(conversation.id in state.missing)) return next;
  const { [conversation.id]: _, ...missing } = state.missing;
  return { ...next, missing };
}

/** A conversation by the last word on it, with nothing that only grows taken back. */
function ahead(word: Conversation, known: Conversation): Conversation {
  const merged = {
    ...word,
    readSeq: Math.max(word.readSeq, known.readSeq),
    deliveredSeq: Math.max(word.deliveredSeq, known.deliveredSeq),
    counterpartReadSeq: Math.max(word.counterpartReadSeq, known.counterpartReadSeq),
    counterpartDeliveredSeq: Math.max(word.counterpartDeliveredSeq, known.counterpartDeliveredSeq),
  };
  return known.lastMessage ? withMessage(merged, known.lastMessage) : merged;
}

function withMessage(conversation: Conversation, message: Message): Conversation {
  const { lastMessage, lastSeq } = conversation;
  if (message.seq < lastSeq) return conversation;
  if (lastMessage?.seq === message.seq) {
    return { ...conversation, lastMessage: later(lastMessage, message) };
  }
  return { ...conversation, lastSeq: message.seq, lastMessage: message, lastActivityAt: message.createdAt };
}

/** Of two words on one message, the later one. */
function later(a: Message, b: Message): Message {
  return b.revision > a.revision ? b : a;
}

/** Folds a message of one's own that the service has stored, by its answer. */
export function foldStored(state: InnerState, message: Message): InnerState {
  const known = state.conversations[message.conversationId];
  const next = foldMessage(state, message);
  return known ? replace(next, withMessage(known, message)) : next;
}

function foldMessage(state: InnerState, message: Message): InnerState {
  const { conversationId: id } = message;
  const thread = state.threads[id];
  let next = state;
  if (thread) {
    const held = thread.status === "loading" || thread.fetching ? hold(thread, message) : thread;
    next = { ...next, threads: { ...next.threads, [id]: withMessages(held, [message]) } };
  }
  if (state.typing[id] && message.senderId !== state.me?.id) {
    const { [id]: _, ...typing } = state.typing;
    next = { ...next, typing };
  }
  return settle(next, id, message);
}

/**
 * Takes out of the outbox what is stored. Not before it is in its thread: a message whose predecessor is
 * still to come would vanish for a moment.
 */
function settle(state: InnerState, id: string, stored?: Message): InnerState {
  const waiting = state.outbox[id];
  if (!waiting?.length) return state;
  const thread = state.threads[id];
  const shown = new Set(thread?.messages.map((message) => message.clientId));
  if (stored && (!thread || thread.hasAfter)) shown.add(stored.clientId);
  const rest = waiting.filter(({ clientId }) => !shown.has(clientId));
  return rest.length === waiting.length ? state : { ...state, outbox: { ...state.outbox, [id]: rest } };
}

function hold(thread: Thread, message: Message): Thread {
  return { ...thread, held: [...thread.held, message] };
}

/** Puts messages in their places: those that are there get their later word, those that follow are appended. */
function withMessages(thread: Thread, messages: readonly Message[]): Thread {
  let { messages: placed } = thread;
  for (const message of messages) {
    const first = placed[0];
    const last = placed.at(-1);
    const place = first ? message.seq - first.seq : 0;
    const present = placed[place];
    if (present && present.seq === message.seq) {
      if (later(present, message) !== present) placed = placed.with(place, message);
    } else if (thread.status === "ready" && !thread.hasAfter && message.seq === (last?.seq ?? 0) + 1) {
      placed = [...placed, message];
    }
  }
  return placed === thread.messages ? thread : { ...thread, messages: placed };
}

/** Folds a page of a thread: alone, or joined to what is there at one end. */
export function foldPage(
  state: InnerState,
  id: string,
  page: MessagePage,
  end?: "before" | "after",
): InnerState {
  const thread = state.threads[id];
  if (!thread) return state;
  const { messages } = thread;
  const first = messages[0]?.seq ?? Infinity;
  const last = messages.at(-1)?.seq ?? 0;
  const joined: Thread = {
    status: "ready",
    messages:
      end === "before"
        ? [...page.items.filter(({ seq }) => seq < first), ...messages]
        : end === "after"
          ? [...messages, ...page.items.filter(({ seq }) => seq > last)]
          : keepEqual(page.items, messages),
    hasBefore: (end === "after" ? thread : page).hasBefore,
    hasAfter: (end === "before" ? thread : page).hasAfter,
    held: [],
  };
  const folded = withMessages(joined, thread.held);
  return settle({ ...state, threads: { ...state.threads, [id]: folded } }, id);
}

/** The same objects where nothing changed, so that a page that is fetched anew does not draw anew. */
function keepEqual(items: readonly Message[], known: readonly Message[]): Message[] {
  const first = known[0]?.seq ?? 0;
  return items.map((item) => {
    const before = known[item.seq - first];
    return before?.seq === item.seq && before.revision === item.revision ? before : item;
  });
}

/**
 * Takes in a conversation that was fetched. One that is known is exact already, up to the present position;
 * one that is missing is taken only if nothing has happened in it since it was asked for, at `asOf`.
 */
export function foldConversation(state: InnerState, conversation: Conversation, asOf = 0): InnerState {
  const missingSince = state.missing[conversation.id];
  if (missingSince === undefined ? state.conversations[conversation.id] : missingSince > asOf) return state;
  return put(state, conversation);
}
