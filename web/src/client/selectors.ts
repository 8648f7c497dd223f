// What follows from the state: order, status, what a list shows. Pure, and cheap enough for each render.
import type { Conversation, Message, MessageStatus } from "../wire";
import type { ConversationListState, OutgoingMessage, State } from "./types";

/** Orders as the service does: latest activity first, then by id. */
export function byActivity(
  a: { lastActivityAt: string; id: string },
  b: { lastActivityAt: string; id: string },
): number {
  return compare(instant(b.lastActivityAt), instant(a.lastActivityAt)) || compare(b.id, a.id);
}

/** Orders what was written by when that was. */
export function byAge(a: { createdAt: string }, b: { createdAt: string }): number {
  return compare(a.createdAt, b.createdAt);
}

/** Times come with 3 or 6 digits of a second; as text they compare once both have 6. */
function instant(time: string): string {
  return time.length === 24 ? `${time.slice(0, 23)}000Z` : time;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The conversations of a list, as far as its pages have been fetched. */
export function conversationsOf(
  conversations: State["conversations"],
  list: ConversationListState,
  archived = false,
): Conversation[] {
  const { floor, hasMore } = list;
  return Object.values(conversations)
    .filter((conversation) => conversation.archived === archived)
    .filter((conversation) => !hasMore || !floor || byActivity(conversation, floor) <= 0)
    .sort(byActivity);
}

/** How far a message has come to its receiver, by the cursors of its conversation. */
export function statusOf(message: Message, conversation: Conversation): MessageStatus {
  const byCounterpart = message.senderId === conversation.counterpart.id;
  const read = byCounterpart ? conversation.readSeq : conversation.counterpartReadSeq;
  const delivered = byCounterpart ? conversation.deliveredSeq : conversation.counterpartDeliveredSeq;
  return message.seq <= read ? "read" : message.seq <= delivered ? "delivered" : "sent";
}

const noMessages: readonly OutgoingMessage[] = [];

/** What is still on its way in a conversation. */
export function outgoingOf(state: State, conversationId: string): readonly OutgoingMessage[] {
  return state.outbox[conversationId] ?? noMessages;
}
