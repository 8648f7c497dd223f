// The network goes and comes back: what was written meanwhile waits, and is sent once and in order.
import type { Page } from "@playwright/test";
import { Screen } from "./screen";
import { expect, expectStatus, test } from "./test";

/** Lets neither calls nor WebSockets through until it is told to; the page itself can be loaded. */
async function blockService(page: Page): Promise<() => Promise<void>> {
  let isBlocked = true;
  await page.route("**/api/**", (route) => (isBlocked ? route.abort("internetdisconnected") : route.continue()));
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    if (isBlocked) void socket.close({ code: 1006 });
    else socket.connectToServer();
  });
  return async () => {
    isBlocked = false;
    await page.unroute("**/api/**");
  };
}

test.beforeEach(({ trouble }) => trouble.allowLostNetwork());

test("messages written without a network wait, and are sent once and in order when it is back", async ({
  arrive,
  person,
}) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.send("Before the tunnel");
  await expect(camille.tick("Before the tunnel", "Sent")).toBeVisible();

  await page.context().setOffline(true);
  await expectStatus(page, "offline");
  await expect(camille.thread.getByText("You’re offline. What you write is sent once you’re back.")).toBeVisible();
  const written = ["In the tunnel, one", "In the tunnel, two", "In the tunnel, three"];
  for (const text of written) {
    await camille.send(text);
    await expect(camille.tick(text, "Waiting to be sent")).toBeVisible();
  }
  // Meanwhile the other side goes on writing.
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Are you on the train?");

  await page.context().setOffline(false);
  await expectStatus(page, "live");
  for (const text of written) await expect(camille.tick(text, "Sent")).toBeVisible();
  await expect(camille.message("Are you on the train?")).toBeVisible();
  await expect(camille.thread.getByText("You’re offline.")).toHaveCount(0);
  expect((await oliver.texts(id)).slice(-5)).toEqual(["Before the tunnel", "Are you on the train?", ...written]);
  expect((await camille.messages.allTextContents()).slice(-5)).toEqual([
    "Before the tunnel",
    "Are you on the train?",
    ...written,
  ]);
});

test("the demo's switch cuts the connection, and a banner restores it", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await page.getByRole("button", { name: "Camille Laurent: account and settings" }).click();
  await page.getByRole("switch", { name: "Cut the connection" }).check();
  await page.keyboard.press("Escape");
  await expectStatus(page, "offline");
  await expect(page.getByText("The connection is cut.")).toBeVisible();
  await camille.send("Through the cut");
  await expect(camille.tick("Through the cut", "Waiting to be sent")).toBeVisible();
  await page.getByRole("button", { name: "Restore it" }).click();
  await expectStatus(page, "live");
  await expect(camille.tick("Through the cut", "Sent")).toBeVisible();
  const { id } = await (await person("oliver")).conversationWith("camille");
  expect((await (await person("oliver")).texts(id)).filter((text) => text === "Through the cut")).toHaveLength(1);
});

test("a message that was not sent outlives a reload, and is then sent once", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await page.context().setOffline(true);
  await expectStatus(page, "offline");
  await camille.send("Do not lose me");
  await camille.send("Nor me");
  await expect(camille.tick("Nor me", "Waiting to be sent")).toBeVisible();

  const unblock = await blockService(page);
  await page.context().setOffline(false);
  await page.reload();
  await expectStatus(page, "offline");
  await unblock();
  await expectStatus(page, "live", { timeout: 15_000 });
  await expect(camille.tick("Do not lose me", "Sent")).toBeVisible();
  await expect(camille.tick("Nor me", "Sent")).toBeVisible();
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  expect((await oliver.texts(id)).slice(-2)).toEqual(["Do not lose me", "Nor me"]);
  await page.reload();
  await expect(camille.message("Nor me")).toHaveCount(1);
});

test("a page that is opened without a network says so, and loads when it is back", async ({
  visit,
  arrive,
  trouble,
}) => {
  trouble.allow(/^console error: .*ERR_/);
  const page = await arrive("camille", "#/");
  const unblock = await blockService(page);
  await page.goto(page.url().replace(/#.*/, "#/inbox"));
  await page.reload();
  await expectStatus(page, "offline");
  await unblock();
  await expect(new Screen(page).row("Oliver Bennett")).toBeVisible({ timeout: 15_000 });

  const stranger = await visit("#/");
  await blockService(stranger);
  await stranger.getByRole("button", { name: "Continue as Noah" }).click();
  await expect(stranger.getByRole("alert")).toContainText("The service cannot be reached.");
});

test("a message whose answer was lost on the way is not stored twice", async ({ arrive, person }) => {
  const page = await arrive("camille", "#/");
  let lost = 0;
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    let isCut = false;
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      if (!isCut) server.send(frame);
    });
    server.onMessage((frame) => {
      const isAnswer = String(frame).includes('"ok":{"message"');
      if (isAnswer && lost === 0) {
        lost += 1;
        isCut = true;
        void server.close();
        void socket.close({ code: 1006 });
      } else if (!isCut) socket.send(frame);
    });
  });
  await page.reload();
  await expectStatus(page, "live");
  const { id } = await (await person("oliver")).conversationWith("camille");
  await page.evaluate((link) => (location.hash = link), `#/inbox/${id}`);
  const camille = new Screen(page);
  await camille.send("Once, I hope");
  await camille.send("And then this");
  await expect(camille.tick("And then this", "Sent")).toBeVisible({ timeout: 15_000 });
  await expect(camille.tick("Once, I hope", "Sent")).toBeVisible();
  await expect(camille.message("Once, I hope")).toHaveCount(1);
  expect(lost).toBe(1);
  expect((await (await person("oliver")).texts(id)).slice(-2)).toEqual(["Once, I hope", "And then this"]);
});
