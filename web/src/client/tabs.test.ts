// The tabs of one origin: one of them leads and has the only connection, the others hear from it.
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions, IncomingMessage, MessagingClient } from "./types";
import { clientOf, inFakeTime, liveClient, pass, statusOf, textsOf, waitingOf } from "./testing/clients";
import { FakeService, tokenOf } from "./testing/fake-service";
import { type FakeChannel, fakeChannels, FakeLocks } from "./testing/fake-tabs";

inFakeTime();

let channels: FakeChannel[];
beforeEach(() => {
  const made = fakeChannels();
  channels = made.channels;
  vi.stubGlobal("BroadcastChannel", made.BroadcastChannel);
  vi.stubGlobal("navigator", { locks: new FakeLocks(), onLine: true });
});

const shared = { shareConnection: true } as const;

function tab(service: FakeService, options: Partial<ClientOptions> = {}): Promise<MessagingClient> {
  return liveClient(service, "ann", { ...shared, ...options });
}

/** A leader and two followers that look at one conversation. */
async function threeTabs() {
  const service = new FakeService();
  const id = service.converse("ann", "bob");
  const leader = await tab(service);
  const followers = [await tab(service), await tab(service)] as const;
  const tabs = [leader, ...followers];
  for (const each of tabs) each.open(id);
  await pass();
  return { service, id, leader, followers, tabs };
}

describe("several tabs", () => {
  test("have one connection, and all are live", async () => {
    const { service, tabs } = await threeTabs();
    expect(service.sockets).toHaveLength(1);
    expect(tabs.map(statusOf)).toEqual(["live", "live", "live"]);
  });

  test("see the same, and only the leader says that it is one", async () => {
    const { service, id, tabs } = await threeTabs();
    const heard: boolean[] = [];
    for (const each of tabs) each.onIncoming(({ isLeader }: IncomingMessage) => heard.push(isLeader));
    service.write(id, "bob", "hello");
    service.revise(id, 1, "hello!");
    service.move(id, "bob", { readSeq: 1 });
    await pass();
    for (const each of tabs) {
      expect(textsOf(each, id)).toEqual(["hello!"]);
      expect(each.getState().conversations[id]).toEqual(service.view(id, "ann"));
    }
    expect(heard.sort()).toEqual([false, false, true]);
    expect(service.times("GET /messages/sync")).toBe(0);
  });

  test("see each other's messages on their way, and each is sent once", async () => {
    const { service, id, tabs, followers } = await threeTabs();
    const letGo = service.hold("message.send");
    followers[0].send(id, "one");
    await pass(1);
    followers[1].send(id, "two");
    await pass();
    for (const each of tabs) expect(waitingOf(each, id)).toEqual(["one: sending", "two: queued"]);
    letGo();
    await pass();
    expect(service.times("message.send")).toBe(2);
    for (const each of tabs) {
      expect(textsOf(each, id)).toEqual(["one", "two"]);
      expect(waitingOf(each, id)).toEqual([]);
    }
  });

  test("share what has failed, and what is tried again or forgotten", async () => {
    const { service, id, tabs, followers } = await threeTabs();
    const end = service.refuse("message.send", { code: "blocked", status: 403 });
    const one = followers[0].send(id, "one");
    const two = followers[1].send(id, "two");
    await pass();
    for (const each of tabs) expect(waitingOf(each, id).sort()).toEqual(["one: failed", "two: failed"]);
    end();
    followers[1].retry(one.clientId);
    followers[0].discard(two.clientId);
    await pass();
    for (const each of tabs) expect(waitingOf(each, id)).toEqual([]);
    expect(service.messages(id)).toHaveLength(1);
  });

  test("are in the rooms that one of them looks at, and all hear of them", async () => {
    const { service, id, tabs, followers } = await threeTabs();
    const other = service.converse("ann", "carol");
    const close = followers[1].open(other);
    await pass();
    expect([...(service.sessions[0]?.rooms ?? [])]).toEqual([id, other]);
    expect(followers[1].getState().presence[other]).toEqual({ online: false });
    service.tellRoom(other, { event: "typing", data: { conversationId: other, userId: "carol", active: true, expiresInMs: 7_000 } });
    await pass();
    for (const each of tabs) expect(each.getState().typing).toEqual({ [other]: true });
    close();
    await pass(1_000);
    expect([...(service.sessions[0]?.rooms ?? [])]).toEqual([id]);
    expect(followers[1].getState().presence[other]).toBeUndefined();
    followers[0].setTyping(id, true);
    await pass();
    expect(service.sessions[0]?.ops("typing")).toMatchObject([{ conversationId: id, active: true }]);
  });

  test("have what is known of a room told again to a tab that comes later", async () => {
    const { service, id } = await threeTabs();
    const late = await tab(service);
    late.open(id);
    await pass();
    expect(late.getState().presence[id]).toEqual({ online: false });
    expect(service.times("room.join")).toBe(1);
  });

  test("of different people have nothing in common", async () => {
    const { service, id } = await threeTabs();
    const bob = await liveClient(service, "bob", shared);
    bob.open(id);
    await pass();
    bob.send(id, "hello");
    await pass();
    expect(service.sockets).toHaveLength(2);
    expect(service.messages(id)).toHaveLength(1);
  });

  test("that do not want to share each have their own", async () => {
    const service = new FakeService();
    await tab(service, { shareConnection: false });
    await tab(service, { shareConnection: false });
    expect(service.sockets).toHaveLength(2);
    expect(channels).toHaveLength(0);
  });
});

