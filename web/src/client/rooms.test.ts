// Rooms: who is there and who writes, while a conversation is looked at.
import { describe, expect, test } from "vitest";
import { inFakeTime, liveClient, pass } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

async function looking(count = 1) {
  const service = new FakeService();
  const ids = Array.from({ length: count }, (_, place) => service.converse("ann", `seller ${place}`));
  const client = await liveClient(service, "ann");
  const rooms = (): string[] => [...(service.sessions[0]?.rooms ?? [])];
  return { service, client, ids, id: ids[0] ?? "", rooms };
}

describe("a room", () => {
  test("is joined while its conversation is open, and a little longer", async () => {
    const { service, client, id, rooms } = await looking();
    const close = client.open(id);
    await pass();
    expect(rooms()).toEqual([id]);
    expect(client.getState().presence[id]).toEqual({ online: false });
    close();
    close();
    await pass(999);
    expect(rooms()).toEqual([id]);
    client.open(id)();
    await pass(999);
    expect(rooms()).toEqual([id]);
    await pass(1);
    expect(rooms()).toEqual([]);
    expect(client.getState().presence[id]).toBeUndefined();
    expect(service.times("room.join")).toBe(1);
  });

  test("is one of twenty at most: those looked at last", async () => {
    const { client, ids, rooms } = await looking(25);
    const close = ids.map((id) => client.open(id));
    await pass();
    expect(rooms().sort()).toEqual(ids.slice(5));
    expect(Object.keys(client.getState().presence)).toHaveLength(20);
    for (const each of close.slice(20)) each();
    await pass(1_000);
    expect(rooms().sort()).toEqual(ids.slice(0, 20));
  });

  test("is joined again by the next session, and by the next start", async () => {
    const { service, client, id, rooms } = await looking();
    client.open(id);
    await pass();
    service.sockets.at(-1)?.end(1006);
    await pass();
    expect(client.getState().presence).toEqual({});
    await pass(250);
    expect(rooms()).toEqual([id]);
    client.stop();
    await pass();
    client.start();
    await pass();
    expect(rooms()).toEqual([id]);
    expect(client.getState().presence[id]).toEqual({ online: false });
  });

  test("that was left just before a stop is not joined by the next start", async () => {
    const { client, id, rooms } = await looking();
    const close = client.open(id);
    await pass();
    close();
    client.stop();
    client.start();
    await pass(5_000);
    expect(rooms()).toEqual([]);
  });

  test("that is refused is not shown as known", async () => {
    const { service, client, id } = await looking();
    service.refuse("room.join", { code: "rate_limited", status: 429 });
    client.open(id);
    await pass(5_000);
    expect(client.getState().presence).toEqual({});
    expect(service.times("room.join")).toBe(1);
  });

  test("whose answer comes after it was left is not shown either", async () => {
    const { service, client, id } = await looking();
    const letGo = service.hold("room.join");
    client.open(id)();
    await pass(1_000);
    letGo();
    await pass();
    expect(client.getState().presence).toEqual({});
  });

  test("tells who comes and goes", async () => {
    const { service, client, id } = await looking();
    client.open(id);
    await pass();
    service.tellRoom(id, { event: "presence", data: { conversationId: id, userId: "seller 0", online: true } });
    await pass();
    expect(client.getState().presence[id]).toEqual({ online: true });
    const lastSeenAt = "2026-03-01T11:00:00.000Z";
    service.tellRoom(id, { event: "presence", data: { conversationId: id, userId: "seller 0", online: false, lastSeenAt } });
    await pass();
    expect(client.getState().presence[id]).toEqual({ online: false, lastSeenAt });
  });
});

describe("writing", () => {
  test("of the other is shown until it is not told again, until they stop, or until their message comes", async () => {
    const { service, client, id } = await looking();
    client.open(id);
    await pass();
    const tell = async (active: boolean): Promise<void> => {
      service.tellRoom(id, { event: "typing", data: { conversationId: id, userId: "seller 0", active, expiresInMs: 7_000 } });
      await pass();
    };
    const shown = (): boolean => id in client.getState().typing;
    await tell(true);
    await pass(4_000);
    await tell(true);
    await pass(6_999);
    expect(shown()).toBe(true);
    await pass(1);
    expect(shown()).toBe(false);
    await tell(true);
    await tell(false);
    expect(shown()).toBe(false);
    await tell(true);
    service.write(id, "ann", "mine");
    await pass();
    expect(shown()).toBe(true);
    service.write(id, "seller 0", "theirs");
    await pass();
    expect(shown()).toBe(false);
    const state = client.getState();
    await pass(200);
    const later = client.getState();
    await pass(7_000);
    expect(client.getState()).toBe(later);
    expect(state.typing).toEqual({});
  });

  test("of one's own is told at most every three seconds, and when it ends", async () => {
    const { service, client, id } = await looking();
    const told = (): unknown[] => (service.sockets[0]?.ops("typing") ?? []).map(({ active }) => active);
    for (let stroke = 0; stroke < 40; stroke++) {
      client.setTyping(id, true);
      await pass(200);
    }
    expect(told()).toEqual([true, true, true]);
    await pass(5_000);
    expect(told()).toEqual([true, true, true, true, false]);
    client.setTyping(id, true);
    client.setTyping(id, false);
    client.setTyping(id, false);
    expect(told().slice(5)).toEqual([true, false]);
  });

  test("that begins again right after a message is told as soon as the service would pass it on", async () => {
    const { service, client, id } = await looking();
    const told = (): unknown[] => (service.sockets[0]?.ops("typing") ?? []).map(({ active }) => active);
    client.setTyping(id, true);
    await pass(1_000);
    client.send(id, "hello");
    client.setTyping(id, true);
    await pass(1_900);
    expect(told()).toEqual([true]);
    await pass(200);
    expect(told()).toEqual([true, true]);
  });

  test("ends with the message, without a word", async () => {
    const { service, client, id } = await looking();
    client.setTyping(id, true);
    client.send(id, "hello");
    client.setTyping(id, false);
    await pass(10_000);
    expect(service.sockets[0]?.ops("typing")).toMatchObject([{ active: true }]);
  });
});
