// @vitest-environment jsdom
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { renderFor } from "./rendering.test.support";
import { me, ScriptedService } from "./scripted-service.test.support";
import { StartConversationButton } from "./start-conversation-button";

const button = () => screen.getByRole<HTMLButtonElement>("button");
const start = "POST /conversations";

function show(service: ScriptedService, sellerId = "oliver") {
  const onOpenConversation = vi.fn();
  const onStarted = vi.fn();
  const onSignIn = vi.fn();
  const element = (
    <StartConversationButton
      productId="leica"
      sellerId={sellerId}
      sellerName="Oliver"
      className="mine"
      data-testid="start"
      onStarted={onStarted}
    />
  );
  const view = renderFor(service, element, { onOpenConversation, onSignIn });
  return { ...view, onOpenConversation, onStarted, onSignIn };
}

describe("the start button", () => {
  test("starts the conversation once, tells the page and opens it", async () => {
    const service = new ScriptedService();
    const { onOpenConversation, onStarted } = show(service);
    expect(button().textContent).toBe("Write to Oliver");
    expect(button().className).toContain("mine");
    await userEvent.dblClick(button());
    await waitFor(() => expect(onOpenConversation).toHaveBeenCalledTimes(1));
    expect(onStarted).toHaveBeenCalledTimes(1);
    expect(service.asked.filter((asked) => asked === start)).toHaveLength(1);
  });

  test("docks a chat where the page shows no conversations", async () => {
    const service = new ScriptedService();
    renderFor(service, <StartConversationButton sellerId="oliver" sellerName="Oliver" />);
    await userEvent.click(button());
    await screen.findByRole("textbox", { name: "Message to Oliver" });
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(document.activeElement).toBe(button());
  });

  test.each([
    ["blocked", 403, "You and Oliver can’t write to each other.", true],
    ["not_found", 404, "Oliver can’t be reached here any more.", false],
    ["rate_limited", 429, "That was a little fast. Wait a moment, then try again.", false],
    ["self_conversation", 422, "This is your own listing.", true],
  ] as const)("says why it cannot be: %s", async (code, status, words, final) => {
    const service = new ScriptedService();
    service.refusals.set(start, { code, status });
    show(service);
    await userEvent.click(button());
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe(words));
    expect(button().disabled).toBe(final);
    if (!final) expect(button().textContent).toBe("Try again");
  });

  test("works again after a failure", async () => {
    const service = new ScriptedService();
    service.refusals.set(start, { code: "internal", status: 500 });
    const { onStarted } = show(service);
    await userEvent.click(button());
    await waitFor(() => expect(button().dataset.state).toBe("failed"));
    service.refusals.clear();
    await userEvent.click(button());
    await waitFor(() => expect(onStarted).toHaveBeenCalled());
    expect(screen.getByRole("status").textContent).toBe("");
  });

  test("is no use to the seller, and says so", async () => {
    show(new ScriptedService(), me.id);
    await waitFor(() => expect(button().disabled).toBe(true));
    expect(screen.getByRole("status").textContent).toBe("This is your own listing.");
  });

  test("leads whoever is not signed in to where they can", async () => {
    const service = new ScriptedService();
    service.options.getToken = () => null;
    const { onSignIn } = show(service);
    await waitFor(() => expect(button().textContent).toBe("Sign in to write"));
    await userEvent.click(button());
    expect(onSignIn).toHaveBeenCalledTimes(1);
    expect(service.asked).not.toContain(start);
  });
});