describe("when the leader goes", () => {
  test("another takes its place, and nothing is lost or told twice", async () => {
    const { service, id, leader, followers } = await threeTabs();
    leader.stop();
    service.write(id, "bob", "meanwhile");
    await pass();
    expect(service.sockets).toHaveLength(2);
    expect(service.sockets[1]?.said[0]?.["since"]).toEqual({ epoch: service.epoch, position: 1 });
    for (const each of followers) {
      expect(statusOf(each)).toBe("live");
      expect(textsOf(each, id)).toEqual(["meanwhile"]);
    }
    expect([...(service.sessions[0]?.rooms ?? [])]).toEqual([id]);
  });

  test("what was on its way moves to the next, and is stored once", async () => {
    const { service, id, leader, followers } = await threeTabs();
    const letGo = service.hold("message.send");
    leader.send(id, "one");
    followers[1].send(id, "two");
    await pass();
    leader.stop();
    await pass(5);
    letGo();
    await pass();
    expect(service.messages(id).map(({ content }) => content)).toMatchObject([{ text: "one" }, { text: "two" }]);
    for (const each of followers) {
      expect(waitingOf(each, id)).toEqual([]);
      expect(textsOf(each, id)).toEqual(["one", "two"]);
    }
  });

  test("it can come back, as a follower", async () => {
    const { service, id, leader, tabs } = await threeTabs();
    leader.stop();
    await pass();
    leader.start();
    await pass();
    expect(service.sessions).toHaveLength(1);
    service.write(id, "bob", "hello");
    await pass();
    for (const each of tabs) expect([statusOf(each), ...textsOf(each, id)]).toEqual(["live", "hello"]);
  });
});

