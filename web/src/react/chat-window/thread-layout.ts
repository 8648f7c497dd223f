// Where the days, the unread divider, the groups and the blocks of a thread are.
import { statusOf } from "../../client/selectors";
import type { OutgoingMessage } from "../../client/types";
import type { Conversation, Message } from "../../wire";
import { dayOf } from "../format";
import type { Progress } from "../ticks";

/** A message that is stored, or on its way. The key stays when the one becomes the other. */
export interface Row {
  readonly kind: "row";
  readonly key: string;
  readonly message?: Message;
  readonly outgoing?: OutgoingMessage;
  readonly own: boolean;
  /** How far one's own has come. */
  readonly progress?: Progress;
  /** Whether it is the first and the last of a group: one author's messages in quick succession. */
  readonly starts: boolean;
  readonly ends: boolean;
}

export type ThreadItem =
  | Row
  | { readonly kind: "day"; readonly key: string; readonly day: number }
  | { readonly kind: "unread"; readonly key: "unread" };

export interface Thread {
  readonly messages: readonly Message[];
  readonly outgoing: readonly OutgoingMessage[];
  readonly conversation: Conversation;
  readonly hasBefore: boolean;
  /** What was read when the thread was opened, if something was not. */
  readonly unreadAfter?: number;
}

const groupMs = 5 * 60_000;

export function layOut({ messages, outgoing, conversation, hasBefore, unreadAfter }: Thread): ThreadItem[] {
  const counterpartId = conversation.counterpart.id;
  const items: ThreadItem[] = [];
  const days = new Map<number, number>();
  // A clock that was set back makes a day come twice.
  const dayKey = (day: number) => {
    const times = days.get(day) ?? 0;
    days.set(day, times + 1);
    return `day ${day} ${times}`;
  };
  const unread = firstUnread(messages, counterpartId, hasBefore, unreadAfter);
  let previous: { own: boolean; alone: boolean; at: number; day: number } | undefined;
  let row: Mutable<Row> | undefined;

  const add = (time: string, next: Omit<Row, "kind" | "starts" | "ends">, alone: boolean) => {
    const at = Date.parse(time);
    const day = dayOf(at);
    const isUnread = unread !== undefined && next.message === unread;
    if (day !== previous?.day) items.push({ kind: "day", key: dayKey(day), day });
    if (isUnread) items.push({ kind: "unread", key: "unread" });
    const goesOn =
      !alone &&
      !isUnread &&
      previous?.day === day &&
      !previous.alone &&
      previous.own === next.own &&
      at - previous.at < groupMs;
    if (row) row.ends = !goesOn;
    row = { kind: "row", ...next, starts: !goesOn, ends: true };
    items.push(row);
    previous = { own: next.own, alone, at, day };
  };

  const stored = new Set<string>();
  for (const message of messages) {
    const own = message.senderId !== counterpartId;
    if (own && outgoing.length > 0) stored.add(message.clientId);
    // Only one's own ids are one's own to choose: another's could be made to collide.
    const key = own ? message.clientId : `seq ${message.seq}`;
    const progress = own ? statusOf(message, conversation) : undefined;
    add(message.createdAt, { key, message, own, progress }, message.content.kind === "system");
  }
  for (const message of outgoing) {
    // For a moment a message may be both in the thread and in the outbox.
    if (stored.has(message.clientId)) continue;
    const { clientId: key, status: progress } = message;
    add(message.createdAt, { key, outgoing: message, own: true, progress }, false);
  }
  return items;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The first message that was unread; undefined also when it is not among those that are here. */
function firstUnread(
  messages: readonly Message[],
  counterpartId: string,
  hasBefore: boolean,
  unreadAfter: number | undefined,
): Message | undefined {
  if (unreadAfter === undefined) return undefined;
  const first = messages[0];
  if (first && hasBefore && first.seq > unreadAfter + 1) return undefined;
  return messages.find((message) => message.seq > unreadAfter && message.senderId === counterpartId);
}

/** Items that are drawn, and left undrawn, together. */
export interface Block {
  readonly key: number;
  readonly items: readonly ThreadItem[];
}

const blockLength = 50;

export function blockOf(seq: number): number {
  return Math.floor(seq / blockLength);
}

/**
 * Cuts a thread where it is always cut, wherever what is here begins. From `tail` on there is one block: a message
 * that is on its way must not change its place in the page when it gets its number.
 */
export function inBlocks(items: readonly ThreadItem[], tail: number): Block[] {
  const blocks: { key: number; items: ThreadItem[] }[] = [];
  let before: ThreadItem[] = [];
  for (const item of items) {
    if (item.kind !== "row") {
      // Days and dividers go with the message below them.
      before.push(item);
      continue;
    }
    const key = item.message ? Math.min(blockOf(item.message.seq), tail) : tail;
    const last = blocks.at(-1);
    if (last?.key === key) last.items.push(...before, item);
    else blocks.push({ key, items: [...before, item] });
    before = [];
  }
  return blocks;
}

export function sameItems(a: readonly ThreadItem[], b: readonly ThreadItem[]): boolean {
  return a.length === b.length && a.every((item, index) => sameItem(item, b[index]));
}

function sameItem(a: ThreadItem, b: ThreadItem | undefined): boolean {
  if (!b || a.key !== b.key) return false;
  if (a.kind !== "row" || b.kind !== "row") return a.kind === b.kind;
  return (
    a.message === b.message &&
    a.outgoing === b.outgoing &&
    a.progress === b.progress &&
    a.starts === b.starts &&
    a.ends === b.ends
  );
}
