// Where the days, the unread divider and the groups of a thread are.
import type { OutgoingMessage } from "../../client/types";
import type { Message } from "../../wire";
import { dayOf } from "../format";

/** A message that is stored, or on its way. The key stays when the one becomes the other. */
export interface Row {
  readonly kind: "row";
  readonly key: string;
  readonly message?: Message;
  readonly outgoing?: OutgoingMessage;
  readonly own: boolean;
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
  readonly counterpartId: string;
  readonly hasBefore: boolean;
  /** What was read when the thread was opened, if something was not. */
  readonly unreadAfter?: number;
}

const groupMs = 5 * 60_000;

export function layOut({ messages, outgoing, counterpartId, hasBefore, unreadAfter }: Thread): ThreadItem[] {
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
    add(message.createdAt, { key, message, own }, message.content.kind === "system");
  }
  for (const message of outgoing) {
    // For a moment a message may be both in the thread and in the outbox.
    if (stored.has(message.clientId)) continue;
    add(message.createdAt, { key: message.clientId, outgoing: message, own: true }, false);
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
