// What the service will not do, and how the page bears it.
import { erase } from "./api";
import { bringAxe, expectAccessible } from "./axe";
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

test("a connection that the service has ended for good comes back only when one asks for it", async ({
  arrive,
}) => {
  const page = await arrive("camille", "#/");
  await bringAxe(page);
  let attempts = 0;
  let end = () => {};
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    attempts += 1;
    const server = socket.connectToServer();
    let isEnded = false;
    socket.onMessage((frame) => {
      // What the page sends before it hears of the end goes nowhere.
      if (!isEnded) server.send(frame);
    });
    end = () => {
      isEnded = true;
      void server.close();
      void socket.close({ code: 4014, reason: "too many connections" });
    };
  });
  await page.reload();
  await expectStatus(page, "live");
  await goTo(page, "#/inbox");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  end();
  await expectStatus(page, "stopped");
  await expect(page.getByRole("banner").getByText("Open in too many windows").first()).toBeVisible();
  await expect(camille.thread.getByText("This window is no longer connected.")).toBeVisible();
  await expectAccessible(page, "stopped");
  expect(attempts).toBe(1);
  await camille.thread.getByRole("button", { name: "Reconnect" }).click();
  await expectStatus(page, "live");
  expect(attempts).toBe(2);
});

test("somebody who has left is not called by name, and can no longer be written to", async ({
  arrive,
  person,
  service,
}) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  const { id } = await (await person("camille")).conversationWith("oliver");
  await goTo(page, `#/inbox/${id}`);
  await expect(camille.message("Deal.")).toBeAttached();
  await erase(service, "oliver");
  await expect(camille.thread).toHaveAccessibleName("Conversation with Deleted account");
  await expect(camille.thread.getByText("Deleted account has left the marketplace.")).toBeVisible();
  await expect(camille.composer).toHaveCount(0);
  await expect(camille.message("Deal.")).toBeAttached();
  await expect(page.getByText("Oliver Bennett")).toHaveCount(0);
});

test.describe("with its limits on", () => {
  test.use({ settings: { MESSAGING_RATE_LIMITS: "on" } });

  test("messages that come too fast wait, and are all sent in order", async ({ arrive, person }) => {
    test.slow();
    const page = await arrive("camille");
    const camille = new Screen(page);
    await camille.open("Oliver Bennett");
    // As much as she may write at once, she writes elsewhere.
    const elsewhere = await person("camille");
    const { id } = await elsewhere.start("noah", "technics-1210");
    await expect(async () => {
      for (;;) await elsewhere.send(id, "Quick");
    }).rejects.toThrow(" 429 ");
    const texts = Array.from({ length: 8 }, (_, index) => `Quick ${index + 1}.`);
    for (const text of texts) await camille.send(text);
    await expect(camille.tick("Quick 8.", "Sent")).toBeVisible({ timeout: 20_000 });
    const oliver = await person("oliver");
    expect((await oliver.texts((await oliver.conversationWith("camille")).id)).slice(-8)).toEqual(texts);
    expect((await camille.messages.allTextContents()).slice(-8)).toEqual(texts);
    await expect(camille.thread.getByText("Not sent.")).toHaveCount(0);
  });
});
