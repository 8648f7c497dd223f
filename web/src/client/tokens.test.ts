// Access tokens: asked for once, kept while they are good, refused, and of somebody else.
import { describe, expect, test, vi } from "vitest";
import { clientOf, inFakeTime, liveClient, pass, statusOf } from "./testing/clients";
import { FakeService, tokenOf } from "./testing/fake-service";
import { Tokens } from "./tokens";

inFakeTime();

const unchanged = (): void => {
  throw new Error("nobody else was expected");
};

describe("a token", () => {
  test("is asked for once, however many want it at once", async () => {
    const getToken = vi.fn(async () => tokenOf("ann"));
    const tokens = new Tokens(getToken, unchanged);
    const [first, second] = await Promise.all([tokens.current(), tokens.current()]);
    expect(first).toBe(second);
    expect(await tokens.current()).toBe(first);
    expect(getToken).toHaveBeenCalledTimes(1);
    expect(getToken).toHaveBeenCalledWith({ expired: false });
  });

  test("is not used in its last seconds, and the page is told to give another", async () => {
    const getToken = vi.fn(() => tokenOf("ann", { seconds: 60 }));
    const tokens = new Tokens(getToken, unchanged);
    await tokens.current();
    await pass(49_000);
    await tokens.current();
    expect(getToken).toHaveBeenCalledTimes(1);
    await pass(2_000);
    await tokens.current();
    expect(getToken).toHaveBeenCalledTimes(2);
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
  });

  test("that seems to have ended before it came is used until it is refused: the clock may be wrong", async () => {
    const getToken = vi.fn(() => tokenOf("ann", { seconds: -3_600 }));
    const tokens = new Tokens(getToken, unchanged);
    for (let call = 0; call < 5; call++) await tokens.current();
    expect(getToken).toHaveBeenCalledTimes(1);
  });

  test("that was refused is not taken again", async () => {
    const getToken = vi.fn(() => "same");
    const tokens = new Tokens(getToken, unchanged);
    tokens.refuse(await tokens.current());
    await expect(tokens.current()).rejects.toMatchObject({ code: "signed_out", status: 401 });
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
    getToken.mockReturnValue("another");
    expect(await tokens.current()).toBe("another");
  });

  test("that is refused late does not take away the one after it", async () => {
    let serial = 0;
    const tokens = new Tokens(() => `token ${++serial}`, unchanged);
    const old = await tokens.current();
    tokens.refuse(old);
    const present = await tokens.current();
    tokens.refuse(old);
    expect(await tokens.current()).toBe(present);
  });

  test("of somebody else is not given to whoever asked for the one before", async () => {
    const changed = vi.fn();
    const getToken = vi.fn(() => tokenOf("ann"));
    const tokens = new Tokens(getToken, changed);
    await tokens.current();
    getToken.mockImplementation(() => tokenOf("bob"));
    await expect(tokens.fresh()).rejects.toMatchObject({ code: "signed_out" });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(await tokens.current()).toBe(tokenOf("bob"));
  });
});

