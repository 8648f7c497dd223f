// Threads: what is fetched when, what happens in the meantime, and what stays in sight.
import { describe, expect, test } from "vitest";
import { inFakeTime, liveClient, pass, statusOf, textsOf } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, place) => `text ${from + place}`);

async function reading(count = 0) {
  const service = new FakeService();
  const id = service.converse("ann", "bob", texts(1, count));
  const client = await liveClient(service, "ann");
  const path = `GET /messages/conversations/${id}`;
  /** A connection that is lost and comes back with a new snapshot. */
  const startAfresh = async (): Promise<void> => {
    await pass(11_000);
    service.replayMost = -1;
    service.sockets.at(-1)?.end(4201);
    await pass(1);
  };
  return { service, id, client, path, startAfresh, thread: () => client.getState().threads[id] ?? expect.fail("no thread") };
}

describe("opening", () => {
  test("fetches the latest messages once, however many look", async () => {
    const { service, id, client, path, thread } = await reading(120);
    client.open(id);
    client.open(id)();
    await pass();
    expect(textsOf(client, id)).toEqual(texts(71, 120));
    expect(thread()).toMatchObject({ status: "ready", hasBefore: true, hasAfter: false });
    expect(service.times(path)).toBe(1);
  });

  test("several at once fetches each once", async () => {
    const { service, client } = await reading();
    const ids = texts(1, 5).map((name) => service.converse("ann", name, ["hello"]));
    await pass();
    const letGo = service.hold("GET /messages/conversations/");
    for (const id of ids) client.open(id);
    await pass();
    letGo();
    await pass();
    for (const id of ids) expect(service.times(`GET /messages/conversations/${id}`)).toBe(1);
  });

  test("again, soon after, fetches nothing: a thread that was closed is kept up to date", async () => {
    const { service, id, client, path } = await reading(3);
    client.open(id)();
    await pass();
    service.write(id, "bob", "text 4");
    await pass();
    client.open(id);
    await pass();
    expect(textsOf(client, id)).toEqual(texts(1, 4));
    expect(service.times(path)).toBe(1);
  });

  test("many others lets go of the threads that were closed first", async () => {
    const { service, id, client } = await reading(3);
    client.open(id)();
    await pass();
    for (const name of texts(1, 10)) client.open(service.converse("ann", name, ["hello"]))();
    await pass();
    expect(client.getState().threads[id]).toBeUndefined();
    expect(Object.keys(client.getState().threads)).toHaveLength(10);
  });

  test("one that is not one's own to know fails, and is not asked for again and again", async () => {
    const { service, client, startAfresh } = await reading();
    const id = service.converse("carol", "bob", ["secret"]);
    client.open(id);
    await pass();
    expect(client.getState().threads[id]).toMatchObject({ status: "failed", error: { status: 404 } });
    await startAfresh();
    await pass(600_000);
    expect(service.times(`GET /messages/conversations/${id}`)).toBeLessThanOrEqual(2);
    expect(client.getState().threads[id]?.status).toBe("failed");
    expect(await client.loadConversation(id)).toBeNull();
  });
});

describe("what happens while a page is on its way", () => {
  test("is in the thread afterwards, whether the page has it or not", async () => {
    for (const how of ["hold", "delay"] as const) {
      const { service, id, client, path } = await reading(2);
      const letGo = service[how](path);
      client.open(id);
      await pass();
      service.write(id, "bob", "text 3");
      service.revise(id, 1, "text 1, edited");
      service.write(id, "bob", "text 4");
      await pass();
      letGo();
      await pass();
      expect(textsOf(client, id)).toEqual(["text 1, edited", "text 2", "text 3", "text 4"]);
      expect(client.getState().conversations[id]).toEqual(service.view(id, "ann"));
      client.stop();
    }
  });

  test("at the other end is not lost either", async () => {
    const { service, id, client, path } = await reading(100);
    client.open(id);
    await pass();
    const letGo = service.delay(path);
    const loading = client.loadMessages(id, "before");
    await pass();
    service.revise(id, 30, "text 30, edited");
    service.write(id, "bob", "text 101");
    await pass();
    expect(textsOf(client, id).at(-1)).toBe("text 101");
    letGo();
    await loading;
    expect(textsOf(client, id)).toEqual([...texts(1, 29), "text 30, edited", ...texts(31, 101)]);
  });

  test("cannot be overtaken by a page that was asked for before a new snapshot", async () => {
    const { service, id, client, path } = await reading(2);
    await pass(20_000);
    const letGo = service.delay(path);
    client.open(id);
    await pass();
    service.replayMost = -1;
    service.sockets.at(-1)?.end(4201);
    service.revise(id, 1, "text 1, edited");
    await pass(1);
    letGo();
    await pass();
    expect(textsOf(client, id)).toEqual(["text 1, edited", "text 2"]);
  });
});

