// The reducer, case by case; fold.test.ts holds it to what the service says.
import { describe, expect, test } from "vitest";
import type { Conversation, DurableFrame, Inbox, Message } from "../wire";
import type { InnerState } from "./fold";
import { conversationsOf, statusOf } from "./selectors";
import { innerInitialState, reduce, type Action } from "./state";
import type { OutgoingMessage } from "./types";

const me = { id: "me", displayName: "Me" };
const you = { id: "you", displayName: "You" };

function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    conversationId: "c",
    seq,
    revision: 1,
    clientId: `id-${seq}`,
    senderId: you.id,
    content: { kind: "text", text: `message ${seq}` },
    createdAt: `2026-01-01T00:00:${String(seq).padStart(2, "0")}.000Z`,
    status: "sent",
    ...fields,
  };
}

function conversation(fields: Partial<Conversation> = {}): Conversation {
  return {
    id: "c",
    product: null,
    role: "buyer",
    counterpart: you,
    lastSeq: 0,
    lastMessage: null,
    lastActivityAt: "2026-01-01T00:00:00.000Z",
    createdAt: "2026-01-01T00:00:00.000Z",
    readSeq: 0,
    deliveredSeq: 0,
    counterpartReadSeq: 0,
    counterpartDeliveredSeq: 0,
    unreadCount: 0,
    archived: false,
    muted: false,
    blocked: "none",
    ...fields,
  };
}

function inbox(items: Conversation[], position = 0): Inbox {
  return { items, epoch: "e", position, unreadTotal: 0 };
}

function created(position: number, of: Message, count = 0): DurableFrame {
  return { event: "message.created", position, data: { message: of }, unread: { count, total: count } };
}

function after(...actions: Action[]): InnerState {
  return actions.reduce(reduce, innerInitialState);
}

const outgoing: OutgoingMessage = {
  clientId: "mine",
  conversationId: "c",
  content: { kind: "text", text: "hello" },
  createdAt: "2026-01-01T00:01:00.000000Z",
  status: "queued",
};

const begun: Action[] = [
  { type: "identified", me },
  { type: "snapshot", inbox: inbox([conversation()]) },
];
const page = (items: Message[], hasBefore = false, hasAfter = false): Action => ({
  type: "page",
  id: "c",
  page: { conversation: conversation(), items, hasBefore, hasAfter },
});
const opened: Action[] = [...begun, { type: "opening", id: "c" }, page([])];
const texts = (state: InnerState) => state.threads["c"]?.messages.map(({ seq }) => seq);

describe("events", () => {
  test("one that is next is folded, one that was or that is early changes nothing", () => {
    const state = after(...opened, { type: "event", frame: created(1, message(1), 1) });
    expect(state.position).toBe(1);
    expect(state.unreadTotal).toBe(1);
    expect(state.conversations["c"]).toMatchObject({ lastSeq: 1, unreadCount: 1, lastActivityAt: message(1).createdAt });
    expect(reduce(state, { type: "event", frame: created(1, message(1), 9) })).toBe(state);
    expect(reduce(state, { type: "event", frame: created(3, message(3), 9) })).toBe(state);
  });

  test("the higher revision of a message stays, whichever comes last", () => {
    const edited = message(1, { revision: 2, content: { kind: "text", text: "edited" } });
    const update = (position: number, of: Message): Action => ({
      type: "event",
      frame: { event: "message.updated", position, data: { message: of }, unread: { count: 0, total: 0 } },
    });
    const state = after(...opened, { type: "event", frame: created(1, edited) }, update(2, message(1)));
    expect(state.threads["c"]?.messages).toEqual([edited]);
    expect(state.conversations["c"]?.lastMessage).toEqual(edited);
  });

  test("cursors never go back, and say how far a message has come", () => {
    const moved = (position: number, readSeq: number, deliveredSeq: number): Action => ({
      type: "event",
      frame: {
        event: "cursor.moved",
        position,
        data: { conversationId: "c", userId: you.id, readSeq, deliveredSeq },
        unread: { count: 0, total: 0 },
      },
    });
    const mine = message(2, { senderId: me.id });
    const state = after(...opened, moved(1, 1, 2), moved(2, 0, 1));
    const known = state.conversations["c"];
    expect(known).toMatchObject({ counterpartReadSeq: 1, counterpartDeliveredSeq: 2 });
    expect(known && statusOf(mine, known)).toBe("delivered");
    expect(known && statusOf({ ...mine, seq: 1 }, known)).toBe("read");
    expect(known && statusOf({ ...mine, seq: 3 }, known)).toBe("sent");
  });

  test("something in a conversation that is not known makes it missing until it is fetched late enough", () => {
    const elsewhere = message(5, { conversationId: "d" });
    const known = after(...begun, { type: "event", frame: created(1, elsewhere) });
    expect(known.missing).toEqual({ d: 1 });
    const fetched = (asOf: number): Action => ({ type: "fetched", conversation: conversation({ id: "d" }), asOf });
    expect(reduce(known, fetched(0))).toBe(known);
    const found = reduce(known, fetched(1));
    expect(found.missing).toEqual({});
    expect(found.conversations["d"]).toBeDefined();
  });

  test("a message that came while a page was on its way is in its place once the page is there", () => {
    const state = after(
      ...begun,
      { type: "opening", id: "c" },
      { type: "event", frame: created(1, message(3)) },
      page([message(1), message(2)]),
    );
    expect(texts(state)).toEqual([1, 2, 3]);
  });

  test("a message beyond a hole waits for the page that closes it", () => {
    const state = after(...opened, { type: "event", frame: created(1, message(2)) });
    expect(texts(state)).toEqual([]);
    const closed = reduce(state, { ...page([message(1), message(2)]), end: "after" } as Action);
    expect(texts(closed)).toEqual([1, 2]);
  });

  test("a message of the counterpart ends their typing", () => {
    const typing: Action = { type: "typing", id: "c", active: true };
    const state = after(...opened, typing, { type: "event", frame: created(1, message(1)) });
    expect(state.typing).toEqual({});
  });
});