describe("a client", () => {
  test("whose page cannot give a token now tries again", async () => {
    const service = new FakeService();
    const getToken = vi.fn((): string => {
      throw new Error("the shop is away");
    });
    const client = await liveClient(service, "ann", { getToken });
    expect(client.getState().connection).toEqual({ status: "offline", retryAt: Date.now() + 250 });
    getToken.mockImplementation(() => tokenOf("ann"));
    await pass(250);
    expect(statusOf(client)).toBe("live");
  });

  test("whose page has no token is signed out, stays so quietly, and comes back when asked", async () => {
    const service = new FakeService();
    const getToken = vi.fn((): string | null => null);
    const client = await liveClient(service, "ann", { getToken });
    const seen = new Set<string>();
    client.subscribe(() => seen.add(statusOf(client)));
    expect(statusOf(client)).toBe("signed-out");
    const asked = getToken.mock.calls.length;
    await pass(3_600_000);
    expect(getToken).toHaveBeenCalledTimes(asked);
    client.reconnect();
    await pass();
    expect(seen).toEqual(new Set());
    getToken.mockImplementation(() => tokenOf("ann"));
    client.reconnect();
    await pass();
    expect(statusOf(client)).toBe("live");
  });

  test("calls once more with another token when one is refused", async () => {
    const service = new FakeService();
    const id = service.converse("ann", "bob", ["hello"]);
    let serial = 0;
    const getToken = vi.fn(({ expired }: { expired: boolean }) => tokenOf("ann", { serial: expired ? ++serial : serial }));
    const client = await liveClient(service, "ann", { getToken });
    service.revoked.add(tokenOf("ann"));
    await client.configure(id, { muted: true });
    expect(getToken).toHaveBeenLastCalledWith({ expired: true });
    expect(service.view(id, "ann").muted).toBe(true);
  });

  test("asks the page before each connection", async () => {
    const service = new FakeService();
    const getToken = vi.fn(() => tokenOf("ann"));
    const client = await liveClient(service, "ann", { getToken });
    const asked = getToken.mock.calls.length;
    await pass(20_000);
    service.sockets.at(-1)?.end(4201);
    await pass(1);
    expect(getToken).toHaveBeenCalledTimes(asked + 1);
    expect(statusOf(client)).toBe("live");
  });

  test("shows nothing of the person before once the page gives the token of another", async () => {
    const service = new FakeService();
    const shared = service.converse("ann", "bob", ["to ann"]);
    const secret = service.converse("ann", "carol", ["a secret"]);
    let user = "ann";
    const client = await liveClient(service, user, { getToken: () => tokenOf(user) });
    client.open(secret);
    client.setDraft(secret, "my draft");
    await pass();
    service.isDown = true;
    service.sockets.at(-1)?.end(1006);
    await pass();
    client.send(secret, "never sent as bob");
    user = "bob";
    service.isDown = false;
    const seen: string[] = [];
    client.subscribe(() => {
      if (client.getState().me?.id === "bob") seen.push(JSON.stringify(client.getState()));
    });
    await pass(1_000);
    expect(statusOf(client)).toBe("live");
    expect(client.getState().me?.id).toBe("bob");
    expect(Object.keys(client.getState().conversations)).toEqual([shared]);
    expect(client.getState().threads[secret]?.messages).toEqual([]);
    expect(client.getState().drafts).toEqual({});
    expect(client.getState().outbox).toEqual({});
    expect(seen.filter((state) => /a secret|my draft|never sent|carol/.test(state))).toEqual([]);
    await pass(60_000);
    expect(service.messages(secret)).toHaveLength(1);
  });

  test("does not take in what was asked for as somebody else", async () => {
    const service = new FakeService();
    const secret = service.converse("ann", "carol", ["a secret"]);
    let user = "ann";
    const client = await liveClient(service, user, { getToken: () => tokenOf(user) });
    const letGo = ["GET /messages/conversations?archived", "PATCH", "DELETE", "GET /messages/conversations/"].map((what) =>
      service.hold(what),
    );
    const calls: Promise<unknown>[] = [client.loadConversations("archive"), client.configure(secret, { archived: true })];
    client.open(secret);
    calls.push(client.remove(service.messages(secret)[0] ?? expect.fail()));
    const results = Promise.allSettled(calls);
    await pass();
    user = "bob";
    service.sockets.at(-1)?.end(4100);
    await pass(1_000);
    expect(client.getState().me?.id).toBe("bob");
    for (const go of letGo) go();
    await pass(1_000);
    expect((await results).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(client.getState().conversations).toEqual({});
    expect(client.getState().archive.status).toBe("idle");
  });

  test("that was never started can still be asked to find a conversation", async () => {
    const service = new FakeService();
    const client = clientOf(service, "ann");
    const conversation = await client.startConversation({ sellerId: "bob" });
    expect(client.getState().conversations[conversation.id]).toEqual(conversation);
    expect(service.sockets).toHaveLength(0);
  });
});
