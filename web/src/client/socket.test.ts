// The socket through the client: how it is opened, kept, lost, and what each close code makes of it.
import { describe, expect, test, vi } from "vitest";
import { inFakeTime, liveClient, pass, statusOf, textsOf } from "./testing/clients";
import { FakeService, tokenOf } from "./testing/fake-service";
import type { FakeSocket } from "./testing/fake-socket";

inFakeTime();

function lastOf(service: FakeService): FakeSocket {
  return service.sockets.at(-1) ?? expect.fail("no socket was opened");
}

describe("hello", () => {
  test("carries the token and where the client stands", async () => {
    const service = new FakeService();
    service.converse("ann", "bob", ["hello"]);
    await liveClient(service, "ann");
    const { epoch } = service;
    expect(lastOf(service).said[0]).toMatchObject({ op: "hello", token: tokenOf("ann"), since: { epoch, position: 2 } });
  });

  test("is followed by the first events in the same breath, and none is lost", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await liveClient(service, "ann");
    client.open(id);
    await pass(20_000);
    lastOf(service).end(4201);
    service.write(id, "bob", "one");
    service.write(id, "bob", "two");
    const states: string[] = [];
    client.subscribe(() => states.push(statusOf(client)));
    await pass(1);
    expect(textsOf(client, id)).toEqual(["one", "two"]);
    expect(service.times("GET /messages/sync")).toBe(0);
    expect([...new Set(states)]).toEqual(["connecting", "catching-up", "live"]);
  });

  test("that is not answered is given up", async () => {
    const service = new FakeService();
    service.isMute = true;
    const client = await liveClient(service, "ann");
    await pass(9_999);
    expect(service.sockets).toHaveLength(1);
    service.isMute = false;
    await pass(1 + 250);
    expect(service.sockets).toHaveLength(2);
    expect(statusOf(client)).toBe("live");
  });
});

