// The narrowest of phones: everything has room, a finger hits it, and the keyboard never hides what one writes.
import type { Locator, Page } from "@playwright/test";
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";
import { expectNothingSideways } from "./width";

test.use({ contextOptions: { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true } });

/** What a finger can press and is too small for it: WCAG 2.2, 2.5.8, but for links within a text. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("a, button, input, select, textarea, [role=menuitem]")]
      // A radio button or a switch is pressed by its label.
      .map((element) => element.closest("label") ?? element)
      .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .filter((element) => !element.matches("p a, .msg-text a"))
      .flatMap((element) => {
        const { width, height } = element.getBoundingClientRect();
        const isSmall = width > 1 && height > 1 && (width < 24 || height < 24);
        return isSmall ? [`${element.className} ${element.textContent}: ${width} × ${height}`] : [];
      }),
  );
}

async function expectInSight(page: Page, locator: Locator, covered = 0): Promise<void> {
  await expect
    .poll(async () => {
      const place = await locator.boundingBox();
      const height = await page.evaluate(() => window.innerHeight);
      return place !== null && place.y >= 0 && place.y + place.height <= height - covered + 0.5;
    })
    .toBe(true);
}

test("no page is wider than the phone, and nothing is too small for a finger", async ({
  visit,
  arrive,
  trouble,
}) => {
  // What an empty form is answered with.
  trouble.allow(/^console error: .* a status of 422 /);
  const stranger = await visit("#/");
  await expect(stranger.getByRole("button", { name: "Continue as Camille" })).toBeVisible();
  await expectNothingSideways(stranger);
  expect(await tooSmall(stranger)).toEqual([]);
  await goTo(stranger, "#/sign-in");
  await stranger.getByRole("button", { name: "Create one" }).tap();
  await stranger.getByRole("button", { name: "Create the account" }).tap();
  await expect(stranger.getByRole("alert")).toBeVisible();
  await expectNothingSideways(stranger);
  expect(await tooSmall(stranger)).toEqual([]);

  const page = await arrive("camille", "#/");
  for (const link of ["#/", "#/products/leica-m3", "#/products/velo-peugeot-1983", "#/inbox", "#/side-by-side"]) {
    await goTo(page, link);
    await expect(page.getByRole("main")).not.toBeEmpty();
    if (link.includes("side")) await expect(new Screen(page).composer).toBeVisible();
    await expectNothingSideways(page);
    expect(await tooSmall(page), link).toEqual([]);
  }
  await page.getByRole("button", { name: "Camille Laurent: account and settings" }).tap();
  await expectNothingSideways(page);
  expect(await tooSmall(page)).toEqual([]);
});

test("the thread takes the place of the list, and there is a way back", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.row("Oliver Bennett").tap();
  await expect(camille.thread).toBeVisible();
  await expect(camille.list).toBeHidden();
  await expect(camille.message("thank you again for all the photos")).toBeInViewport();
  await expectNothingSideways(page);
  expect(await tooSmall(page)).toEqual([]);
  await camille.thread.getByRole("button", { name: "Back to the conversations" }).tap();
  await expect(camille.list).toBeVisible();
  await expect(camille.row("Oliver Bennett")).toBeFocused();
  await expect(page).toHaveURL(/#\/inbox$/);

  await camille.row("Amara Okafor").tap();
  await expect(camille.thread).toBeVisible();
  await page.goBack();
  await expect(camille.list).toBeVisible();
  await expect(camille.thread).toHaveCount(0);
});

test("with a finger, Enter begins a line and the button sends", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.row("Oliver Bennett").tap();
  await camille.composer.tap();
  await page.keyboard.type("One line");
  await page.keyboard.press("Enter");
  await page.keyboard.type("and another");
  await expect(camille.composer).toHaveValue("One line\nand another");
  await camille.thread.getByRole("button", { name: "Send" }).tap();
  await expect(camille.tick("One line", "Sent")).toBeVisible();
  await expect(camille.composer).toBeFocused();
});

test("a keyboard that makes the page smaller leaves the composer and the last message in sight", async ({
  arrive,
}) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.row("Oliver Bennett").tap();
  await camille.composer.tap();
  await page.setViewportSize({ width: 320, height: 320 });
  await expectInSight(page, camille.composer);
  await expectInSight(page, camille.thread.getByRole("button", { name: "Send" }));
  await expectInSight(page, camille.message("thank you again for all the photos"));
  await camille.composer.fill("Many\nlines\nof\ntext\nthat\ngrow\nand\ngrow\nand\ngrow");
  await expectInSight(page, camille.composer);
  await expectInSight(page, camille.thread.getByRole("button", { name: "Send" }));
  await expectNothingSideways(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectInSight(page, camille.composer);
});

test("a keyboard that lies over the page leaves the composer and the last message in sight", async ({ visit }) => {
  const page = await visit("#/");
  // What Safari does: the page keeps its size, and only the visual viewport tells of the keyboard.
  await page.addInitScript(() => {
    const viewport = window.visualViewport;
    if (!viewport) return;
    let covered = 0;
    Object.defineProperty(viewport, "height", { get: () => window.innerHeight - covered });
    window.addEventListener("test:keyboard", (event) => {
      covered = (event as CustomEvent<number>).detail;
      viewport.dispatchEvent(new Event("resize"));
    });
  });
  const cover = (pixels: number) =>
    page.evaluate((detail) => window.dispatchEvent(new CustomEvent("test:keyboard", { detail })), pixels);
  await page.goto(page.url().replace(/#.*/, "?#/?as=camille"));
  await expectStatus(page, "live");
  await goTo(page, "#/inbox");
  const camille = new Screen(page);
  await camille.row("Oliver Bennett").tap();
  await camille.composer.tap();
  await cover(280);
  await expectInSight(page, camille.composer, 280);
  await expectInSight(page, camille.thread.getByRole("button", { name: "Send" }), 280);
  await expectInSight(page, camille.message("thank you again for all the photos"), 280);
  await camille.composer.fill("Five\nlines\nthat\nmake\nit grow");
  await expectInSight(page, camille.thread.getByRole("button", { name: "Send" }), 280);
  await cover(0);
  await expectInSight(page, camille.composer);
  const composer = await camille.composer.boundingBox();
  expect((composer?.y ?? 0) + (composer?.height ?? 0)).toBeGreaterThan(500);
});

test("upside down and sideways, the composer keeps its place", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.row("Oliver Bennett").tap();
  await page.setViewportSize({ width: 640, height: 320 });
  await expectInSight(page, camille.composer);
  await expectNothingSideways(page);
});