describe("a hole", () => {
  test("that an answer leaves closes by itself", async () => {
    const { service, id, client, thread } = await reading(2);
    client.open(id);
    await pass();
    const socket = service.sockets.at(-1) ?? expect.fail("no socket");
    socket.isDead = true;
    service.write(id, "bob", "text 3");
    await pass();
    socket.isDead = false;
    client.send(id, "text 4");
    await pass();
    expect(textsOf(client, id)).toEqual(texts(1, 4));
    expect(thread().fetching).toBeUndefined();
    expect(client.getState().outbox[id]).toEqual([]);
  });

  test("that a page does not close is not asked for without end", async () => {
    const { service, id, client, path } = await reading(2);
    client.open(id);
    await pass();
    const behind = service.view(id, "ann");
    service.sockets.at(-1)?.receive({
      event: "conversation.updated", position: service.position("ann") + 1,
      data: { conversation: { ...behind, lastSeq: 9 } }, unread: { count: 0, total: 0 },
    });
    await pass(60_000);
    expect(service.times(path)).toBeLessThan(4);
    expect(textsOf(client, id)).toEqual(texts(1, 2));
  });
});

describe("a conversation that is not known", () => {
  test("is fetched when something happens in it, as it is after all that happens meanwhile", async () => {
    const service = new FakeService();
    const hidden = service.converse("ann", "hidden", ["one", "two"]);
    for (const name of texts(1, 40)) service.converse("ann", name, ["hello"]);
    const client = await liveClient(service, "ann");
    expect(client.getState().conversations[hidden]).toBeUndefined();
    const letGo = service.delay(`GET /messages/conversations/${hidden}`);
    service.move(hidden, "ann", { readSeq: 1 });
    await pass();
    service.write(hidden, "hidden", "three");
    await pass();
    letGo();
    await pass();
    expect(client.getState().conversations[hidden]).toEqual(service.view(hidden, "ann"));
    expect(client.getState().inbox.hasMore).toBe(true);
  });

  test("is fetched later when that fails now, without haste", async () => {
    const service = new FakeService();
    const hidden = service.converse("ann", "hidden");
    for (const name of texts(1, 40)) service.converse("ann", name, ["hello"]);
    const client = await liveClient(service, "ann");
    expect(client.getState().conversations[hidden]).toBeUndefined();
    const path = `GET /messages/conversations/${hidden}`;
    const end = service.refuse(path, { code: "internal", status: 500 });
    service.write(hidden, "hidden", "hello");
    await pass(30_000);
    expect(service.times(path)).toBeLessThan(9);
    expect(service.times(path)).toBeGreaterThan(2);
    end();
    await pass(15_000);
    expect(client.getState().conversations[hidden]).toEqual(service.view(hidden, "ann"));
  });

  test("is let go when it is not there", async () => {
    const service = new FakeService();
    const hidden = service.converse("ann", "hidden");
    for (const name of texts(1, 40)) service.converse("ann", name, ["hello"]);
    await liveClient(service, "ann");
    const path = `GET /messages/conversations/${hidden}`;
    service.refuse(path, { code: "not_found", status: 404 });
    service.move(hidden, "ann", { deliveredSeq: 0 });
    service.write(hidden, "hidden", "hello");
    await pass(60_000);
    expect(service.times(path)).toBe(1);
  });
});

