// How news comes when no socket can be had, when nothing can be had, and how the client says so.
import { describe, expect, test, vi } from "vitest";
import { clientOf, inFakeTime, liveClient, pass, statusOf, textsOf } from "./testing/clients";
import { FakeService, tokenOf } from "./testing/fake-service";

inFakeTime();

async function polled() {
  const service = new FakeService();
  service.hasWebSocket = false;
  const id = service.converse("ann", "bob");
  const client = await liveClient(service, "ann");
  client.open(id);
  await pass(3_000);
  return { service, id, client };
}

describe("without WebSocket", () => {
  test("the client polls after two attempts, and still tries", async () => {
    const service = new FakeService();
    service.hasWebSocket = false;
    const client = await liveClient(service, "ann");
    expect(statusOf(client)).toBe("connecting");
    await pass(250);
    expect(statusOf(client)).toBe("polling");
    expect(client.getState().connection).toEqual({ status: "polling" });
    const before = service.sockets.length;
    await pass(60_000);
    expect(service.sockets.length - before).toBeGreaterThan(2);
    expect(statusOf(client)).toBe("polling");
  });

  test("all works, a few seconds later, and what comes is new", async () => {
    const { service, id, client } = await polled();
    const heard = vi.fn();
    client.onIncoming(heard);
    service.write(id, "bob", "hello");
    await pass(3_000);
    expect(textsOf(client, id)).toEqual(["hello"]);
    expect(heard).toHaveBeenCalledTimes(1);
    client.send(id, "hi");
    client.markRead(id, 1);
    await pass();
    expect(textsOf(client, id)).toEqual(["hello", "hi"]);
    expect(client.getState().conversations[id]).toEqual(service.view(id, "ann"));
    expect(client.getState().presence).toEqual({});
  });

  test("the service is asked every three seconds, and nothing changes when there is nothing new", async () => {
    const { service, client } = await polled();
    const before = service.times("GET /messages/sync");
    const state = client.getState();
    await pass(30_000);
    expect(service.times("GET /messages/sync") - before).toBe(10);
    expect(client.getState()).toBe(state);
  });

  test("what is done is seen at once, even while something else is being asked for", async () => {
    const { service, id, client } = await polled();
    const letGo = service.delay("GET /messages/sync");
    await pass(3_000);
    await client.configure(id, { muted: true });
    expect(client.getState().conversations[id]?.muted).toBe(false);
    letGo();
    await pass();
    expect(client.getState().conversations[id]?.muted).toBe(true);
  });

  test("the client is live again as soon as it can be", async () => {
    const { service, id, client } = await polled();
    const seen: string[] = [];
    client.subscribe(() => seen.at(-1) !== statusOf(client) && seen.push(statusOf(client)));
    service.hasWebSocket = true;
    service.write(id, "bob", "hello");
    await pass(30_000);
    expect(seen.filter((status) => status !== "polling")).toEqual(["catching-up", "live"]);
    expect(textsOf(client, id)).toEqual(["hello"]);
    const asked = service.times("GET /messages/sync");
    await pass(60_000);
    expect(service.times("GET /messages/sync")).toBe(asked);
  });

  test("the client says that it is offline when HTTP fails too, and when it will try again", async () => {
    const { service, id, client } = await polled();
    service.isDown = true;
    await pass(30_000);
    const { status, retryAt = 0 } = client.getState().connection;
    expect(status).toBe("offline");
    expect(retryAt).toBeGreaterThan(Date.now());
    const seen = new Set<string>();
    client.subscribe(() => seen.add(statusOf(client)));
    await pass(120_000);
    expect([...seen]).toEqual(["offline"]);
    service.isDown = false;
    service.write(id, "bob", "hello");
    await pass(30_000);
    expect(statusOf(client)).toBe("polling");
    expect(textsOf(client, id)).toEqual(["hello"]);
  });

  test("the client is signed out when HTTP says so", async () => {
    const { service, client } = await polled();
    service.refuse("GET /messages/sync", { code: "unauthenticated", status: 401 });
    await pass(3_000);
    expect(statusOf(client)).toBe("signed-out");
  });
});

describe("while the service cannot be reached", () => {
  test("from the start, the client waits longer and longer and loads when it can", async () => {
    const service = new FakeService();
    service.isDown = true;
    const id = service.converse("ann", "bob", ["hello"]);
    const client = await liveClient(service, "ann");
    expect(client.getState().connection).toEqual({ status: "offline", retryAt: Date.now() + 250 });
    client.open(id);
    await pass(60_000);
    expect(service.times("GET /auth/me")).toBeLessThan(12);
    service.isDown = false;
    client.reconnect();
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(textsOf(client, id)).toEqual(["hello"]);
  });

  test("and wants to be left alone for a while, it is", async () => {
    const service = new FakeService();
    const end = service.refuse("GET", { code: "overloaded", status: 503, retryAfterMs: 9_000 });
    const client = await liveClient(service, "ann");
    expect(client.getState().connection).toEqual({ status: "offline", retryAt: Date.now() + 9_000 });
    end();
    await pass(8_999);
    expect(service.times("GET /auth/me")).toBe(1);
    await pass(1);
    expect(statusOf(client)).toBe("live");
  });

  test("messages that were missed come as such, not as new", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await liveClient(service, "ann");
    const heard: string[] = [];
    client.onIncoming(({ message }) => heard.push(message.content.kind === "text" ? message.content.text : ""));
    service.isDown = true;
    service.sockets.at(-1)?.end(1006);
    service.write(id, "bob", "missed");
    await pass(60_000);
    service.isDown = false;
    await pass(30_000);
    expect(statusOf(client)).toBe("live");
    service.write(id, "bob", "new");
    service.write(id, "ann", "my own, from elsewhere");
    await pass();
    expect(heard).toEqual(["new"]);
  });
});

