import { describe, expect, test } from "vitest";
import type { OutgoingMessage } from "../../client/types";
import type { Content, Conversation, Message } from "../../wire";
import { blockOf, inBlocks, layOut, type Row, type Thread } from "./thread-layout";

const noon = new Date(2026, 2, 2, 12).getTime();
let lastSeq = 0;

function message(senderId: string, minutes: number, content: Content = { kind: "text", text: "x" }): Message {
  const seq = ++lastSeq;
  return {
    conversationId: "c", seq, revision: 1, clientId: `id-${seq}`, senderId, content, status: "sent",
    createdAt: new Date(noon + minutes * 60_000).toISOString(),
  };
}

const conversation: Conversation = {
  id: "c", counterpart: { id: "ines", displayName: "Inès" }, product: null, role: "buyer", lastSeq: 0, lastMessage: null,
  lastActivityAt: "", createdAt: "", readSeq: 0, deliveredSeq: 0, counterpartReadSeq: 0, counterpartDeliveredSeq: 0,
  unreadCount: 0, archived: false, muted: false, blocked: "none",
};

function thread(messages: Message[], more: Partial<Thread> = {}): Thread {
  return { messages, outgoing: [], conversation, hasBefore: false, ...more };
}

function outgoing(clientId: string, minutes: number): OutgoingMessage {
  return {
    clientId, conversationId: "c", content: { kind: "text", text: "x" }, status: "sending",
    createdAt: new Date(noon + minutes * 60_000).toISOString(),
  };
}

const rows = (laid: ReturnType<typeof layOut>) => laid.filter((item): item is Row => item.kind === "row");
const groups = (laid: ReturnType<typeof layOut>) => rows(laid).map(({ starts, ends }) => [starts, ends]);

describe("the layout of a thread", () => {
  test("one author's messages within five minutes are a group", () => {
    const laid = layOut(thread([message("ines", 0), message("ines", 4), message("ines", 10), message("camille", 11)]));
    expect(groups(laid)).toEqual([[true, false], [false, true], [true, true], [true, true]]);
  });

  test("each day begins with its name", () => {
    const laid = layOut(thread([message("ines", 0), message("ines", 1), message("ines", 24 * 60)]));
    expect(laid.map(({ kind }) => kind)).toEqual(["day", "row", "row", "day", "row"]);
  });

  test("keys are unique, also when a clock went back or the counterpart took an id of ours", () => {
    const own = message("camille", 2);
    const laid = layOut(thread([message("ines", 0), message("ines", -24 * 60), { ...message("ines", 1), clientId: own.clientId }, own]));
    expect(new Set(laid.map(({ key }) => key)).size).toBe(laid.length);
  });

  test("the divider stands above the first unread message of the counterpart and begins a group", () => {
    const messages = [message("ines", 0), message("camille", 1), message("ines", 2), message("ines", 3)];
    const laid = layOut(thread(messages, { unreadAfter: messages[0]?.seq }));
    const at = laid.findIndex(({ kind }) => kind === "unread");
    expect(laid[at + 1]).toMatchObject({ message: messages[2], starts: true });
  });

  test("there is no divider while the first unread message has not been fetched", () => {
    const messages = [message("ines", 0), message("ines", 1)];
    const first = messages[0]?.seq ?? 0;
    const laid = (unreadAfter: number) => layOut(thread(messages, { hasBefore: true, unreadAfter })).map(({ kind }) => kind);
    expect(laid(first - 5)).not.toContain("unread");
    expect(laid(first - 1)).toContain("unread");
  });

  test("a message that is stored and still in the outbox is there once, under the same key", () => {
    const stored = message("camille", 0);
    const before = rows(layOut(thread([], { outgoing: [outgoing(stored.clientId, 0)] })));
    const both = rows(layOut(thread([stored], { outgoing: [outgoing(stored.clientId, 0)] })));
    expect(both).toHaveLength(1);
    expect(both[0]?.key).toBe(before[0]?.key);
    expect(both[0]?.message).toBe(stored);
  });

  test("a notice of the marketplace stands alone", () => {
    const laid = layOut(thread([message("ines", 0), message("ines", 1, { kind: "system", code: "sold", params: {} }), message("ines", 2)]));
    expect(groups(laid)).toEqual([[true, true], [true, true], [true, true]]);
  });

  test("one's own messages say how far they have come", () => {
    const messages = [message("camille", 0), message("camille", 1), message("camille", 2)];
    const [first = 0, second = 0] = messages.map(({ seq }) => seq);
    const cursors = { ...conversation, counterpartReadSeq: first, counterpartDeliveredSeq: second };
    const laid = layOut(thread(messages, { conversation: cursors, outgoing: [outgoing("new", 3)] }));
    expect(rows(laid).map(({ progress }) => progress)).toEqual(["read", "delivered", "sent", "sending"]);
  });
});

describe("the blocks of a thread", () => {
  const messages = Array.from({ length: 180 }, (_, index) => ({ ...message("ines", index), seq: index + 20 }));
  const keys = (laid: ReturnType<typeof layOut>, tail: number) => inBlocks(laid, tail).map(({ key }) => key);

  test("are cut at the same messages wherever what is here begins", () => {
    const all = inBlocks(layOut(thread(messages)), Infinity);
    const later = inBlocks(layOut(thread(messages.slice(70))), Infinity);
    expect(all.map(({ key }) => key)).toEqual([0, 1, 2, 3]);
    expect(later.at(-1)?.items.map(({ key }) => key)).toEqual(all.at(-1)?.items.map(({ key }) => key));
  });

  test("hold everything, in order", () => {
    const laid = layOut(thread(messages));
    expect(inBlocks(laid, Infinity).flatMap(({ items }) => items)).toEqual(laid);
  });

  test("end with one that a message does not leave when it gets its number", () => {
    const tail = blockOf(60);
    const waiting = layOut(thread(messages.slice(0, 79), { outgoing: [outgoing("new", 80)] }));
    const stored = layOut(thread([...messages.slice(0, 80), { ...message("camille", 80), clientId: "new", seq: 100 }]));
    expect(keys(waiting, tail)).toEqual([0, 1]);
    expect(keys(stored, tail)).toEqual([0, 1]);
  });
});