describe("a page that fails", () => {
  test("is fetched again by itself while the service can be reached, less and less often", async () => {
    const { service, id, client, path, thread } = await reading(3);
    const end = service.refuse(path, { code: "overloaded", status: 503, retryAfterMs: 2_000 });
    client.open(id);
    await pass();
    expect(thread()).toMatchObject({ status: "failed", error: { code: "overloaded" } });
    await pass(1_999);
    expect(service.times(path)).toBe(1);
    await pass(60_000);
    expect(service.times(path)).toBeLessThan(20);
    end();
    await pass(15_000);
    expect(thread().status).toBe("ready");
    expect(thread().error).toBeUndefined();
    expect(textsOf(client, id)).toEqual(texts(1, 3));
  });

  test("while offline is fetched when the service is back", async () => {
    const { service, id, client, path, thread } = await reading(3);
    service.isDown = true;
    service.sockets.at(-1)?.end(1006);
    await pass();
    client.open(id);
    await pass(60_000);
    expect(thread().status).toBe("failed");
    expect(service.times(path)).toBe(1);
    service.isDown = false;
    await pass(30_000);
    expect(statusOf(client)).toBe("live");
    expect(textsOf(client, id)).toEqual(texts(1, 3));
  });

  test("at one end leaves the rest as it is, and can be asked for again", async () => {
    const { service, id, client, path, thread } = await reading(100);
    client.open(id);
    await pass();
    const end = service.cut(path);
    await client.loadMessages(id, "before");
    expect(thread()).toMatchObject({ status: "ready", error: { code: "network" } });
    expect(thread().fetching).toBeUndefined();
    expect(textsOf(client, id)).toEqual(texts(51, 100));
    end();
    await client.loadMessages(id, "before");
    expect(textsOf(client, id)).toEqual(texts(1, 100));
    expect(thread().error).toBeUndefined();
  });
});

describe("showing", () => {
  test("a message far away brings those around it; both ends can be fetched up to the last", async () => {
    const { id, client, thread } = await reading(300);
    client.open(id);
    await pass();
    await client.showMessages(id, 100);
    expect(textsOf(client, id)).toEqual(texts(75, 124));
    await client.loadMessages(id, "before");
    await client.loadMessages(id, "after");
    expect(textsOf(client, id)).toEqual(texts(25, 174));
    for (let pages = 0; pages < 3; pages++) await client.loadMessages(id, "after");
    expect(textsOf(client, id)).toEqual(texts(25, 300));
    expect(thread()).toMatchObject({ hasBefore: true, hasAfter: false });
  });

  test("one that is here, or the latest when they are, fetches nothing", async () => {
    const { service, id, client, path } = await reading(60);
    client.open(id);
    await pass();
    await client.showMessages(id, 30);
    await client.showMessages(id);
    expect(service.times(path)).toBe(1);
  });

  test("the latest leaves the place that was shown, and news goes on at the end", async () => {
    const { service, id, client, thread } = await reading(300);
    client.open(id);
    await pass();
    await client.showMessages(id, 100);
    service.write(id, "bob", "text 301");
    await pass();
    expect(textsOf(client, id)).toEqual(texts(75, 124));
    await client.showMessages(id);
    service.write(id, "bob", "text 302");
    await pass();
    expect(textsOf(client, id)).toEqual(texts(252, 302));
    expect(thread().hasAfter).toBe(false);
  });

  test("what was let go of at either end is fetched again when it is wanted", async () => {
    const { service, id, client, thread } = await reading(300);
    client.open(id);
    await pass();
    for (let pages = 0; pages < 5; pages++) await client.loadMessages(id, "before");
    expect(textsOf(client, id)).toEqual(texts(1, 300));
    client.trimMessages(id, "before", 100);
    expect(textsOf(client, id)).toEqual(texts(201, 300));
    await client.loadMessages(id, "before");
    expect(textsOf(client, id)).toEqual(texts(151, 300));

    client.trimMessages(id, "after", 40);
    expect(textsOf(client, id)).toEqual(texts(151, 190));
    expect(thread()).toMatchObject({ hasBefore: true, hasAfter: true });
    service.write(id, "bob", "text 301");
    await pass();
    expect(textsOf(client, id)).toEqual(texts(151, 190));
    for (let pages = 0; pages < 3; pages++) await client.loadMessages(id, "after");
    expect(textsOf(client, id)).toEqual(texts(151, 301));
    expect(thread().hasAfter).toBe(false);
  });

  test("nothing is let go of where there is not more, or while a page is on its way", async () => {
    const { id, client, thread } = await reading(60);
    client.open(id);
    client.trimMessages(id, "before", 1);
    await pass();
    const known = thread();
    client.trimMessages(id, "before", 50);
    expect(thread()).toBe(known);
    const coming = client.loadMessages(id, "before");
    client.trimMessages(id, "after", 1);
    await coming;
    expect(textsOf(client, id)).toEqual(texts(1, 60));
  });

  test("another place takes back what was asked for before", async () => {
    const { service, id, client } = await reading(300);
    client.open(id);
    await pass();
    const letGo = service.hold("GET /messages/conversations/");
    const first = client.showMessages(id, 20);
    const second = client.showMessages(id, 200);
    letGo();
    await Promise.all([first, second]);
    expect(textsOf(client, id)).toEqual(texts(175, 224));
  });
});

