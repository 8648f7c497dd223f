// Every state of the page, in both themes, as axe judges it.
import { bringAxe, expectAccessible } from "./axe";
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

test("the market, a product and the sign-in form", async ({ visit, arrive, trouble }) => {
  // What a wrong form is answered with.
  trouble.allow(/^console error: .* a status of 4(01|22) /);
  const page = await visit("#/");
  await bringAxe(page);
  await expect(page.getByRole("button", { name: "Continue as Camille" })).toBeVisible();
  await expectAccessible(page, "landing");
  await goTo(page, "#/sign-in");
  await page.getByLabel("E-mail").fill("nobody@example.org");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expectAccessible(page, "a refused login");
  await page.getByRole("button", { name: "Create one" }).click();
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByText("A name has 1 to 200 characters.")).toBeVisible();
  await expectAccessible(page, "sign-in form with errors");
  await goTo(page, "#/nowhere");
  await expectAccessible(page, "no such page");
  await goTo(page, "#/products/leica-m3");
  await expectAccessible(page, "product, signed out");

  const camille = await arrive("camille", "#/");
  await bringAxe(camille);
  await expectStatus(camille, "live");
  await expectAccessible(camille, "market");
  await goTo(camille, "#/products/olympus-trip-35");
  await expectAccessible(camille, "a sold product");
  await goTo(camille, "#/products/velo-peugeot-1983");
  await expectAccessible(camille, "product of one's own");
  await camille.getByRole("button", { name: "Camille Laurent: account and settings" }).click();
  await expectAccessible(camille, "account and settings");
});

