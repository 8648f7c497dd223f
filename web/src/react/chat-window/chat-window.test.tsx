// @vitest-environment jsdom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test } from "vitest";
import { renderFor } from "../rendering.test.support";
import { ines, ScriptedService } from "../scripted-service.test.support";
import { ChatWindow } from "./chat-window";

let service: ScriptedService;

beforeEach(() => {
  service = new ScriptedService();
});

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message to Inès Moreau" });
const rows = () => within(screen.getByRole("list", { name: "Conversation with Inès Moreau" })).getAllByRole("listitem");
const lastRow = () => rows().at(-1) as HTMLElement;
const announced = () => document.querySelector("[aria-live=polite][aria-atomic]")?.textContent;

async function show(texts: string[] = ["Bonjour"], more = {}) {
  const { id } = service.converse(ines, texts, more);
  const view = renderFor(service, <ChatWindow conversationId={id} />);
  if (texts.length > 0) await screen.findByText(texts.at(-1)?.replace("me: ", "") ?? "");
  return { id, ...view };
}

describe("writing", () => {
  test("Enter sends, Shift and Enter begins a line", async () => {
    await show();
    await userEvent.type(field(), "Deux{Shift>}{Enter}{/Shift}lignes{Enter}");
    expect(field().value).toBe("");
    expect(lastRow().textContent).toContain("Deux\nlignes");
    await waitFor(() => expect(lastRow().dataset.state).toBe("sent"));
  });

  test("Enter that ends a composition sends nothing", async () => {
    await show();
    fireEvent.change(field(), { target: { value: "にほん" } });
    fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    expect(field().value).toBe("にほん");
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(field().value).toBe("");
  });

  test("the bubble that was waiting is the one that was sent", async () => {
    const { client } = await show();
    service.isDown = true;
    act(() => service.close(1006));
    await waitFor(() => expect(client.getState().connection.status).not.toBe("live"));
    await userEvent.type(field(), "Hors ligne{Enter}");
    const bubble = lastRow();
    expect(bubble.dataset.state).toBe("queued");
    expect(within(bubble).getByText("Waiting to be sent")).toBeTruthy();
    service.isDown = false;
    act(() => client.reconnect());
    await waitFor(() => expect(bubble.dataset.state).toBe("sent"));
    expect(lastRow()).toBe(bubble);
    expect(screen.getAllByText("Hors ligne")).toHaveLength(1);
  });

  test("nothing is sent when there is nothing, or too much", async () => {
    await show();
    await userEvent.type(field(), "  {Enter}");
    fireEvent.change(field(), { target: { value: "🎉".repeat(4_001) } });
    expect(screen.getByText("1 character too many")).toBeTruthy();
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(rows().filter((row) => row.dataset.own !== undefined)).toHaveLength(0);
    fireEvent.change(field(), { target: { value: ` ${"🎉".repeat(3_700)} ` } });
    expect(screen.getByText("300 characters left")).toBeTruthy();
  });

  test("what was begun is kept for each conversation", async () => {
    const { client, id } = await show();
    await userEvent.type(field(), "Demain");
    expect(client.getState().drafts[id]).toBe("Demain");
    act(() => client.setDraft(id, "Ailleurs"));
    expect(field().value).toBe("Ailleurs");
  });

  test("a refused message says why, and can be sent again, taken back or let go", async () => {
    await show();
    service.refusals.set("op message.send", { code: "blocked", status: 403 });
    await userEvent.type(field(), "Refusé{Enter}");
    await screen.findByText("Not sent. You can’t write to each other.", { selector: ".msg-error-text" });
    await waitFor(() => expect(announced()).toContain("Not sent."));
    await userEvent.click(screen.getByRole("button", { name: "Edit" }));
    expect(field().value).toBe("Refusé");
    await userEvent.type(field(), "{Enter}");
    await userEvent.click(await screen.findByRole("button", { name: "Discard" }));
    expect(screen.queryByText("Refusé")).toBeNull();
    await userEvent.type(field(), "Encore{Enter}");
    service.refusals.clear();
    await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
    await waitFor(() => expect(lastRow().dataset.state).toBe("sent"));
  });
});