describe("a new snapshot", () => {
  test("leaves all that is shown in sight, and brings what changed in it", async () => {
    const { service, id, client, startAfresh } = await reading(300);
    client.open(id);
    await pass();
    for (let pages = 0; pages < 5; pages++) await client.loadMessages(id, "before");
    expect(textsOf(client, id)).toHaveLength(300);
    const shown: number[] = [];
    client.subscribe(() => shown.push(textsOf(client, id).length));
    const socket = service.sockets.at(-1);
    if (socket) socket.isDead = true;
    service.revise(id, 10, "text 10, edited");
    service.revise(id, 250, "text 250, edited");
    service.write(id, "bob", "text 301");
    await startAfresh();
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(Math.min(...shown)).toBe(300);
    expect(textsOf(client, id)).toEqual([
      ...texts(1, 9), "text 10, edited", ...texts(11, 249), "text 250, edited", ...texts(251, 301),
    ]);
  });

  test("leaves the place that is shown, far from the end", async () => {
    const { id, client, startAfresh, thread } = await reading(300);
    client.open(id);
    await pass();
    await client.showMessages(id, 100);
    const [first] = thread().messages;
    await startAfresh();
    await pass();
    expect(textsOf(client, id).slice(0, 50)).toEqual(texts(75, 124));
    expect(thread().messages[0]).toBe(first);
    expect(thread()).toMatchObject({ status: "ready", hasBefore: true, hasAfter: true });
  });

  test("while a page at one end is on its way fetches the thread anew, also when that fails at first", async () => {
    const { service, id, client, path, startAfresh, thread } = await reading(100);
    client.open(id);
    await pass(11_000);
    const letGo = service.hold(path);
    void client.loadMessages(id, "before");
    await pass();
    const end = service.cut(path);
    const socket = service.sockets.at(-1);
    if (socket) socket.isDead = true;
    service.revise(id, 90, "text 90, edited");
    await startAfresh();
    letGo();
    await pass();
    end();
    await pass(15_000);
    expect(thread()).toMatchObject({ status: "ready" });
    expect(thread().fetching).toBeUndefined();
    expect(textsOf(client, id)).toContain("text 90, edited");
  });

  test("lets go of the threads that nobody looks at", async () => {
    const { id, client, startAfresh } = await reading(3);
    client.open(id)();
    await pass();
    await startAfresh();
    expect(client.getState().threads[id]).toBeUndefined();
    client.open(id);
    await pass();
    expect(textsOf(client, id)).toEqual(texts(1, 3));
  });
});

test("a client that is stopped while a thread is loading fetches it when it starts again", async () => {
  const { service, id, client, path } = await reading(3);
  const letGo = service.hold(path);
  client.open(id);
  await pass();
  client.stop();
  await pass();
  letGo();
  await pass();
  client.start();
  await pass();
  expect(textsOf(client, id)).toEqual(texts(1, 3));
});