test("the inbox, a thread and what opens from them", async ({ arrive, person }) => {
  test.slow();
  const page = await arrive("camille");
  await bringAxe(page);
  const camille = new Screen(page);
  await expect(camille.row("Oliver Bennett")).toBeVisible();
  await expectAccessible(page, "inbox");
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Look: https://example.org/pump?colour=green");
  await expect(camille.row("Oliver Bennett")).toContainText("1 unread message");
  await page.getByRole("button", { name: "Messages, 1 unread" }).click();
  await expect(page.getByRole("dialog", { name: "Messages" }).getByRole("listitem").first()).toBeVisible();
  await expectAccessible(page, "notifications");
  await page.keyboard.press("Escape");

  await camille.open("Oliver Bennett");
  await expect(camille.thread.getByText("New messages", { exact: true })).toBeVisible();
  await expectAccessible(page, "thread with unread messages");
  await camille.thread.getByRole("button", { name: "Conversation options" }).click();
  await expect(page.getByRole("menu")).toBeVisible();
  await expectAccessible(page, "conversation options");
  await page.keyboard.press("Escape");
  await camille.send("Sent just now");
  await expect(camille.tick("Sent just now", "Sent")).toBeVisible();
  await camille.message("Sent just now").hover();
  await camille.message("Sent just now").getByRole("button", { name: "Message options" }).click();
  await expectAccessible(page, "message options");
  await page.keyboard.press("Escape");
  await camille.chooseFor("Sent just now", "Edit");
  await expectAccessible(page, "editing");
  await page.keyboard.press("Escape");
  await camille.chooseFor("Sent just now", "Delete…");
  await expect(page.getByRole("dialog", { name: "Delete this message?" })).toBeVisible();
  await expectAccessible(page, "confirm dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(camille.message("You deleted this message")).toBeVisible();
  await camille.composer.fill("x".repeat(4_020));
  await expect(camille.thread.getByText("20 characters too many")).toBeVisible();
  await expectAccessible(page, "a deleted message, and a text that is too long");
  await camille.composer.fill("");
  await camille.choose("Search in this conversation");
  await camille.thread.getByRole("searchbox").fill("tape");
  await expect(camille.thread.getByText("1 of 3")).toBeVisible();
  await expectAccessible(page, "search within a conversation");
  await camille.thread.getByRole("searchbox").press("Escape");
  await camille.choose("Mute");
  await expect(camille.row("Oliver Bennett")).toContainText("Muted");
  await camille.choose("Block Oliver Bennett…");
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await expect(camille.thread.getByRole("button", { name: "Unblock" })).toBeVisible();
  await expectAccessible(page, "muted and blocked");
});

test("search results, empty lists and an empty thread", async ({
  arrive,
  person,
  trouble,
}) => {
  // The conversation that does not exist.
  trouble.allow(/^console error: .* a status of 404 /);
  const noah = await person("noah");
  await noah.start("camille", "velo-peugeot-1983");
  const page = await arrive("noah");
  await bringAxe(page);
  const screen = new Screen(page);
  await screen.search.fill("leica");
  await expect(page.getByRole("heading", { name: "Conversations", exact: true, level: 2 })).toBeVisible();
  await screen.search.fill("summicron");
  await expect(page.getByRole("heading", { name: "Messages", exact: true, level: 2 })).toBeVisible();
  await expectAccessible(page, "search results");
  await screen.search.fill("zyzzyva");
  await expect(page.getByText("Nothing found for “zyzzyva”")).toBeVisible();
  await expectAccessible(page, "no results");
  await screen.search.fill("");
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(page.getByText("The archive is empty")).toBeVisible();
  await expectAccessible(page, "empty archive");
  await page.getByRole("button", { name: "Inbox", exact: true }).click();
  await screen.open("Camille Laurent");
  await expect(page.getByText("Say hello to Camille Laurent")).toBeVisible();
  await expectAccessible(page, "empty thread");
  await goTo(page, "#/inbox/01a2139a-67d9-770d-b677-000000000000");
  await expect(page.getByText("This conversation doesn’t exist, or isn’t yours to see")).toBeVisible();
  await expectAccessible(page, "no such conversation");
});

test("side by side", async ({ visit }) => {
  const page = await visit("#/side-by-side?left=camille&right=oliver");
  await bringAxe(page);
  await expect(page.getByRole("textbox", { name: "Message to Oliver Bennett" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message to Camille Laurent" })).toBeVisible();
  await expectAccessible(page, "side by side");
});

test("offline, with a message that waits", async ({ arrive, trouble }) => {
  trouble.allowLostNetwork();
  const page = await arrive("camille");
  await bringAxe(page);
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await page.getByRole("button", { name: "Camille Laurent: account and settings" }).click();
  await page.getByRole("switch", { name: "Cut the connection" }).check();
  await page.keyboard.press("Escape");
  await expectStatus(page, "offline");
  await camille.send("Waiting");
  await expect(camille.tick("Waiting", "Waiting to be sent")).toBeVisible();
  await expectAccessible(page, "offline");
});

test("signed out, and a service that fails", async ({ visit, trouble }) => {
  trouble.allow(/^console error: .* a status of 500 /);
  const page = await visit("#/inbox");
  await bringAxe(page);
  await expect(page.getByText("You are signed out")).toBeVisible();
  await expectAccessible(page, "signed out");
  await page.goto(page.url().replace(/#.*/, "?#/?as=noah"));
  await expectStatus(page, "live");
  await page.route(/\/api\/messages\/(conversations\/|search)/, (route) =>
    route.fulfill({ status: 500, contentType: "application/json", body: "{}" }),
  );
  await goTo(page, "#/inbox");
  const noah = new Screen(page);
  await noah.open("Oliver Bennett");
  await expect(page.getByText("The messages couldn’t be loaded")).toBeVisible();
  await noah.search.fill("leica");
  await expect(page.getByRole("alert").filter({ hasText: "The service is busy." }).first()).toBeVisible();
  await expectAccessible(page, "errors");
});

test.describe("on a phone", () => {
  test.use({ contextOptions: { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true } });

  test("the market, the inbox, a thread and side by side", async ({ arrive }) => {
    const page = await arrive("camille", "#/");
    await bringAxe(page);
    const camille = new Screen(page);
    await expectStatus(page, "live");
    await expectAccessible(page, "market");
    await goTo(page, "#/inbox");
    await expect(camille.row("Oliver Bennett")).toBeVisible();
    await expectAccessible(page, "inbox");
    await camille.row("Oliver Bennett").tap();
    await expect(camille.message("thank you again for all the photos")).toBeVisible();
    await expectAccessible(page, "thread");
    await goTo(page, "#/side-by-side");
    await expect(camille.composer).toBeVisible();
    await expectAccessible(page, "side by side");
  });
});