describe("a close code", () => {
  test.each([4000, 4014, 4099])("%i stops the client until it is asked to come back", async (code) => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).end(code);
    await pass(3_600_000);
    expect(client.getState().connection).toEqual({ status: "stopped", closeCode: code });
    expect(service.sockets).toHaveLength(1);
    client.reconnect();
    await pass();
    expect(statusOf(client)).toBe("live");
  });

  test.each([4010, 4011])("%i makes it try once more, with another token", async (code) => {
    const service = new FakeService();
    let serial = 0;
    const getToken = vi.fn(({ expired }: { expired: boolean }) => tokenOf("ann", { serial: expired ? ++serial : serial }));
    const client = await liveClient(service, "ann", { getToken });
    lastOf(service).end(code);
    await pass();
    expect(statusOf(client)).toBe("live");
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
    expect(lastOf(service).said[0]?.["token"]).toBe(tokenOf("ann", { serial: 1 }));
  });

  test("4010 twice means that the person is signed out", async () => {
    const service = new FakeService();
    let serial = 0;
    const client = await liveClient(service, "ann", { getToken: () => tokenOf("ann", { serial: ++serial }) });
    for (let tries = 0; tries < 10; tries++) service.revoked.add(tokenOf("ann", { serial: tries }));
    lastOf(service).end(4010);
    await pass(3_600_000);
    expect(statusOf(client)).toBe("signed-out");
    expect(service.sockets).toHaveLength(2);
    service.revoked.clear();
    client.reconnect();
    await pass();
    expect(statusOf(client)).toBe("live");
  });

  test("4011 with the same token again means that the person is signed out", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).end(4011);
    await pass();
    expect(statusOf(client)).toBe("signed-out");
    expect(service.sockets).toHaveLength(1);
  });

  test("4110 makes it ask for another token and come back", async () => {
    const service = new FakeService();
    const getToken = vi.fn(({ expired }: { expired: boolean }) => tokenOf("ann", { serial: Number(expired) }));
    const client = await liveClient(service, "ann", { getToken });
    lastOf(service).end(4110);
    await pass();
    expect(client.getState().connection).toEqual({ status: "connecting", retryAt: Date.now() + 250, closeCode: 4110 });
    await pass(250);
    expect(statusOf(client)).toBe("live");
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
  });

  test.each([4100, 4101, 1006, 1011])("%i makes it wait longer and longer", async (code) => {
    const service = new FakeService();
    await liveClient(service, "ann");
    const opened = (): number => service.sockets.length;
    for (const wait of [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = opened();
      lastOf(service).end(code);
      await pass(wait - 1);
      expect(opened()).toBe(before);
      await pass(1);
      expect(opened()).toBe(before + 1);
    }
  });

  test("back-off begins anew only after ten healthy seconds", async () => {
    const service = new FakeService();
    await liveClient(service, "ann");
    for (const [healthy, wait] of [[9_000, 250], [9_000, 500], [11_000, 250], [9_000, 500]] as const) {
      const before = service.sockets.length;
      await pass(healthy);
      lastOf(service).end(4100);
      await pass(wait - 1);
      expect(service.sockets).toHaveLength(before);
      await pass(1);
      expect(service.sockets).toHaveLength(before + 1);
    }
  });

  test("42xx brings it back at once, unless that happens again and again", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    await pass(11_000);
    lastOf(service).end(4201);
    await pass(1);
    expect(statusOf(client)).toBe("live");
    const before = service.sockets.length;
    for (let times = 0; times < 20; times++) {
      lastOf(service).end(4203);
      await pass(1);
    }
    expect(service.sockets.length - before).toBeLessThan(3);
  });

  test("1012 makes it wait as long as the service has said", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).receive({ event: "bye", data: { code: 1012, reconnect: true, afterMs: 3_210, reason: "restart" } });
    await pass();
    lastOf(service).end(1012);
    await pass(3_209);
    expect(client.getState().connection).toMatchObject({ status: "connecting", closeCode: 1012 });
    expect(service.sockets).toHaveLength(1);
    await pass(1);
    expect(statusOf(client)).toBe("live");
  });

  test("is taken from the bye when the close frame is lost, however much comes after it", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).receive({ event: "bye", data: { code: 4014, reconnect: false, reason: "too many" } });
    await pass(900);
    lastOf(service).receive({ event: "heartbeat", data: { position: 0 } });
    await pass(101);
    expect(client.getState().connection).toEqual({ status: "stopped", closeCode: 4014 });
  });

  test("of one connection says nothing about the next", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).receive({ event: "bye", data: { code: 4100, reconnect: true, afterMs: 60, reason: "" } });
    await pass();
    lastOf(service).end(4100);
    await pass(60);
    expect(statusOf(client)).toBe("live");
    lastOf(service).end(1006);
    await pass();
    expect(client.getState().connection).toMatchObject({ status: "connecting", closeCode: 1006 });
  });
});

describe("silence", () => {
  test("of the service, longer than its heartbeat takes, means that the connection is lost", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).isDead = true;
    await pass(34_999);
    expect(statusOf(client)).toBe("live");
    await pass(1);
    expect(statusOf(client)).toBe("connecting");
    await pass(250);
    expect(statusOf(client)).toBe("live");
  });

  test("of the client never lasts long enough for the service to give it up, busy or not", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const client = await liveClient(service, "ann");
    client.open(id);
    await pass();
    const typing = { event: "typing", data: { conversationId: id, userId: "bob", active: true, expiresInMs: 7_000 } };
    for (let second = 0; second < 600; second += 5) {
      // For five minutes the service has so much to tell that it needs no heartbeat; then it has nothing else.
      if (second < 300) service.tellRoom(id, typing);
      await pass(5_000);
    }
    expect(service.sockets).toHaveLength(1);
  });
});

