// The stream through the client: gaps, what came early or was forgotten, and beginning anew.
import { describe, expect, test } from "vitest";
import type { DurableFrame } from "../wire";
import { clientOf, inFakeTime, liveClient, pass, statusOf, textsOf } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

/** A client that looks at a conversation, over a connection that the test can lose frames of. */
async function watching({ texts = [] as string[] } = {}) {
  const service = new FakeService();
  const id = service.converse("ann", "bob", texts);
  const client = await liveClient(service, "ann");
  client.open(id);
  await pass();
  const socket = service.sockets.at(-1) ?? expect.fail("no socket");
  /** Stores messages without their frames coming through; gives the frames. */
  const lose = async (...lost: string[]): Promise<DurableFrame[]> => {
    const since = service.position("ann");
    socket.isDead = true;
    for (const text of lost) service.write(id, "bob", text);
    await pass();
    socket.isDead = false;
    return service.frames("ann", since);
  };
  return { service, id, client, socket, lose };
}

describe("a gap", () => {
  test("that late frames close costs no call", async () => {
    const { service, id, client, socket, lose } = await watching();
    const [first, second, third] = await lose("one", "two", "three");
    for (const frame of [third, first, third]) socket.receive(frame ?? {});
    await pass(200);
    expect(textsOf(client, id)).toEqual(["one"]);
    socket.receive(second ?? {});
    await pass(1_000);
    expect(textsOf(client, id)).toEqual(["one", "two", "three"]);
    expect(service.times("GET /messages/sync")).toBe(0);
  });

  test("that stays for 300 ms is fetched", async () => {
    const { service, id, client, lose } = await watching();
    await lose("one", "two");
    service.write(id, "bob", "three");
    await pass(299);
    expect(service.times("GET /messages/sync")).toBe(0);
    await pass(1);
    expect(textsOf(client, id)).toEqual(["one", "two", "three"]);
    expect(service.times("GET /messages/sync")).toBe(1);
  });

  test("at the end is found by the heartbeat", async () => {
    const { service, id, client, socket, lose } = await watching();
    await lose("one");
    socket.receive({ event: "heartbeat", data: { position: service.position("ann") } });
    await pass(300);
    expect(textsOf(client, id)).toEqual(["one"]);
  });

  test("of many pages is fetched page by page", async () => {
    const { service, id, client, lose } = await watching();
    service.syncMost = 3;
    const texts = Array.from({ length: 10 }, (_, place) => `text ${place}`);
    await lose(...texts);
    service.write(id, "bob", "last");
    await pass(300);
    expect(textsOf(client, id)).toEqual([...texts, "last"]);
    expect(service.times("GET /messages/sync")).toBe(4);
  });

  test("that cannot be fetched is asked for less and less often, and closes when it can", async () => {
    const { service, id, client, lose } = await watching();
    const end = service.refuse("GET /messages/sync", { code: "internal", status: 500 });
    await lose("one");
    service.write(id, "bob", "two");
    await pass(60_000);
    expect(service.times("GET /messages/sync")).toBeLessThan(12);
    end();
    await pass(15_000);
    expect(textsOf(client, id)).toEqual(["one", "two"]);
  });

  test("is not asked for before the service wants to be asked", async () => {
    const { service, id, lose } = await watching();
    service.refuse("GET /messages/sync", { code: "rate_limited", status: 429, retryAfterMs: 20_000 });
    await lose("one");
    service.write(id, "bob", "two");
    await pass(300 + 19_999);
    expect(service.times("GET /messages/sync")).toBe(1);
    await pass(1);
    expect(service.times("GET /messages/sync")).toBe(2);
  });
});

describe("what came early", () => {
  test("is kept within bounds, and more than that is fetched in its turn", async () => {
    const { service, id, client, socket, lose } = await watching();
    const [first, ...rest] = await lose(...Array.from({ length: 1_500 }, (_, place) => `text ${place}`));
    for (const frame of rest) socket.receive(frame);
    socket.receive(first ?? {});
    await pass(1_000);
    expect(client.getState().position).toBe(service.position("ann"));
    expect(textsOf(client, id)).toHaveLength(1_500);
  });

  test("before the first snapshot is folded into it, and not twice", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob", ["zero"]);
    const client = await liveClient(service, "ann");
    const letGo = service.hold("GET /messages/conversations");
    client.open(id);
    service.restore();
    service.sockets.at(-1)?.end(4204);
    await pass(300);
    service.write(id, "bob", "one");
    service.write(id, "bob", "two");
    await pass();
    expect(statusOf(client)).toBe("catching-up");
    letGo();
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(textsOf(client, id)).toEqual(["zero", "one", "two"]);
    expect(client.getState().position).toBe(2);
    expect(client.getState().conversations[id]).toEqual(service.view(id, "ann"));
  });
});

