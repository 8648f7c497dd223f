// What is on its way: in order, once, under one id, whatever happens to the connection.
import { describe, expect, test, vi } from "vitest";
import { inFakeTime, liveClient, pass, statusOf, textsOf, waitingOf } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

async function chatting() {
  const service = new FakeService();
  const id = service.converse("ann", "bob");
  const client = await liveClient(service, "ann");
  client.open(id);
  await pass();
  const storedIn = (conversation = id): string[] =>
    service.messages(conversation).map(({ content }) => (content.kind === "text" ? content.text : ""));
  return { service, id, client, storedIn };
}

describe("messages", () => {
  test("are shown at once, sent over the socket, and shown once when they are stored", async () => {
    const { service, id, client } = await chatting();
    const shown: string[][] = [];
    client.subscribe(() => {
      const { outbox, threads } = client.getState();
      const stored = (threads[id]?.messages ?? []).map(({ clientId }) => clientId);
      const waiting = (outbox[id] ?? []).map(({ clientId }) => clientId).filter((one) => !stored.includes(one));
      shown.push([...stored, ...waiting]);
    });
    const { clientId } = client.send(id, " hello\r\nthere ");
    expect(waitingOf(client, id)).toEqual(["hello\nthere: sending"]);
    await pass();
    expect(waitingOf(client, id)).toEqual([]);
    expect(textsOf(client, id)).toEqual(["hello\nthere"]);
    expect(service.messages(id)[0]?.clientId).toBe(clientId);
    expect(new Set(shown.map(String))).toEqual(new Set([clientId]));
    expect(service.times("POST /messages/send")).toBe(0);
  });

  test("without a word are refused", async () => {
    const { client, id } = await chatting();
    expect(() => client.send(id, " \n ")).toThrow(RangeError);
  });

  test("of one conversation are sent one after the other, of two at once", async () => {
    const { service, id, client, storedIn } = await chatting();
    const other = service.converse("ann", "carol");
    const letGo = service.hold("message.send");
    for (const text of ["one", "two", "three"]) client.send(id, text);
    client.send(other, "elsewhere");
    await pass();
    expect(service.times("message.send")).toBe(2);
    expect(waitingOf(client, id)).toEqual(["one: sending", "two: queued", "three: queued"]);
    letGo();
    await pass();
    expect(storedIn()).toEqual(["one", "two", "three"]);
    expect(storedIn(other)).toEqual(["elsewhere"]);
  });

  test("keep their order within a millisecond, and when the clock goes back", async () => {
    const { id, client } = await chatting();
    const first = client.send(id, "one");
    vi.setSystemTime(Date.now() - 3_600_000);
    const second = client.send(id, "two");
    expect(second.createdAt > first.createdAt).toBe(true);
    expect(second.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test("that are far too long are refused, and end no connection", async () => {
    const { service, id, client } = await chatting();
    client.send(id, "x".repeat(100_000));
    await pass();
    expect(client.getState().outbox[id]?.[0]).toMatchObject({ status: "failed", error: { code: "too_long" } });
    expect(service.times("message.send")).toBe(0);
  });
});

describe("what may succeed later", () => {
  test.each([
    { code: "internal", status: 500 },
    { code: "overloaded", status: 503 },
    { code: "rate_limited", status: 429 },
    { code: "unauthenticated", status: 401 },
  ] as const)("$status is tried again under the same id, before what was written after it", async (refusal) => {
    const { service, id, client, storedIn } = await chatting();
    const end = service.refuse("message.send", refusal);
    const { clientId } = client.send(id, "one");
    client.send(id, "two");
    await pass(700);
    expect(service.times("message.send")).toBeGreaterThan(1);
    expect(waitingOf(client, id)).toEqual(["one: queued", "two: queued"]);
    end();
    await pass(1_000);
    expect(storedIn()).toEqual(["one", "two"]);
    expect(service.messages(id)[0]?.clientId).toBe(clientId);
  });

  test("waits as long as the service has said", async () => {
    const { service, id, client, storedIn } = await chatting();
    const end = service.refuse("message.send", { code: "rate_limited", status: 429, retryAfterMs: 7_000 });
    client.send(id, "one");
    await pass();
    end();
    await pass(6_999);
    expect(service.times("message.send")).toBe(1);
    await pass(1);
    expect(storedIn()).toEqual(["one"]);
  });

  test("waits as long as the service has said while it is polled, too", async () => {
    const { service, id, client } = await chatting();
    service.hasWebSocket = false;
    service.sockets.at(-1)?.end(1006);
    await pass(3_000);
    expect(statusOf(client)).toBe("polling");
    service.refuse("POST /messages/send", { code: "rate_limited", status: 429, retryAfterMs: 60_000 });
    client.send(id, "one");
    await pass(59_999);
    expect(service.times("POST /messages/send")).toBe(1);
    await pass(1);
    expect(service.times("POST /messages/send")).toBe(2);
  });

  test("is stored once when only the answer was lost", async () => {
    const { service, id, client, storedIn } = await chatting();
    client.send(id, "one");
    const socket = service.sockets.at(-1);
    await Promise.resolve();
    if (socket) socket.isDead = true;
    await pass();
    expect(waitingOf(client, id)).toEqual(["one: sending"]);
    await pass(10_000);
    expect(waitingOf(client, id)).toEqual(["one: queued"]);
    await pass(60_000);
    expect(storedIn()).toEqual(["one"]);
    expect(textsOf(client, id)).toEqual(["one"]);
    expect(waitingOf(client, id)).toEqual([]);
  });

  test("goes at once when the connection is back, and never twice at once", async () => {
    const { service, id, client, storedIn } = await chatting();
    await pass(20_000);
    const letGo = service.hold("message.send");
    client.send(id, "one");
    await pass();
    service.sockets.at(-1)?.end(4201);
    await pass(1);
    expect(statusOf(client)).toBe("live");
    expect(service.times("message.send")).toBe(2);
    letGo();
    await pass();
    expect(storedIn()).toEqual(["one"]);
    expect(waitingOf(client, id)).toEqual([]);
  });
});

describe("a refusal", () => {
  test("is final, says why, and does not hold up what was written after it", async () => {
    const { service, id, client, storedIn } = await chatting();
    const end = service.refuse("message.send", { code: "blocked", status: 403 });
    const { clientId } = client.send(id, "one");
    await pass();
    expect(client.getState().outbox[id]).toMatchObject([{ clientId, status: "failed", error: { code: "blocked", status: 403 } }]);
    end();
    client.send(id, "two");
    await pass(60_000);
    expect(storedIn()).toEqual(["two"]);
    expect(waitingOf(client, id)).toEqual(["one: failed"]);
  });

  test("can be tried again under the same id, or forgotten", async () => {
    const { service, id, client, storedIn } = await chatting();
    const end = service.refuse("message.send", { code: "blocked", status: 403 });
    const one = client.send(id, "one");
    const two = client.send(id, "two");
    await pass();
    end();
    client.discard(two.clientId);
    client.retry(one.clientId);
    client.retry(one.clientId);
    client.discard(one.clientId);
    await pass();
    expect(storedIn()).toEqual(["one"]);
    expect(service.messages(id)[0]?.clientId).toBe(one.clientId);
    expect(client.getState().outbox[id]).toEqual([]);
  });
});

describe("an answer", () => {
  test("for a conversation that is not known changes no list", async () => {
    const { service, id, client } = await chatting();
    const other = service.converse("ann", "carol");
    await pass();
    const socket = service.sockets.at(-1);
    expect(client.getState().conversations[other]).toBeDefined();
    if (socket) socket.isDead = true;
    client.stop();
    await pass();
    const message = { ...service.write(id, "ann", "hello") };
    expect(message.seq).toBe(1);
    const before = client.getState();
    await pass(1_000);
    expect(client.getState()).toBe(before);
  });

  test("that comes before the events it follows leaves no hole and nothing out of place", async () => {
    const { service, id, client } = await chatting();
    const socket = service.sockets.at(-1) ?? expect.fail("no socket");
    socket.isDead = true;
    const since = service.position("ann");
    service.write(id, "bob", "one");
    service.write(id, "bob", "two");
    await pass();
    socket.isDead = false;
    const letGo = service.hold("GET /messages/conversations/");
    client.send(id, "three");
    await pass();
    expect(textsOf(client, id)).toEqual([]);
    expect(waitingOf(client, id)).toEqual(["three: sending"]);
    for (const frame of service.frames("ann", since)) socket.receive(frame);
    await pass();
    expect(textsOf(client, id)).toEqual(["one", "two", "three"]);
    expect(waitingOf(client, id)).toEqual([]);
    letGo();
    await pass();
    expect(textsOf(client, id)).toEqual(["one", "two", "three"]);
  });
});
