// Everything by keyboard: the focus is always somewhere, and always to be seen.
import type { Page } from "@playwright/test";
import { Screen } from "./screen";
import { expect, expectStatus, test } from "./test";

/** What has the focus, and whether one sees that it has. */
function focus(page: Page): Promise<{ name: string; isSeen: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return { name: "", isSeen: false };
    const marks = (one: Element): boolean => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
      return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
    };
    const { bottom, top, width } = element.getBoundingClientRect();
    const isOnScreen = width > 0 && bottom > 0 && top < window.innerHeight;
    // A field shows it on its frame; a radio button on the label that stands for it.
    const shown = [element, element.parentElement, element.nextElementSibling].some((one) => one && marks(one));
    const { ariaLabel } = element as HTMLElement;
    return { name: ariaLabel ?? element.textContent?.trim() ?? "", isSeen: shown && isOnScreen };
  });
}

/** Goes on with Tab until something has the focus; each stop on the way is seen. */
async function tabTo(page: Page, name: RegExp, key = "Tab"): Promise<void> {
  const stops: string[] = [];
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press(key);
    const at = await focus(page);
    stops.push(at.name);
    expect(at, `after ${stops.join(" → ")}`).toMatchObject({ isSeen: true });
    if (name.test(at.name)) return;
  }
  throw new Error(`${name} cannot be reached: ${stops.join(" → ")}`);
}

test("from the landing page to a sent message and back, without a mouse", async ({ visit }) => {
  test.slow();
  const page = await visit("#/");
  await expect(page.getByRole("button", { name: "Continue as Noah" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await tabTo(page, /^Continue as Noah/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Hello, Noah." })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();
  await tabTo(page, /^Leica M3/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: /^Leica M3/ })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();
  await expectStatus(page, "live");
  await tabTo(page, /^Write to Oliver$/);
  await page.keyboard.press("Enter");

  const noah = new Screen(page);
  await expect(noah.composer).toBeVisible();
  expect((await focus(page)).name).not.toBe("");
  await tabTo(page, /^Message to Oliver Bennett$/);
  await page.keyboard.type("By keyboard alone");
  await page.keyboard.press("Enter");
  await expect(noah.tick("By keyboard alone", "Sent")).toBeVisible();
  await expect(noah.composer).toBeFocused();

  // A menu, walked with arrows, gives the focus back.
  await tabTo(page, /^Conversation options$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Search in this conversation" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Mute" })).toBeFocused();
  await page.keyboard.press("End");
  await expect(page.getByRole("menuitem", { name: "Block Oliver Bennett…" })).toBeFocused();
  expect(await focus(page)).toMatchObject({ isSeen: true });
  await page.keyboard.press("Escape");
  await expect(noah.thread.getByRole("button", { name: "Conversation options" })).toBeFocused();

  // A dialog keeps the focus while it asks.
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Block Oliver Bennett?" });
  await expect(dialog).toBeVisible();
  for (let step = 0; step < 4; step++) {
    await page.keyboard.press("Tab");
    const isInside = await dialog.evaluate((element) => element.contains(document.activeElement));
    expect(isInside || (await focus(page)).name === "").toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(noah.thread.getByRole("button", { name: "Conversation options" })).toBeFocused();

  // And back to the market, over everything that stands in between.
  await tabTo(page, /^Market$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Hello, Noah." })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();
});

test("the list is walked with arrows, and Enter opens", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await expect(camille.row("Oliver Bennett")).toBeVisible();
  const names = await camille.list.getByRole("listitem").locator("bdi").first().allTextContents();
  await page.getByRole("main").focus();
  await tabTo(page, new RegExp(`${names[0]}`));
  await page.keyboard.press("ArrowDown");
  await expect(camille.list.getByRole("button").nth(1)).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(camille.list.getByRole("button").nth(0)).toBeFocused();
  expect(await focus(page)).toMatchObject({ isSeen: true });
  await page.keyboard.press("Enter");
  await expect(camille.composer).toBeFocused();
  expect(await focus(page)).toMatchObject({ isSeen: true });
});

test("the badge's list opens, is walked through and closes, and the focus comes back", async ({ arrive }) => {
  const page = await arrive("camille", "#/");
  const button = page.getByRole("banner").getByRole("button", { name: "Messages", exact: true });
  await button.focus();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: "Messages" });
  await expect(panel.getByRole("listitem").first()).toBeVisible();
  await expect(panel).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(panel.getByRole("button").first()).toBeFocused();
  expect(await focus(page)).toMatchObject({ isSeen: true });
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(button).toBeFocused();
});

test("deleting a message by keyboard leaves the focus in the thread", async ({ arrive }) => {
  const page = await arrive("oliver");
  const oliver = new Screen(page);
  await oliver.open("Camille Laurent");
  await oliver.send("Soon gone");
  await expect(oliver.tick("Soon gone", "Sent")).toBeVisible();
  await tabTo(page, /^Message options$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Delete this message?" });
  await expect(dialog).toBeVisible();
  await tabTo(page, /^Delete$/);
  await page.keyboard.press("Enter");
  await expect(oliver.message("You deleted this message")).toBeVisible();
  await expect
    .poll(() => oliver.thread.evaluate((thread) => thread.contains(document.activeElement)))
    .toBe(true);
});