describe("the outbox", () => {
  const stored = message(1, { senderId: me.id, clientId: "mine" });

  test.each<[string, Action[]]>([
    ["its answer", [{ type: "stored", message: stored }]],
    ["its event", [{ type: "event", frame: created(1, stored) }]],
    ["both", [{ type: "event", frame: created(1, stored) }, { type: "stored", message: stored }]],
    ["a page that has it", [page([stored])]],
  ])("a message leaves it by %s, and is shown once", (_, actions) => {
    const state = after(...opened, { type: "outgoing", message: outgoing }, ...actions);
    expect(state.outbox["c"]).toEqual([]);
    expect(texts(state)).toEqual([1]);
  });

  test("a message whose predecessor is still to come stays in sight", () => {
    const second = message(2, { senderId: me.id, clientId: "mine" });
    const state = after(...opened, { type: "outgoing", message: outgoing }, { type: "stored", message: second });
    expect(state.outbox["c"]).toHaveLength(1);
    const complete = [message(1), second].reduce(
      (next, of, place) => reduce(next, { type: "event", frame: created(place + 1, of) }),
      state,
    );
    expect(complete.outbox["c"]).toEqual([]);
    expect(texts(complete)).toEqual([1, 2]);
  });

  test("a late word on a message that is stored does not bring it back", () => {
    const state = after(...opened, { type: "event", frame: created(1, stored) });
    expect(reduce(state, { type: "outgoing", message: { ...outgoing, status: "sending" } })).toBe(state);
  });

  test("messages keep the order in which they were written", () => {
    const later = { ...outgoing, clientId: "later", createdAt: "2026-01-01T00:01:00.000001Z" };
    const state = after(...begun, { type: "outgoing", message: later }, { type: "outgoing", message: outgoing });
    expect(state.outbox["c"]?.map(({ clientId }) => clientId)).toEqual(["mine", "later"]);
  });
});

describe("lists", () => {
  const at = (id: string, second: number) =>
    conversation({ id, lastActivityAt: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z` });

  test("what is older than the pages that were fetched is not listed yet", () => {
    const first: Action = { type: "snapshot", inbox: { ...inbox([at("b", 9), at("a", 8)]), nextCursor: "next" } };
    const state = after(first, { type: "fetched", conversation: at("old", 1) });
    expect(conversationsOf(state.conversations, state.inbox).map(({ id }) => id)).toEqual(["b", "a"]);
    const second = reduce(state, { type: "listed", list: "inbox", page: inbox([at("old", 1)]) });
    expect(conversationsOf(second.conversations, second.inbox).map(({ id }) => id)).toEqual(["b", "a", "old"]);
    expect(second.inbox.hasMore).toBe(false);
  });

  test("an empty last page leaves what was listed", () => {
    const first: Action = { type: "snapshot", inbox: { ...inbox([at("b", 9)]), nextCursor: "next" } };
    const state = after(first, { type: "listed", list: "inbox", page: inbox([]) });
    expect(conversationsOf(state.conversations, state.inbox)).toHaveLength(1);
  });

  test("times with 3 and with 6 digits are compared as times", () => {
    const short = conversation({ id: "short", lastActivityAt: "2026-01-01T00:00:00.120Z" });
    const long = conversation({ id: "long", lastActivityAt: "2026-01-01T00:00:00.120001Z" });
    const state = after({ type: "snapshot", inbox: inbox([short, long]) });
    expect(conversationsOf(state.conversations, state.inbox).map(({ id }) => id)).toEqual(["long", "short"]);
  });
});

describe("a new snapshot", () => {
  test("keeps what is shown in sight until it is fetched anew", () => {
    const known = after(...opened, { type: "event", frame: created(1, message(1)) });
    const state = reduce(known, { type: "snapshot", inbox: inbox([], 7) });
    expect(state.position).toBe(7);
    expect(state.conversations["c"]).toBeDefined();
    expect(state.threads["c"]).toMatchObject({ stale: true, messages: [message(1)] });
    expect(state.missing).toEqual({ c: 7 });
  });

  test("a thread that is fetched anew keeps the messages that did not change as they are", () => {
    const first = message(1);
    const known = after(...opened, { type: "event", frame: created(1, first) });
    const state = [page([{ ...first }, message(2)])].reduce(reduce, known);
    expect(state.threads["c"]?.messages[0]).toBe(first);
  });
});

test("a page that fails at one end leaves the thread as it is", () => {
  const error = { code: "network", detail: "", status: 0 } as const;
  const state = after(
    ...opened,
    { type: "fetching", id: "c", end: "before" },
    { type: "thread-failed", id: "c", error },
  );
  expect(state.threads["c"]).toMatchObject({ status: "ready", error });
  expect(state.threads["c"]?.fetching).toBeUndefined();
});
