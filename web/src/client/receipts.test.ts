// What was read and what has arrived: told in time, once, and never of one's own messages.
import { describe, expect, test } from "vitest";
import { inFakeTime, liveClient, pass } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

async function receiving(texts: string[] = []) {
  const service = new FakeService();
  const id = service.converse("ann", "bob", texts);
  const client = await liveClient(service, "ann");
  return { service, id, client, path: `POST /messages/conversations/${id}/read` };
}

describe("read", () => {
  test("is told one call at a time, and the latest word counts", async () => {
    const { service, id, client, path } = await receiving(Array.from({ length: 9 }, (_, place) => `text ${place}`));
    const letGo = service.hold(path);
    for (let seq = 1; seq <= 9; seq++) client.markRead(id, seq);
    client.markRead(id, 3);
    await pass();
    expect(service.times(path)).toBe(1);
    letGo();
    await pass();
    expect(service.times(path)).toBe(2);
    expect(client.getState().conversations[id]).toMatchObject({ readSeq: 9, unreadCount: 0 });
    client.markRead(id, 9);
    await pass();
    expect(service.times(path)).toBe(2);
  });

  test.each([
    { code: "internal", status: 500 },
    { code: "unauthenticated", status: 401 },
  ] as const)("is told later when $status keeps it from being told now", async (refusal) => {
    const { service, id, client, path } = await receiving(["one"]);
    const end = service.refuse(path, refusal);
    client.markRead(id, 1);
    await pass(10_000);
    expect(service.times(path)).toBeGreaterThan(1);
    expect(service.times(path)).toBeLessThan(15);
    end();
    await pass(2_000);
    expect(client.getState().conversations[id]?.readSeq).toBe(1);
  });

  test("is told when the connection is back, and not asked in vain before", async () => {
    const { service, id, client, path } = await receiving(["one"]);
    service.isDown = true;
    service.sockets.at(-1)?.end(1006);
    await pass();
    client.markRead(id, 1);
    await pass(60_000);
    expect(service.times(path)).toBe(1);
    service.isDown = false;
    await pass(30_000);
    expect(client.getState().conversations[id]?.readSeq).toBe(1);
  });

  test("is told no more when it is refused for good", async () => {
    const { service, id, client, path } = await receiving(["one"]);
    service.refuse(path, { code: "not_found", status: 404 });
    client.markRead(id, 1);
    await pass(60_000);
    expect(service.times(path)).toBe(1);
  });
});

describe("delivered", () => {
  test("is told of what comes and of what came before, a few conversations at a time", async () => {
    const service = new FakeService();
    const ids = Array.from({ length: 10 }, (_, place) => service.converse("ann", `seller ${place}`, ["hello"]));
    await liveClient(service, "ann");
    const delivered = (): number => ids.filter((id) => service.view(id, "ann").deliveredSeq === 1).length;
    expect(delivered()).toBe(0);
    await pass(200);
    expect(delivered()).toBe(3);
    await pass(600);
    expect(delivered()).toBe(10);
    const [id = ""] = ids;
    service.write(id, "seller 0", "again");
    await pass(200);
    expect(service.view(id, "ann").deliveredSeq).toBe(2);
    await pass(10_000);
    expect(service.times("conversation.delivered")).toBe(11);
  });

  test("is told once for messages that come together", async () => {
    const { service, id } = await receiving();
    for (let each = 0; each < 20; each++) service.write(id, "bob", `text ${each}`);
    await pass(1_000);
    expect(service.times("conversation.delivered")).toBe(1);
    expect(service.view(id, "ann").deliveredSeq).toBe(20);
  });

  test("is never told of one's own messages", async () => {
    const { service, id, client } = await receiving();
    client.send(id, "hello");
    service.write(id, "ann", "from another device");
    await pass(10_000);
    expect(service.times("conversation.delivered")).toBe(0);
  });
});
