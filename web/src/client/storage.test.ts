// What is kept on the device, through a reload: a client that was cut off, and another with the same store.
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions, MessagingClient } from "./types";
import { clientOf, inFakeTime, liveClient, pass, settle, waitingOf } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();
beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
});

const kept = { persist: true } as const;

async function rest(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await pass();
    await settle();
  }
}

async function restored(service: FakeService, options: Partial<ClientOptions> = {}): Promise<MessagingClient> {
  const client = await liveClient(service, "ann", { ...kept, ...options });
  await rest();
  return client;
}

/** A page that wrote something and went away before it could be sent. */
async function interrupted(service: FakeService, ...acts: ((client: MessagingClient) => void)[]): Promise<void> {
  const client = await restored(service);
  const end = service.refuse("message.send", { code: "overloaded", status: 503 });
  for (const act of acts) act(client);
  await rest();
  client.stop();
  end();
  await pass(1);
  await settle();
}

describe("after a reload", () => {
  test("an unsent message is sent once, under the same id and in its place", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const sent: string[] = [];
    await interrupted(service, (client) => sent.push(client.send(id, "one").clientId, client.send(id, "two").clientId));
    const client = clientOf(service, "ann", kept);
    sent.push(client.send(id, "three").clientId);
    client.start();
    await rest();
    expect(service.messages(id).map(({ clientId }) => clientId)).toEqual(sent);
    await rest();
    const another = await restored(service);
    expect(waitingOf(another, id)).toEqual([]);
    expect(service.messages(id)).toHaveLength(3);
  });

  test("a message that was stored, but whose answer was lost, is there once", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await restored(service);
    const socket = service.sockets.at(-1) ?? expect.fail("no socket");
    client.send(id, "one");
    await Promise.resolve();
    socket.isDead = true;
    await rest();
    client.stop();
    await rest();
    expect(service.messages(id)).toHaveLength(1);
    const again = await restored(service);
    again.open(id);
    await rest();
    expect(service.messages(id)).toHaveLength(1);
    expect(waitingOf(again, id)).toEqual([]);
    again.stop();
    await rest();
    service.asked.length = 0;
    await restored(service);
    expect(service.times("message.send")).toBe(0);
  });

  test("a failed message is still failed, with its reason, and can be tried again", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const end = service.refuse("message.send", { code: "blocked", status: 403 });
    const client = await restored(service);
    const { clientId } = client.send(id, "one");
    await rest();
    client.stop();
    await rest();
    end();
    const again = await restored(service);
    expect(again.getState().outbox[id]).toMatchObject([{ clientId, status: "failed", error: { code: "blocked" } }]);
    expect(service.messages(id)).toHaveLength(0);
    again.retry(clientId);
    await rest();
    expect(service.messages(id)).toHaveLength(1);
  });

  test("drafts are there, and what was written since is kept", async () => {
    const service = new FakeService();
    const [one, two] = [service.converse("ann", "bob"), service.converse("ann", "carol")];
    await interrupted(service, (client) => {
      client.setDraft(one, "first");
      client.setDraft(two, "second");
      client.setDraft(one, "first, longer");
    });
    const client = clientOf(service, "ann", kept);
    client.setDraft(two, "meanwhile");
    client.start();
    await rest();
    expect(client.getState().drafts).toEqual({ [one]: "first, longer", [two]: "meanwhile" });
    client.send(one, "first, longer");
    await rest();
    client.stop();
    await rest();
    expect((await restored(service)).getState().drafts).toEqual({ [two]: "meanwhile" });
  });

  test("somebody else finds nothing of it", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    await interrupted(service, (client) => {
      client.send(id, "ann's");
      client.setDraft(id, "ann's draft");
    });
    const bob = await liveClient(service, "bob", kept);
    await rest();
    expect(bob.getState()).toMatchObject({ outbox: {}, drafts: {} });
    expect(service.messages(id)).toHaveLength(0);
  });
});

