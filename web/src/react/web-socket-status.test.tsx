// @vitest-environment jsdom
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { renderFor } from "./rendering.test.support";
import { ScriptedService } from "./scripted-service.test.support";
import { WebSocketStatus } from "./web-socket-status";

const words = () => screen.getByRole("status").textContent;
const state = () => screen.getByTestId("status").dataset.state;

describe("the status of the connection", () => {
  test("is live only once everything is here", async () => {
    renderFor(new ScriptedService(), <WebSocketStatus data-testid="status" />);
    expect([words(), state()]).toEqual(["Connecting…", "connecting"]);
    await waitFor(() => expect([words(), state()]).toEqual(["Live", "live"]));
  });

  test("says why it stopped, and connects again when it is asked to", async () => {
    const service = new ScriptedService();
    renderFor(service, <WebSocketStatus data-testid="status" />);
    await waitFor(() => expect(words()).toBe("Live"));
    act(() => service.close(4014));
    await waitFor(() => expect(words()).toBe("Open in too many windows"));
    await userEvent.click(screen.getByRole("button", { name: "Reconnect" }));
    await waitFor(() => expect(words()).toBe("Live"));
  });

  test("offers another try while offline, and counts down outside of what is read out", async () => {
    const service = new ScriptedService();
    service.isDown = true;
    renderFor(service, <WebSocketStatus data-testid="status" />);
    await waitFor(() => expect(words()).toBe("Offline"));
    service.isDown = false;
    await userEvent.click(screen.getByRole("button", { name: "Try now" }));
    await waitFor(() => expect(words()).toBe("Live"));
  });

  test("is only a dot where there is little room, with its words as a name", async () => {
    renderFor(new ScriptedService(), <WebSocketStatus compact />, { locale: "fr" });
    await waitFor(() => expect(screen.getByRole("status").title).toBe("En direct"));
    expect(words()).toBe("En direct");
    expect(screen.queryByRole("button")).toBeNull();
  });
});
