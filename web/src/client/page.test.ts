// @vitest-environment jsdom
// The page's own signs: its network, whether it is looked at, and that it goes.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { inFakeTime, liveClient, pass, statusOf, textsOf } from "./testing/clients";
import { FakeService } from "./testing/fake-service";

inFakeTime();

let isOnline = true;
let visibility: DocumentVisibilityState = "visible";
beforeEach(() => {
  isOnline = true;
  visibility = "visible";
  vi.spyOn(navigator, "onLine", "get").mockImplementation(() => isOnline);
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
});

function network(online: boolean): void {
  isOnline = online;
  window.dispatchEvent(new Event(online ? "online" : "offline"));
}

function look(at: boolean): void {
  visibility = at ? "visible" : "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("a machine without network", () => {
  test("is offline at once, and live again at once", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    service.isDown = true;
    network(false);
    expect(statusOf(client)).toBe("offline");
    await pass(60_000);
    expect(statusOf(client)).toBe("offline");
    service.isDown = false;
    network(true);
    await pass();
    expect(statusOf(client)).toBe("live");
  });

  test("is offline at once while it was polling, and does not poll", async () => {
    const service = new FakeService();
    service.hasWebSocket = false;
    const client = await liveClient(service, "ann");
    await pass(20_000);
    expect(statusOf(client)).toBe("polling");
    network(false);
    expect(statusOf(client)).toBe("offline");
    const asked = service.times("GET /messages/sync");
    await pass(60_000);
    expect(service.times("GET /messages/sync")).toBe(asked);
    network(true);
    await pass(2_000);
    expect(statusOf(client)).toBe("polling");
  });

  test("stays stopped or signed out when it was", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    service.sockets.at(-1)?.end(4014);
    await pass();
    network(false);
    network(true);
    await pass(60_000);
    expect(statusOf(client)).toBe("stopped");
  });
});

describe("a page", () => {
  test("that is looked at again finds out that its connection is dead", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    look(false);
    const [socket] = service.sockets;
    if (socket) socket.isDead = true;
    look(true);
    await pass(5_000 + 250);
    expect(service.sockets).toHaveLength(2);
    expect(statusOf(client)).toBe("live");
  });

  test("in the back is polled for less often, and at once when it is looked at again", async () => {
    const service = new FakeService();
    service.hasWebSocket = false;
    const id = service.converse("ann", "bob");
    const client = await liveClient(service, "ann");
    client.open(id);
    look(false);
    await pass(20_000);
    const asked = service.times("GET /messages/sync");
    await pass(60_000);
    expect(service.times("GET /messages/sync") - asked).toBe(4);
    service.write(id, "bob", "hello");
    look(true);
    await pass();
    expect(textsOf(client, id)).toEqual(["hello"]);
  });

  test("is no longer watched by a client that was stopped", async () => {
    const service = new FakeService();
    const client = await liveClient(service, "ann");
    client.stop();
    network(false);
    network(true);
    look(true);
    await pass(60_000);
    expect(service.sockets).toHaveLength(1);
  });
});
