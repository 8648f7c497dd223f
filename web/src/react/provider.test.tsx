// @vitest-environment jsdom
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MessagingProvider } from "./provider";
import { ines, me, ScriptedService, tokenOf } from "./scripted-service.test.support";
import { useMessaging } from "./use-messaging";
import { useUnread } from "./use-unread";
import { useWebSocket } from "./use-web-socket";

let service: ScriptedService;

beforeEach(() => {
  service = new ScriptedService();
  service.converse(ines, ["Bonjour", "Encore là ?"]);
});

afterEach(async () => {
  cleanup();
  await waitFor(() => expect(service.sockets.size).toBe(0));
});

function Unread() {
  const unread = useUnread();
  const { status } = useWebSocket();
  return <output>{`${status} ${unread}`}</output>;
}

const shown = () => screen.getAllByRole("status").map((output) => output.textContent);
const live = () => waitFor(() => expect(shown()).toEqual(shown().map(() => "live 2")));

describe("a provider", () => {
  test("loads and starts a client, and stops it when it goes", async () => {
    const { unmount } = render(
      <MessagingProvider {...service.options}>
        <Unread />
      </MessagingProvider>,
    );
    expect(shown()).toEqual(["connecting 0"]);
    await live();
    unmount();
    await waitFor(() => expect(service.sockets.size).toBe(0));
  });

  test("has one connection, in StrictMode and with others of the same person on the page", async () => {
    render(
      <StrictMode>
        <MessagingProvider {...service.options} userKey="camille">
          <Unread />
        </MessagingProvider>
        <MessagingProvider {...service.options} userKey="camille">
          <Unread />
        </MessagingProvider>
      </StrictMode>,
    );
    await live();
    expect(shown()).toHaveLength(2);
    expect(service.opened).toBe(1);
  });

  test("keeps its connection when it is taken away and put back, as from page to page", async () => {
    const page = (name: string) => (
      <MessagingProvider key={name} {...service.options}>
        <Unread />
      </MessagingProvider>
    );
    const { rerender } = render(page("a"));
    await live();
    rerender(page("b"));
    await live();
    expect(service.opened).toBe(1);
  });

  test("gives another person a client of their own and stops the old one", async () => {
    const clients = new Set<unknown>();
    function Client() {
      const client = useMessaging();
      if (client) clients.add(client);
      return <Unread />;
    }
    const page = (userKey: string) => (
      <MessagingProvider {...service.options} userKey={userKey}>
        <Client />
      </MessagingProvider>
    );
    const { rerender } = render(page("camille"));
    await live();
    rerender(page("ines"));
    expect(shown()).toEqual(["connecting 0"]);
    await live();
    expect(clients.size).toBe(2);
    expect(service.sockets.size).toBe(1);
  });

  test("asks the page's latest words for a token", async () => {
    const first = vi.fn(() => tokenOf(me, 1));
    const second = vi.fn(() => tokenOf(me, 2));
    const page = (getToken: () => string) => (
      <MessagingProvider {...service.options} getToken={getToken}>
        <Unread />
      </MessagingProvider>
    );
    const { rerender } = render(page(first));
    await live();
    rerender(page(second));
    act(() => service.close(4110));
    await waitFor(() => expect(second).toHaveBeenCalled());
    await live();
  });

  test("says that nobody is signed in when there is no token", async () => {
    render(
      <MessagingProvider {...service.options} getToken={() => null}>
        <Unread />
      </MessagingProvider>,
    );
    await waitFor(() => expect(shown()).toEqual(["signed-out 0"]));
    expect(service.opened).toBe(0);
  });
});
