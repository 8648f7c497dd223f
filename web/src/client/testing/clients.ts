// Clients of a fake service, in a time that passes only when a test says so.
import { afterEach, beforeEach, expect, vi } from "vitest";
import { createMessagingClient } from "../messenger";
import type { ClientOptions, MessagingClient } from "../types";
import { FakeService, tokenOf } from "./fake-service";

const started = new Set<MessagingClient>();

/** Makes time stand still around each test, and chance give the middle; holds every client to leave nothing behind. */
export function inFakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: new Date("2026-03-01T12:00:00Z") });
    vi.spyOn(Math, "random").mockReturnValue(0.5);
  });
  afterEach(async () => {
    for (const client of started) client.stop();
    started.clear();
    await pass();
    const timers = vi.getTimerCount();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    expect(timers, "timers left after stop()").toBe(0);
  });
}

/** Lets time pass, and all come to rest that does not wait for time. */
export async function pass(milliseconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

/** Lets what a real clock drives come to rest, as IndexedDB. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A client that is not started yet. */
export function clientOf(service: FakeService, user: string, options: Partial<ClientOptions> = {}): MessagingClient {
  const client = createMessagingClient({
    url: "http://service.test",
    getToken: () => tokenOf(user),
    shareConnection: false,
    persist: false,
    fetch: service.fetch,
    WebSocket: service.WebSocket,
    ...options,
  });
  started.add(client);
  return client;
}

/** A client that is started, and live unless something keeps it from it. */
export async function liveClient(
  service: FakeService,
  user: string,
  options: Partial<ClientOptions> = {},
): Promise<MessagingClient> {
  const client = clientOf(service, user, options);
  client.start();
  await pass();
  return client;
}

export const statusOf = (client: MessagingClient): string => client.getState().connection.status;

/** The texts of a thread, as far as it is here. */
export function textsOf(client: MessagingClient, id: string): string[] {
  const messages = client.getState().threads[id]?.messages ?? [];
  return messages.map(({ content }) => (content.kind === "text" ? content.text : content.kind));
}

export function waitingOf(client: MessagingClient, id: string): string[] {
  return (client.getState().outbox[id] ?? []).map(({ content, status }) => `${content.text}: ${status}`);
}