describe("a client that was stopped", () => {
  test("keeps what is written meanwhile, and sends it when it goes on", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await restored(service);
    client.stop();
    client.send(id, "one");
    client.setDraft(id, "two");
    await rest();
    client.start();
    await rest();
    expect(service.messages(id)).toHaveLength(1);
    client.stop();
    await rest();
    expect((await restored(service)).getState().drafts).toEqual({ [id]: "two" });
  });

  test("forgets what was kept, whether it runs or not", async () => {
    for (const isRunning of [true, false]) {
      const service = new FakeService();
      const id = service.converse("ann", "bob");
      const client = await restored(service);
      client.setDraft(id, "draft");
      service.hold("message.send");
      client.send(id, "never");
      await rest();
      if (!isRunning) client.stop();
      const forgotten = client.forget();
      await rest();
      await forgotten;
      expect(client.getState()).toMatchObject({ conversations: {}, outbox: {}, drafts: {}, me: null });
      const again = await restored(service);
      expect(again.getState()).toMatchObject({ outbox: {}, drafts: {} });
      again.stop();
      await rest();
    }
  });

  test("has nothing to forget when it was never started", async () => {
    await clientOf(new FakeService(), "ann", kept).forget();
  });

  test("takes in nothing that comes after it was told to forget", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob", ["hello"]);
    const client = await restored(service);
    client.open(id);
    await rest();
    const letGo = ["GET", "PATCH", "POST"].map((method) => service.hold(`late ${method}`));
    const calls = [
      client.configure(id, { muted: true }),
      client.startConversation({ sellerId: "carol" }),
      client.loadConversations("archive"),
      client.loadConversation("0197a000-0000-7000-8000-000000000099"),
    ];
    const settled = Promise.allSettled(calls);
    client.markRead(id, 1);
    client.send(id, "x".repeat(9_000));
    await pass();
    const forgotten = client.forget();
    const state = client.getState();
    await rest();
    await forgotten;
    for (const go of letGo) go();
    await settled;
    await pass(60_000);
    expect(client.getState()).toBe(state);
  });
});

describe("a store that", () => {
  const broken: Record<string, () => unknown> = {
    "is missing": () => undefined,
    "throws when it is opened": () => ({
      open: () => {
        throw new DOMException("insecure", "SecurityError");
      },
    }),
    "refuses to open": () => ({
      open: () => {
        const request = { onerror: null as (() => void) | null, error: new DOMException("no", "UnknownError") };
        queueMicrotask(() => request.onerror?.());
        return request;
      },
    }),
  };

  test.each(Object.keys(broken))("%s keeps nothing, and all else works", async (how) => {
    vi.stubGlobal("indexedDB", broken[how]?.());
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await restored(service);
    client.setDraft(id, "draft");
    client.send(id, "hello");
    await rest();
    expect(service.messages(id)).toHaveLength(1);
    expect(client.getState().drafts).toEqual({});
    await client.forget();
  });

  test("never opens keeps nothing, and holds up what is to be sent for three seconds only", async () => {
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await restored(service);
    client.send(id, "hello");
    await pass(2_999);
    expect(service.messages(id)).toHaveLength(0);
    await pass(1);
    expect(service.messages(id)).toHaveLength(1);
  });

  test("was closed by the browser keeps nothing more, and all else works", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const factory = indexedDB;
    const opened: IDBDatabase[] = [];
    vi.stubGlobal("indexedDB", {
      open: (name: string, version: number) => {
        const request = factory.open(name, version);
        request.addEventListener("success", () => opened.push(request.result));
        return request;
      },
    });
    const client = await restored(service);
    for (const database of opened) database.close();
    client.send(id, "hello");
    client.setDraft(id, "draft");
    await rest();
    expect(service.messages(id)).toHaveLength(1);
    expect(opened).toHaveLength(1);
  });
});