describe("a new beginning", () => {
  test("is made when the log does not reach back", async () => {
    const { service, id, client, lose } = await watching();
    await lose("one");
    service.write(id, "bob", "two");
    service.forgotten = service.position("ann");
    await pass(300);
    expect(textsOf(client, id)).toEqual(["one", "two"]);
    expect(client.getState().position).toBe(service.position("ann"));
    expect(client.getState().conversations[id]).toEqual(service.view(id, "ann"));
  });

  test("is made when the session was not resumed, and only then the client is live", async () => {
    const { service, id, client, socket } = await watching({ texts: ["one"] });
    await pass(20_000);
    service.replayMost = 0;
    socket.end(4201);
    service.write(id, "bob", "two");
    const letGo = service.hold("GET /messages/conversations?limit");
    await pass(1_000);
    expect(statusOf(client)).toBe("catching-up");
    expect(textsOf(client, id)).toEqual(["one"]);
    letGo();
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(textsOf(client, id)).toEqual(["one", "two"]);
  });

  test("is made when the service's positions start afresh under a connection", async () => {
    const { service, client, socket } = await watching({ texts: ["one", "two"] });
    await pass(20_000);
    service.restore();
    socket.end(4204);
    await pass(1);
    expect(statusOf(client)).toBe("live");
    expect(client.getState()).toMatchObject({ epoch: "epoch-2", position: 0 });
  });

  test("is tried until it comes about, without haste and whatever happens", async () => {
    const { service, id, client, socket } = await watching({ texts: ["one"] });
    await pass(20_000);
    const end = service.cut("GET /messages/conversations?limit");
    service.replayMost = 0;
    socket.end(4201);
    service.write(id, "bob", "two");
    const before = service.times("GET /messages/conversations");
    await pass(60_000);
    expect(statusOf(client)).toBe("catching-up");
    expect(service.times("GET /messages/conversations") - before).toBeLessThan(12);
    end();
    await pass(15_000);
    expect(statusOf(client)).toBe("live");
    expect(textsOf(client, id)).toEqual(["one", "two"]);
  });

  test("does not take what was asked for before the reason for it", async () => {
    const { service, client, socket } = await watching({ texts: ["one"] });
    await pass(20_000);
    service.replayMost = 0;
    const letGo = service.delay("GET /messages/conversations?limit");
    socket.end(4201);
    await pass(1);
    service.restore();
    service.sockets.at(-1)?.end(4204);
    await pass(1_000);
    letGo();
    await pass(1_000);
    expect(client.getState()).toMatchObject({ epoch: "epoch-2", position: 0 });
    expect(statusOf(client)).toBe("live");
  });

  test("does not shorten the list", async () => {
    const service = new FakeService();
    for (let each = 0; each < 60; each++) service.converse("ann", `seller-${each}`, ["hello"]);
    const client = await liveClient(service, "ann");
    await client.loadConversations();
    expect(Object.keys(client.getState().conversations)).toHaveLength(50);
    await pass(20_000);
    service.replayMost = -1;
    service.sockets.at(-1)?.end(4201);
    await pass(1);
    expect(statusOf(client)).toBe("live");
    expect(Object.keys(client.getState().conversations)).toHaveLength(50);
    expect(client.getState().inbox.hasMore).toBe(true);
  });
});

test("an event of a newer service has its place in the stream, and changes nothing else", async () => {
  const { service, id, client } = await watching({ texts: ["one"] });
  const before = client.getState().conversations[id];
  service.tellUnknown(id);
  await pass();
  expect(client.getState().conversations[id]).toEqual(before);
  service.write(id, "bob", "two");
  await pass(1_000);
  expect(textsOf(client, id)).toEqual(["one", "two"]);
  expect(service.times("GET /messages/sync")).toBe(0);
});

test("the first page of the list is the snapshot, asked for once", async () => {
  const service = new FakeService();
  service.converse("ann", "bob", ["hello"]);
  const client = clientOf(service, "ann");
  client.start();
  await client.loadConversations();
  await pass();
  expect(service.times("GET /messages/conversations")).toBe(1);
  expect(client.getState().inbox).toMatchObject({ status: "ready", hasMore: false });
});
