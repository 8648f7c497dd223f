// What waits unread is counted everywhere alike; what shall not disturb does not.
import type { Page } from "@playwright/test";
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

/** The badge in the header. */
function badge(page: Page, unread: number) {
  const name = unread > 0 ? `Messages, ${unread} unread` : "Messages";
  return page.getByRole("banner").getByRole("button", { name, exact: true });
}

test("a new message is counted in the badge and the title, and is first in the short list", async ({
  arrive,
  person,
}) => {
  const page = await arrive("camille", "#/");
  await expect(badge(page, 0)).toBeVisible();
  await expect(page).toHaveTitle("Brocante");
  const amara = await person("amara");
  await amara.send((await amara.conversationWith("camille")).id, "Hello again");
  await expect(badge(page, 1)).toBeVisible();
  await expect(page).toHaveTitle("(1) Brocante");
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Shall I bring the pump back?");
  await expect(badge(page, 2)).toBeVisible();
  await expect(page).toHaveTitle("(2) Brocante");
  await goTo(page, "#/products/leica-m3");
  await expect(page).toHaveTitle(/^\(2\) Leica M3/);

  await badge(page, 2).click();
  const panel = page.getByRole("dialog", { name: "Messages" });
  const first = panel.getByRole("listitem").first();
  await expect(first).toContainText("Oliver Bennett");
  await expect(first).toContainText("Shall I bring the pump back?");
  await expect(first).toContainText("1 unread message");
  await first.getByRole("button").click();
  await expect(panel).toBeHidden();
  await expect(page).toHaveURL(new RegExp(`#/inbox/${id}$`));
  await expect(badge(page, 1)).toBeVisible();
  await expect(page).toHaveTitle("(1) Messages · Brocante");
});

test("what is read on one device is read on the other", async ({ arrive, person }) => {
  const amara = await person("amara");
  await amara.send((await amara.conversationWith("camille")).id, "Hello again");
  const phone = await arrive("camille", "#/");
  await expect(badge(phone, 1)).toBeVisible();
  const desk = new Screen(await arrive("camille"));
  await desk.open("Amara Okafor");
  await expect(badge(phone, 0)).toBeVisible();
  await expect(phone).toHaveTitle("Brocante");
});

test("a divider stands above what was not read, and is gone the next time", async ({ arrive, person }) => {
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "First news");
  await oliver.send(id, "Second news");
  const camille = new Screen(await arrive("camille"));
  await expect(camille.row("Oliver Bennett")).toContainText("2 unread messages");
  await camille.open("Oliver Bennett");
  const divider = camille.thread.getByRole("listitem").filter({ hasText: /^New messages$/ });
  await expect(divider).toBeVisible();
  await expect(camille.message("First news")).toBeVisible();
  expect(await divider.evaluate((item) => item.nextElementSibling?.textContent)).toContain("First news");
  await expect(camille.row("Oliver Bennett")).not.toContainText("unread");
  await expect(divider).toBeVisible();

  await camille.open("Amara Okafor");
  await camille.open("Oliver Bennett");
  await expect(camille.message("Second news")).toBeVisible();
  await expect(divider).toHaveCount(0);
});

test("a muted conversation shows its messages and does not count them", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.choose("Mute");
  await expect(camille.row("Oliver Bennett")).toContainText("Muted");
  await goTo(page, "#/inbox");
  await expect(camille.thread).toHaveCount(0);
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Psst");
  await expect(camille.row("Oliver Bennett")).toContainText("1 unread message");
  await expect(badge(page, 0)).toBeVisible();

  await camille.open("Oliver Bennett");
  await camille.choose("Unmute");
  await expect(camille.row("Oliver Bennett")).not.toContainText("Muted");
});

test("an archived conversation leaves the inbox until a new message arrives", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.choose("Archive");
  await expect(camille.row("Oliver Bennett")).toHaveCount(0);
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  const archive = page.getByRole("list", { name: "Archived conversations" });
  await expect(archive.getByRole("button").filter({ hasText: "Oliver Bennett" })).toBeVisible();
  await page.getByRole("button", { name: "Inbox", exact: true }).click();
  await expect(camille.row("Inès Moreau")).toBeVisible();

  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "I am back");
  await expect(camille.list.getByRole("listitem").first()).toContainText("I am back");
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(page.getByText("The archive is empty")).toBeVisible();
});

test("a draft is kept for its conversation, in the list and through a reload", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.composer.fill("Half a thought");
  await camille.open("Amara Okafor");
  await expect(camille.composer).toHaveValue("");
  await expect(camille.row("Oliver Bennett")).toContainText("Draft: Half a thought");
  await goTo(page, "#/");
  await goTo(page, "#/inbox");
  await camille.open("Oliver Bennett");
  await expect(camille.composer).toHaveValue("Half a thought");
  await page.reload();
  await expect(camille.composer).toHaveValue("Half a thought");
  await camille.composer.press("Enter");
  await expect(camille.tick("Half a thought", "Sent")).toBeVisible();
  await page.reload();
  await expect(camille.message("Half a thought")).toBeVisible();
  await expect(camille.composer).toHaveValue("");
});

test("a message is told outside of the page by one tab only, and not while one looks", async ({
  arrive,
  person,
}) => {
  const page = await arrive("camille", "#/");
  const context = page.context();
  await context.addInitScript(() => {
    const told: string[] = [];
    class Recorded extends EventTarget {
      static permission = "granted";
      constructor(title: string, { body }: { body?: string } = {}) {
        super();
        told.push(`${title}: ${body}`);
      }
      close() {}
    }
    Object.assign(window, { told, Notification: Recorded });
    // A test's page has the focus for ever.
    const value = () => document.documentElement.hasAttribute("data-looked-at");
    Object.defineProperty(document, "hasFocus", { value });
  });
  await page.reload();
  const other = await context.newPage();
  await other.goto(page.url());
  const tabs = [page, other];
  for (const tab of tabs) await expectStatus(tab, "live");
  const told = async () => {
    const inTabs = tabs.map((tab) => tab.evaluate(() => (window as unknown as { told: string[] }).told));
    return (await Promise.all(inTabs)).flat();
  };
  const look = async (isLooking: boolean) => {
    for (const tab of tabs) {
      await tab.evaluate((on) => document.documentElement.toggleAttribute("data-looked-at", on), isLooking);
    }
  };
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Anybody home?");
  await expect.poll(told).toEqual(["Oliver Bennett: Anybody home?"]);

  await look(true);
  await oliver.send(id, "I see you");
  for (const tab of tabs) await expect(badge(tab, 2)).toBeVisible();
  await look(false);
  await oliver.send(id, "No longer");
  await expect.poll(async () => (await told()).at(-1)).toBe("Oliver Bennett: No longer");
});

test("signing out leaves nothing behind", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.composer.fill("A secret draft");
  await page.getByRole("button", { name: "Camille Laurent: account and settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Who would you like to be?" })).toBeVisible();
  await goTo(page, "#/inbox");
  await expect(page.getByText("You are signed out")).toBeVisible();
  await expect(page).toHaveTitle("Messages · Brocante");
  await goTo(page, "#/");
  await page.getByRole("button", { name: "Continue as Camille" }).click();
  await goTo(page, "#/inbox");
  await camille.open("Oliver Bennett");
  await expect(camille.message("thank you again for all the photos")).toBeVisible();
  await expect(camille.composer).toHaveValue("");
});