describe("starting and stopping", () => {
  test("in quick succession makes one client with one connection", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = clientOf(service, "ann", { shareConnection: true });
    client.start();
    client.stop();
    client.start();
    client.start();
    await Promise.resolve();
    client.stop();
    client.start();
    await pass();
    expect(service.sockets).toHaveLength(1);
    client.open(id);
    client.send(id, "hello");
    await pass();
    expect(service.messages(id)).toHaveLength(1);
    expect(statusOf(client)).toBe("live");
  });

  test("at any moment leaves nothing that comes late to change anything", async () => {
    const moments = [
      "GET /auth/me", "GET /messages/conversations?limit", "late GET /messages/conversations?limit", "GET /messages/sync",
      "late GET /messages/sync", "room.join", "message.send", "late GET /messages/conversations/",
    ];
    for (const moment of moments) {
      const service = new FakeService();
      const id = service.converse("ann", "bob", ["hello"]);
      const letGo = service.hold(moment);
      const client = clientOf(service, "ann");
      client.open(id);
      client.send(id, "hi");
      client.start();
      await pass();
      service.tellRoom(id, { event: "heartbeat", data: { position: 99 } });
      await pass(400);
      client.stop();
      const state = client.getState();
      letGo();
      await pass(60_000);
      expect(client.getState(), moment).toBe(state);
      expect(state.connection).toEqual({ status: "connecting" });
      client.start();
      await pass(1_000);
      expect(statusOf(client), moment).toBe("live");
      expect(textsOf(client, id), moment).toEqual(["hello", "hi"]);
      client.stop();
    }
  });

  test("again brings what happened in between", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob", ["one"]);
    const client = await liveClient(service, "ann");
    client.open(id);
    await pass();
    client.stop();
    service.write(id, "bob", "two");
    service.revise(id, 1, null);
    await pass(60_000);
    client.start();
    await pass();
    expect(textsOf(client, id)).toEqual(["deleted", "two"]);
  });

  test("while the token is on its way connects once", async () => {
    const service = new FakeService();
    let give = (_: string): void => {};
    const getToken = (): Promise<string> => new Promise((resolve) => (give = resolve));
    const client = clientOf(service, "ann", { getToken });
    client.start();
    await pass();
    client.stop();
    client.start();
    client.reconnect();
    await pass();
    give(tokenOf("ann"));
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(service.sockets).toHaveLength(1);
  });
});

describe("what the page gets wrong", () => {
  test("in one listener is reported, and is nobody else's trouble", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const reported = vi.fn();
    const thrown = new Error("the page's own");
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      void Promise.resolve().then(task).catch(reported);
    });
    const client = await liveClient(service, "ann");
    const heard = vi.fn();
    client.open(id);
    client.subscribe(() => {
      throw thrown;
    });
    client.onIncoming(() => {
      throw thrown;
    });
    client.onIncoming(heard);
    service.write(id, "bob", "one");
    service.write(id, "bob", "two");
    await pass();
    expect(textsOf(client, id)).toEqual(["one", "two"]);
    expect(heard).toHaveBeenCalledTimes(2);
    expect(reported).toHaveBeenCalledWith(thrown);
  });

  test("by stopping the client in the middle of an event stops it", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await liveClient(service, "ann");
    client.onIncoming(() => client.stop());
    service.write(id, "bob", "one");
    service.write(id, "bob", "two");
    await pass();
    const state = client.getState();
    await pass(60_000);
    expect(client.getState()).toBe(state);
    client.start();
    await pass();
    expect(client.getState().position).toBe(service.position("ann"));
  });
});

test("a long day leaves nothing behind but the conversations themselves", async () => {
  const service = new FakeService();
  const id = service.converse("ann", "bob");
  const client = await liveClient(service, "ann");
  const counts: number[] = [];
  for (let minute = 0; minute < 60; minute++) {
    const close = client.open(id);
    client.setTyping(id, true);
    client.send(id, `text ${minute}`);
    service.write(id, "bob", `answer ${minute}`);
    service.tellRoom(id, { event: "typing", data: { conversationId: id, userId: "bob", active: true, expiresInMs: 7_000 } });
    client.markRead(id, service.messages(id).length);
    if (minute % 7 === 0) service.sockets.at(-1)?.end(4201);
    await pass(55_000);
    close();
    await pass(5_000);
    counts.push(vi.getTimerCount());
  }
  const { typing, outbox, presence, threads } = client.getState();
  expect(new Set(counts.slice(1))).toEqual(new Set([counts[0]]));
  expect([typing, outbox[id], presence]).toEqual([{}, [], {}]);
  expect(Object.keys(threads)).toEqual([id]);
  expect(client.getState().conversations[id]).toEqual(service.view(id, "ann"));
});