describe("one's own messages", () => {
  test("are edited with the arrow up while it is not too late", async () => {
    const { id } = await show(["me: Bonjuor"], { createdAt: new Date().toISOString() });
    await userEvent.type(field(), "{ArrowUp}");
    const editing = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Editing your message" });
    expect(document.activeElement).toBe(editing);
    await userEvent.clear(editing);
    await userEvent.type(editing, "Bonjour{Enter}");
    await screen.findByText("Bonjour");
    expect(screen.getByText("edited")).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(field()));
    expect(service.messages.get(id)?.[0]?.revision).toBe(2);
  });

  test("Escape lets a message be as it was, and what was begun before", async () => {
    const { client, id } = await show(["me: Bonjour"], { createdAt: new Date().toISOString() });
    await userEvent.type(field(), "{ArrowUp}tout faux{Escape}");
    expect(screen.getByText("Bonjour")).toBeTruthy();
    expect(field().value).toBe("");
    expect(client.getState().drafts[id]).toBeUndefined();
  });

  test("are deleted after a question, and leave a trace", async () => {
    await show(["me: Bonjour"]);
    await userEvent.click(screen.getByRole("button", { name: "Message options" }));
    // It is too late to edit it: months have gone by.
    expect(screen.getAllByRole("menuitem").map((item) => item.textContent)).toEqual(["Copy text", "Delete…"]);
    await userEvent.keyboard("{End}{Enter}");
    const dialog = screen.getByRole("dialog", { name: "Delete this message?" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    await screen.findByText("You deleted this message");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("what comes", () => {
  test("is read out once, with who says it, and never what was there", async () => {
    const { id } = await show(["Bonjour"]);
    expect(announced()).toBe("");
    act(() => void service.write(id, "Toujours là ?"));
    await waitFor(() => expect(announced()).toBe("Inès Moreau: Toujours là ?"));
    await userEvent.type(field(), "Oui{Enter}");
    await waitFor(() => expect(lastRow().dataset.state).toBe("sent"));
    expect(announced()).toBe("Inès Moreau: Toujours là ?");
  });

  test("stands below a divider when it was unread, and the divider stays", async () => {
    const { id } = await show(["Bonjour", "Vendu ?"]);
    expect(screen.getByText("New messages")).toBeTruthy();
    act(() => service.change(id, { readSeq: 2, unreadCount: 0 }));
    expect(screen.getByText("New messages")).toBeTruthy();
  });

  test("is foretold by dots", async () => {
    const { id } = await show();
    act(() => service.tellTyping(id, true));
    await screen.findByText("Inès Moreau is writing…");
    act(() => void service.write(id, "Voilà"));
    await waitFor(() => expect(screen.queryByText("Inès Moreau is writing…")).toBeNull());
  });
});

describe("a conversation", () => {
  test("is blocked after a question, and unblocked in one press", async () => {
    const { id } = await show();
    await userEvent.click(screen.getByRole("button", { name: "Conversation options" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Block Inès Moreau…" }));
    await userEvent.click(screen.getByRole("button", { name: "Block" }));
    await screen.findByText("You’ve blocked Inès Moreau.");
    expect(service.conversation(id).blocked).toBe("byMe");
    await userEvent.click(screen.getByRole("button", { name: "Unblock" }));
    await waitFor(() => expect(field()).toBeTruthy());
  });

  test("that is empty invites to begin", async () => {
    await show([]);
    await screen.findByText("Say hello to Inès Moreau");
  });

  test("that is not there says so", async () => {
    service.refusals.set("GET /conversations/nowhere", { code: "not_found", status: 404 });
    renderFor(service, <ChatWindow conversationId="nowhere" />);
    await screen.findByText("This conversation doesn’t exist, or isn’t yours to see");
  });

  test("that could not be fetched can be tried again", async () => {
    const { id } = service.converse(ines, ["Bonjour"]);
    service.refusals.set(`GET /conversations/${id}`, { code: "internal", status: 500 });
    renderFor(service, <ChatWindow conversationId={id} />);
    await screen.findByText("The messages couldn’t be loaded");
    service.refusals.clear();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("Bonjour");
  });
});

describe("what cannot be written", () => {
  test.each([
    [{ blocked: "byMe" }, "You’ve blocked Inès Moreau."],
    [{ blocked: "byCounterpart" }, "Inès Moreau doesn’t take messages from you."],
    [{ closed: true }, "Inès Moreau has left the marketplace. You can still read what was written."],
  ] as const)("%o is said in words", async (more, words) => {
    await show(["Bonjour"], more);
    await screen.findByText(words);
    expect(screen.queryByRole("textbox")).toBeNull();
  });
});