describe("a frozen leader", () => {
  test("is found by a tab that is looked at again, which takes the lead", async () => {
    const { service, id, leader, followers } = await threeTabs();
    channels[0]?.freeze();
    const frozen = service.sockets[0] ?? expect.fail("no socket");
    frozen.isDead = true;
    followers[0].reconnect();
    await pass(2_999);
    expect(service.sockets).toHaveLength(1);
    await pass(1);
    expect(service.sockets).toHaveLength(2);
    expect(followers.map(statusOf)).toEqual(["live", "live"]);
    service.write(id, "bob", "hello");
    await pass();
    for (const each of followers) expect(textsOf(each, id)).toEqual(["hello"]);
    channels[0]?.thaw();
    await pass(1_000);
    expect(statusOf(leader)).toBe("live");
    expect(textsOf(leader, id)).toEqual(["hello"]);
    expect(service.sessions).toHaveLength(1);
    // It may lead again.
    followers[0].stop();
    followers[1].stop();
    await pass();
    expect(statusOf(leader)).toBe("live");
    expect(service.sessions).toHaveLength(1);
    leader.send(id, "still there");
    await pass();
    expect(service.messages(id)).toHaveLength(2);
  });

  test("is found by a new tab, even while others wait with it", async () => {
    const { service, id, followers } = await threeTabs();
    channels[0]?.freeze();
    const late = await tab(service);
    expect(statusOf(late)).toBe("connecting");
    followers[0].reconnect();
    await pass(3_500);
    expect(service.sockets.length).toBeGreaterThan(1);
    expect(statusOf(late)).toBe("live");
    late.send(id, "hello");
    await pass();
    expect(service.messages(id)).toHaveLength(1);
  });

  test("is found by a tab that has something to send", async () => {
    const { service, id, followers } = await threeTabs();
    channels[0]?.freeze();
    followers[0].send(id, "hello");
    await pass(3_000);
    expect(service.messages(id)).toHaveLength(1);
    for (const each of followers) expect(textsOf(each, id)).toEqual(["hello"]);
  });

  test("that answers in time keeps the lead", async () => {
    const { service, followers } = await threeTabs();
    followers[0].reconnect();
    await pass(10_000);
    expect(service.sockets).toHaveLength(1);
  });
});