describe("a probe", () => {
  test("finds a dead connection in five seconds", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).isDead = true;
    client.reconnect();
    await pass(4_999);
    expect(statusOf(client)).toBe("live");
    await pass(1);
    expect(statusOf(client)).toBe("connecting");
  });

  test("leaves a good connection as it is", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    const state = client.getState();
    client.reconnect();
    await pass(10_000);
    expect(service.sockets).toHaveLength(1);
    expect(client.getState()).toBe(state);
  });

  test("connects at once where it would have been later, once", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).end(4100);
    await pass(1);
    client.reconnect();
    client.reconnect();
    client.reconnect();
    await pass();
    expect(service.sockets).toHaveLength(2);
    expect(statusOf(client)).toBe("live");
    await pass(5_000);
    expect(service.sockets).toHaveLength(2);
  });
});

describe("a token that is about to end", () => {
  const expiring = { event: "token.expiring", data: { inMs: 60_000 } };

  test("is replaced without a new connection", async () => {
    const service = new FakeService();
    let serial = 0;
    const getToken = vi.fn(() => tokenOf("ann", { serial: serial++ }));
    const client = await liveClient(service, "ann", { getToken });
    lastOf(service).receive(expiring);
    await pass();
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
    expect(lastOf(service).ops("token.refresh")).toMatchObject([{ token: tokenOf("ann", { serial: serial - 1 }) }]);
    expect(service.sockets).toHaveLength(1);
    expect(statusOf(client)).toBe("live");
  });

  test("is not sent again: the service would only say the same again", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    lastOf(service).receive(expiring);
    await pass();
    expect(lastOf(service).ops("token.refresh")).toEqual([]);
    expect(statusOf(client)).toBe("live");
  });

  test("as soon as it is given has half of its time first", async () => {
    const service = new FakeService();
    let serial = 0;
    const client = await liveClient(service, "ann", { getToken: () => tokenOf("ann", { seconds: 20, serial: serial++ }) });
    for (let refreshed = 0; refreshed < 5; refreshed++) {
      lastOf(service).receive({ event: "token.expiring", data: { inMs: 20_000 } });
      await pass(9_999);
      expect(lastOf(service).ops("token.refresh")).toHaveLength(refreshed);
      await pass(1);
      expect(lastOf(service).ops("token.refresh")).toHaveLength(refreshed + 1);
    }
    expect(statusOf(client)).toBe("live");
  });

  test("leaves the session alone when the page has no other now", async () => {
    const service = new FakeService();
    let isAway = false;
    const getToken = (): string => {
      if (isAway) throw new Error("away");
      return tokenOf("ann");
    };
    const client = await liveClient(service, "ann", { getToken });
    isAway = true;
    lastOf(service).receive(expiring);
    await pass();
    expect(statusOf(client)).toBe("live");
  });
});

describe("what cannot be understood", () => {
  test.each(["no JSON", "5", "null", '{"event":"message.created","position":1}', '{"event":"live"}'])(
    "%s ends the connection, not the client",
    async (frame) => {
      const service = new FakeService();
      const id = service.converse("ann", "bob");
      const client = await liveClient(service, "ann");
      client.open(id);
      await pass(20_000);
      lastOf(service).receive(frame.replace('"position":1', `"position":${service.position("ann") + 1}`));
      await pass(500);
      expect(service.sockets).toHaveLength(2);
      service.write(id, "bob", "hello");
      await pass();
      expect(statusOf(client)).toBe("live");
      expect(textsOf(client, id)).toEqual(["hello"]);
    },
  );

  test.each([{ event: "fireworks", data: {} }, { reply: 12_345, ok: {} }, { reply: null, ok: {} }, {}])(
    "%j is left alone",
    async (frame) => {
      const service = new FakeService();
      const client = await liveClient(service, "ann");
      const state = client.getState();
      lastOf(service).receive(frame);
      await pass(1_000);
      expect(client.getState()).toBe(state);
      expect(service.sockets).toHaveLength(1);
    },
  );
});

test("a browser that refuses to make a socket is treated like a network without", async () => {
  const service = new FakeService();
  const refuse = function (): never {
    throw new DOMException("insecure", "SecurityError");
  } as unknown as typeof WebSocket;
  const client = await liveClient(service, "ann", { WebSocket: refuse });
  expect(statusOf(client)).toBe("connecting");
  await pass(2_000);
  expect(statusOf(client)).toBe("polling");
});
