// The demo's network switch: what is cut looks like a network that is gone, and comes back whole.
// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createNetwork, type Network } from "./network";
import type { Keeper } from "./stored-choice";

/** The browser's WebSocket as far as it matters here: it opens, receives and closes when a test says so. */
class FakeSocket {
  static last: FakeSocket;
  readyState = 0;
  protocol = "messaging.v1";
  readonly sent: unknown[] = [];
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.last = this;
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close", { code, wasClean: true }));
  }
}

describe("the network", () => {
  let network: Network;
  let values: Map<string, string>;
  const fetched = vi.fn<typeof fetch>();

  beforeEach(() => {
    values = new Map();
    const keeper: Keeper = {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    };
    fetched.mockReset();
    fetched.mockResolvedValue(new Response("ok"));
    const WebSocket = FakeSocket as unknown as typeof globalThis.WebSocket;
    network = createNetwork({ fetch: fetched, WebSocket, keeper });
  });

  it("lets everything through while it is whole", async () => {
    expect(await (await network.fetch("/api")).text()).toBe("ok");
  });

  it("refuses a fetch as a browser without a network does", async () => {
    network.cut(true);
    await expect(network.fetch("/api")).rejects.toThrow(TypeError);
    expect(fetched).not.toHaveBeenCalled();
    network.cut(false);
    expect((await network.fetch("/api")).ok).toBe(true);
  });

  it("ends a fetch that is under way", async () => {
    fetched.mockImplementation(
      (_input, init) =>
        new Promise((_resolve, reject) =>
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)),
        ),
    );
    const answer = network.fetch("/api");
    network.cut(true);
    await expect(answer).rejects.toThrow(TypeError);
  });

  it("leaves the caller its own way to abort", async () => {
    fetched.mockImplementation((_input, init) =>
      init?.signal?.aborted ? Promise.reject(init.signal.reason as Error) : Promise.resolve(new Response()),
    );
    await expect(network.fetch("/api", { signal: AbortSignal.abort() })).rejects.toThrow("abort");
  });

  it("closes open sockets without a goodbye", () => {
    const socket = new network.WebSocket("ws://localhost/");
    const closed = vi.fn();
    socket.onclose = closed;
    FakeSocket.last.open();
    expect(socket.readyState).toBe(1);
    network.cut(true);
    expect(socket.readyState).toBe(3);
    expect(FakeSocket.last.readyState).toBe(3);
    expect(closed).toHaveBeenCalledOnce();
    expect(closed.mock.calls[0]?.[0]).toMatchObject({ code: 1006, wasClean: false });
  });

  it("does not open a socket while it is cut", async () => {
    network.cut(true);
    const socket = new network.WebSocket("ws://localhost/");
    const opened = vi.fn();
    socket.addEventListener("open", opened);
    const event = await new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    expect(event.code).toBe(1006);
    expect(opened).not.toHaveBeenCalled();
  });

  it("passes on what a socket sends, receives and ends with", () => {
    const socket = new network.WebSocket("ws://localhost/", "messaging.v1");
    const received = vi.fn();
    const closed = vi.fn();
    socket.onmessage = ({ data }) => received(data);
    socket.onclose = ({ code }) => closed(code);
    FakeSocket.last.open();
    socket.send("hello");
    FakeSocket.last.onmessage?.(new MessageEvent("message", { data: "welcome" }));
    FakeSocket.last.end(4110);
    expect(FakeSocket.last.sent).toEqual(["hello"]);
    expect(received).toHaveBeenCalledWith("welcome");
    expect(closed).toHaveBeenCalledExactlyOnceWith(4110);
    network.cut(true);
    expect(closed).toHaveBeenCalledOnce();
  });

  it("tells the page as the browser does", () => {
    const told: string[] = [];
    const listen = (event: Event) => told.push(event.type);
    window.addEventListener("offline", listen);
    window.addEventListener("online", listen);
    network.cut(true);
    network.cut(true);
    network.cut(false);
    window.removeEventListener("offline", listen);
    window.removeEventListener("online", listen);
    expect(told).toEqual(["offline", "online"]);
  });

  it("follows the switch in another tab, and is still cut after a reload", () => {
    values.set("brocante.network", "cut");
    window.dispatchEvent(new StorageEvent("storage", { key: "brocante.network" }));
    expect(network.isCut()).toBe(true);
  });
});
