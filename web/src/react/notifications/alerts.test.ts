// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createMessagingClient } from "../../client";
import type { MessagingClient } from "../../client/types";
import { ines, ScriptedService } from "../scripted-service.test.support";
import { view } from "../viewing";
import { alertOf } from "./alerts";

const play = vi.fn(() => Promise.resolve());
let service: ScriptedService;
let client: MessagingClient;
let id: string;
let stop: () => void;

beforeEach(async () => {
  vi.useFakeTimers();
  play.mockClear();
  vi.stubGlobal("Audio", class { play = play; });
  service = new ScriptedService();
  id = service.converse(ines, ["Bonjour"]).id;
  client = createMessagingClient(service.options);
  client.start();
  await vi.waitFor(() => expect(client.getState().connection.status).toBe("live"), {
    timeout: 30_000,
  });
  stop = alertOf(client, { sound: "/ding.mp3", desktop: false, onOpen: () => {} });
});

afterEach(() => {
  stop();
  client.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function hear(text: string): Promise<number> {
  service.write(id, text);
  await vi.advanceTimersByTimeAsync(2_000);
  return play.mock.calls.length;
}

describe("an alert", () => {
  test("sounds when a message comes", async () => {
    expect(await hear("Toujours là ?")).toBe(1);
  });

  test("is silent for a conversation that is muted", async () => {
    service.change(id, { muted: true });
    expect(await hear("Toujours là ?")).toBe(0);
  });

  test("is silent while somebody looks at the conversation", async () => {
    vi.spyOn(document, "hasFocus").mockReturnValue(true);
    const lookAway = view(client, id);
    expect(await hear("Toujours là ?")).toBe(0);
    lookAway();
    expect(await hear("Toujours là ?")).toBe(1);
  });

  test("is silent when the message was read meanwhile, in another window", async () => {
    const { seq } = service.write(id, "Toujours là ?");
    await vi.advanceTimersByTimeAsync(100);
    client.markRead(id, seq);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(play).not.toHaveBeenCalled();
  });

  test("is silent once it was stopped", async () => {
    stop();
    expect(await hear("Toujours là ?")).toBe(0);
  });
});
