// The browser's language decides, and a choice in the menu overrides it.
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

test("a French browser is spoken to in French", async ({ visit, person }) => {
  const page = await visit("#/", { locale: "fr-FR" });
  await expect(page.locator("html")).toHaveAttribute("lang", /^fr/);
  await expect(page.getByRole("heading", { name: "Qui voulez-vous être ?" })).toBeVisible();
  await page.getByRole("button", { name: "Devenir Camille" }).click();
  await expectStatus(page, "live");
  await expect(page.getByRole("status").filter({ hasText: "En direct" }).first()).toBeVisible();

  await goTo(page, "#/products/table-merisier");
  await expect(page.getByRole("button", { name: "Écrire à Inès" })).toBeVisible();
  // The euro sign stands behind, after a no-break space.
  await expect(page.getByText(/^\d+\s€$/).first()).toBeVisible();

  await goTo(page, "#/inbox");
  const list = page.getByRole("list", { name: "Conversations" });
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "One");
  await oliver.send(id, "Two");
  const row = list.getByRole("button").filter({ hasText: "Oliver Bennett" });
  await expect(row).toContainText("2 messages non lus");
  await row.click();
  const thread = page.getByRole("region", { name: "Conversation avec Oliver Bennett" });
  await expect(thread.getByText("Nouveaux messages", { exact: true })).toBeVisible();
  await expect(thread.getByText("Aujourd’hui", { exact: true })).toBeVisible();
  const time = thread.getByRole("listitem").filter({ hasText: "Two" }).getByRole("time");
  await expect(time).toHaveText(/^\d\d:\d\d$/);
  const day = new Intl.DateTimeFormat("fr-FR", { dateStyle: "full", timeZone: "Europe/Paris" }).format(new Date());
  await expect(time).toHaveAttribute("title", new RegExp(`^${day}`));
  await expect(thread.getByRole("textbox", { name: "Message à Oliver Bennett" })).toBeVisible();
});

test("another language can be chosen, and is kept", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await expect(camille.composer).toBeVisible();
  await page.getByRole("button", { name: "Camille Laurent: account and settings" }).click();
  await page.getByRole("radio", { name: "Français" }).check();
  await expect(page.getByRole("button", { name: "Camille Laurent : compte et réglages" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("html")).toHaveAttribute("lang", /^fr/);
  await expect(page.getByRole("textbox", { name: "Message à Oliver Bennett" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Message à Oliver Bennett" })).toBeVisible();
  await page.getByRole("button", { name: "Camille Laurent : compte et réglages" }).click();
  await page.getByRole("radio", { name: "English" }).check();
  await page.keyboard.press("Escape");
  await expect(camille.composer).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", /^en/);
});

test("an American sees English with times of their own", async ({ visit }) => {
  const page = await visit("#/?as=camille", { locale: "en-US" });
  await expectStatus(page, "live");
  await goTo(page, "#/inbox");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await expect(camille.message("thank you again for all the photos").getByRole("time")).toHaveText(/\d:\d\d\s[AP]M/);
});

test("somebody who reads neither language reads English", async ({ visit }) => {
  const page = await visit("#/", { locale: "ja-JP" });
  await expect(page.getByRole("heading", { name: "Who would you like to be?" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});
