// @vitest-environment jsdom
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { renderFor } from "../rendering.test.support";
import { ines, ScriptedService } from "../scripted-service.test.support";
import { MessageNotifications } from "./message-notifications";

let service: ScriptedService;

beforeEach(() => {
  service = new ScriptedService();
  document.title = "Shop";
});

describe("the badge", () => {
  test("counts what waits, in its name and in the page's title", async () => {
    const { id } = service.converse(ines, ["a", "b"]);
    const { unmount } = renderFor(service, <MessageNotifications />);
    await screen.findByRole("button", { name: "Messages, 2 unread" });
    expect(document.title).toBe("(2) Shop");
    act(() => void service.write(id, "c"));
    await screen.findByRole("button", { name: "Messages, 3 unread" });
    document.title = "Another page";
    await waitFor(() => expect(document.title).toBe("(3) Another page"));
    unmount();
    expect(document.title).toBe("Another page");
  });

  test("stops counting at 99", async () => {
    service.converse(ines, Array.from({ length: 120 }, (_, index) => `message ${index}`));
    renderFor(service, <MessageNotifications />);
    await screen.findByText("99+");
    expect(document.title).toBe("(99+) Shop");
  });

  test("opens a list with what is unread first, and gives the focus back", async () => {
    const onOpenConversation = vi.fn();
    service.converse(ines, ["unread"]);
    service.converse({ id: "oliver", displayName: "Oliver" }, ["me: read"]);
    renderFor(service, <MessageNotifications inboxHref="/messages" />, { onOpenConversation });
    const badge = await screen.findByRole("button", { name: /1 unread/ });
    await userEvent.click(badge);
    await screen.findByRole("dialog", { name: "Messages" });
    const rows = screen.getAllByRole("listitem").map((row) => row.textContent ?? "");
    expect(rows[0]).toContain("Inès Moreau");
    expect(rows[1]).toContain("Oliver");
    expect(screen.getByRole("link", { name: "See all messages" }).getAttribute("href")).toBe("/messages");
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement).toBe(badge);

    await userEvent.click(badge);
    await userEvent.click(await screen.findByRole("button", { name: /Inès/ }));
    expect(onOpenConversation).toHaveBeenCalledWith(expect.objectContaining({ counterpart: ines }));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("says kindly that there is nothing yet", async () => {
    renderFor(service, <MessageNotifications />);
    await userEvent.click(screen.getByRole("button", { name: "Messages" }));
    await screen.findByText("No messages yet");
  });
});
