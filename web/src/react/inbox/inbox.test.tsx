// @vitest-environment jsdom
import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { renderFor } from "../rendering.test.support";
import { ines, ScriptedService } from "../scripted-service.test.support";
import { Inbox } from "./inbox";

let service: ScriptedService;
let first: string;
let second: string;

beforeEach(() => {
  service = new ScriptedService();
  first = service.converse(ines, ["Bonjour", "La table est vendue ?"]).id;
  second = service.converse({ id: "oliver", displayName: "Oliver Bennett" }, ["me: Is it sharp? 🎉 Leica"]).id;
});

const row = (name: RegExp) => screen.findByRole("button", { name });
const view = () => document.querySelector<HTMLElement>(".msg-inbox")?.dataset.view;

describe("the inbox", () => {
  test("lists conversations, the latest first, with what waits", async () => {
    renderFor(service, <Inbox />);
    await row(/Inès/);
    const rows = within(screen.getByRole("list", { name: "Conversations" })).getAllByRole("listitem");
    expect(rows.map((item) => item.querySelector(".msg-list-name")?.textContent)).toEqual(["Oliver Bennett", "Inès Moreau"]);
    expect(rows[0]?.textContent).toContain("You: Is it sharp?");
    expect(rows[1]?.textContent).toContain("2 unread messages");
  });

  test("shows what is chosen, and the focus comes back to it", async () => {
    const onConversationChange = vi.fn();
    renderFor(service, <Inbox onConversationChange={onConversationChange} />);
    expect(view()).toBe("list");
    await userEvent.click(await row(/Inès/));
    expect(onConversationChange).toHaveBeenLastCalledWith(first);
    expect(view()).toBe("thread");
    const field = await screen.findByRole("textbox", { name: "Message to Inès Moreau" });
    expect(document.activeElement).toBe(field);
    expect((await row(/2 unread/)).getAttribute("aria-current")).toBe("true");
    await userEvent.click(screen.getByRole("button", { name: "Back to the conversations" }));
    expect(onConversationChange).toHaveBeenLastCalledWith(null);
    expect(document.activeElement).toBe(await row(/Inès/));
  });

  test("shows what the page says, and only asks to change it", async () => {
    const onConversationChange = vi.fn();
    renderFor(service, <Inbox conversationId={second} onConversationChange={onConversationChange} />);
    await screen.findByRole("textbox", { name: "Message to Oliver Bennett" });
    await userEvent.click(await row(/Inès/));
    expect(onConversationChange).toHaveBeenCalledWith(first);
    expect(screen.getByRole("textbox", { name: "Message to Oliver Bennett" })).toBeTruthy();
  });

  test("finds messages, marks the words and goes to the one that is chosen", async () => {
    renderFor(service, <Inbox />);
    await userEvent.type(screen.getByRole("searchbox"), "leica");
    const mark = await screen.findByText("Leica", { selector: "mark" });
    await userEvent.click(mark);
    const message = await screen.findByText("Is it sharp? 🎉 Leica", { selector: ".msg-text" });
    expect(message.closest<HTMLElement>("[role=listitem]")?.dataset.seq).toBe("1");
    await userEvent.click(screen.getByRole("button", { name: "Clear the search" }));
    await row(/Inès/);
  });

  test("says when nothing was found, and when the search failed", async () => {
    renderFor(service, <Inbox />);
    const field = screen.getByRole("searchbox");
    await userEvent.type(field, "zzz");
    await screen.findByText("Nothing found for “zzz”");
    service.refusals.set("GET /search", { code: "internal", status: 500 });
    await userEvent.type(field, "z");
    await screen.findByText("The service is busy. Try again in a moment.");
    service.refusals.clear();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("Nothing found for “zzzz”");
  });

  test("has an archive", async () => {
    service.change(first, { archived: true });
    renderFor(service, <Inbox />);
    await row(/Oliver/);
    expect(screen.queryByRole("button", { name: /Inès/ })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Archive" }));
    await row(/Inès/);
    act(() => service.change(first, { archived: false }));
    await screen.findByText("The archive is empty");
  });

  test("says what to do while there is nothing, in the reader's language", async () => {
    renderFor(new ScriptedService(), <Inbox />, { locale: "fr" });
    await screen.findByText("Aucune conversation pour l’instant");
  });

  test("offers to sign in", async () => {
    const onSignIn = vi.fn();
    service.options.getToken = () => null;
    renderFor(service, <Inbox />, { onSignIn });
    await userEvent.click(await screen.findByRole("button", { name: "Sign in" }));
    expect(onSignIn).toHaveBeenCalled();
  });

  test("comes by itself once the service can be reached again", async () => {
    service.isDown = true;
    const { client } = renderFor(service, <Inbox />);
    await screen.findByText("The conversations couldn’t be loaded");
    service.isDown = false;
    act(() => client.reconnect());
    await waitFor(() => expect(screen.getByRole("button", { name: /Inès/ })).toBeTruthy());
  });
});