describe("a follower", () => {
  test("that starts while the leader is catching up becomes live with it", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob");
    const leader = await tab(service);
    await pass(20_000);
    service.replayMost = -1;
    const letGo = service.hold("GET /messages/conversations?limit");
    service.sockets[0]?.end(4201);
    await pass(1);
    expect(statusOf(leader)).toBe("catching-up");
    const follower = clientOf(service, "ann", shared);
    follower.start();
    follower.open(id);
    await pass();
    expect(statusOf(follower)).toBe("connecting");
    letGo();
    await pass();
    service.write(id, "bob", "hello");
    await pass();
    expect([leader, follower].map(statusOf)).toEqual(["live", "live"]);
    expect(textsOf(follower, id)).toEqual(["hello"]);
  });

  test("of a leader that polls is polling, and what it does is seen at once", async () => {
    const { service, id, tabs, followers } = await threeTabs();
    service.hasWebSocket = false;
    service.sockets[0]?.end(1006);
    await pass(3_000);
    expect(tabs.map(statusOf)).toEqual(["polling", "polling", "polling"]);
    await followers[0].configure(id, { muted: true });
    await pass();
    expect(followers[0].getState().conversations[id]?.muted).toBe(true);
    await pass(3_000);
    for (const each of tabs) expect(each.getState().conversations[id]?.muted).toBe(true);
    followers[1].send(id, "hello");
    await pass(3_000);
    for (const each of tabs) expect(textsOf(each, id)).toEqual(["hello"]);
    expect(service.messages(id)).toHaveLength(1);
  });

  test("of a leader that is offline is offline, and can make it try at once", async () => {
    const { service, tabs, followers } = await threeTabs();
    service.isDown = true;
    service.sockets[0]?.end(1006);
    await pass(30_000);
    expect(tabs.map(statusOf)).toEqual(["offline", "offline", "offline"]);
    service.isDown = false;
    followers[0].reconnect();
    await pass();
    expect(tabs.map(statusOf)).toEqual(["live", "live", "live"]);
  });

  test("of a leader that was stopped by the service can bring it back", async () => {
    const { service, tabs, followers } = await threeTabs();
    service.sockets[0]?.end(4014);
    await pass(60_000);
    expect(tabs.map(statusOf)).toEqual(["stopped", "stopped", "stopped"]);
    followers[1].reconnect();
    await pass();
    expect(tabs.map(statusOf)).toEqual(["live", "live", "live"]);
  });

  test("that has nothing yet tries at once when it is asked to", async () => {
    const { service } = await threeTabs();
    const end = service.cut("GET /auth/me");
    const late = await tab(service);
    expect(statusOf(late)).toBe("offline");
    end();
    late.reconnect();
    await pass();
    expect(statusOf(late)).toBe("live");
  });

  test("of a leader that is signed out is signed out, and comes back with it", async () => {
    const service = new FakeService();
    let isSignedIn = true;
    let serial = 0;
    const getToken = (): string | null => (isSignedIn ? tokenOf("ann", { serial: serial++ }) : null);
    const leader = await tab(service, { getToken });
    const follower = await tab(service);
    isSignedIn = false;
    service.sockets[0]?.end(4011);
    await pass();
    expect([leader, follower].map(statusOf)).toEqual(["signed-out", "signed-out"]);
    isSignedIn = true;
    follower.reconnect();
    await pass();
    expect([leader, follower].map(statusOf)).toEqual(["live", "live"]);
  });

  test("hears of a new epoch when its leader does", async () => {
    const { service, id, tabs } = await threeTabs();
    service.write(id, "bob", "old");
    await pass(20_000);
    service.restore();
    service.sockets[0]?.end(4204);
    await pass(1_000);
    service.write(id, "bob", "new");
    await pass();
    for (const each of tabs) {
      expect(each.getState()).toMatchObject({ epoch: "epoch-2", position: 1 });
      expect(textsOf(each, id)).toEqual(["old", "new"]);
    }
  });

  test("does not keep a message waiting that another announces again after it was stored", async () => {
    const { service, id, followers, leader } = await threeTabs();
    const closed = await tab(service);
    closed.send(id, "hello");
    await pass();
    const [stored] = service.messages(id);
    const announced = { conversationId: id, clientId: stored?.clientId, content: stored?.content, createdAt: stored?.createdAt, status: "sending" };
    channels[1]?.postMessage(["somebody", { type: "outgoing", message: announced }]);
    await pass();
    for (const each of [leader, closed, followers[1]]) expect(waitingOf(each, id)).toEqual([]);
    expect(service.messages(id)).toHaveLength(1);
  });

  test("that was stopped has what was written meanwhile sent by the same leader, and is in its rooms again", async () => {
    const { service, id, followers } = await threeTabs();
    const other = service.converse("ann", "carol");
    followers[0].open(other);
    await pass();
    followers[0].stop();
    await pass(5_000);
    followers[0].send(id, "meanwhile");
    followers[0].start();
    await pass();
    expect(service.messages(id)).toHaveLength(1);
    expect([...(service.sessions[0]?.rooms ?? [])]).toEqual([id, other]);
    expect(service.sockets).toHaveLength(1);
  });

  test("that goes takes its rooms with it", async () => {
    const { service, id, followers } = await threeTabs();
    const other = service.converse("ann", "carol");
    followers[0].open(other);
    await pass();
    followers[0].stop();
    await pass(1_000);
    expect([...(service.sessions[0]?.rooms ?? [])]).toEqual([id]);
  });
});

describe("where the browser", () => {
  test("gives no locks to a page, each tab leads itself, without haste", async () => {
    let asked = 0;
    const request = (): Promise<never> => {
      asked += 1;
      return Promise.reject(new DOMException("denied", "SecurityError"));
    };
    vi.stubGlobal("navigator", { locks: { request } });
    const service = new FakeService();
    const tabs = [await tab(service), await tab(service)];
    await pass(30_000);
    expect(tabs.map(statusOf)).toEqual(["live", "live"]);
    expect(service.sockets).toHaveLength(2);
    expect(asked).toBe(2);
  });

  test("gives no channel to a page, each tab leads itself", async () => {
    vi.stubGlobal("BroadcastChannel", function () {
      throw new DOMException("insecure", "SecurityError");
    });
    const service = new FakeService();
    const tabs = [await tab(service), await tab(service)];
    expect(tabs.map(statusOf)).toEqual(["live", "live"]);
  });
});
