// For those who hear the page, who are disturbed by motion, and who read from right to left.
import { Screen } from "./screen";
import { expect, goTo, test } from "./test";
import { expectNothingSideways } from "./width";

test("a new message is announced politely, and once", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await expect(camille.message("thank you again for all the photos")).toBeVisible();
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    for (const region of document.querySelectorAll("[aria-live]")) {
      new MutationObserver(() => {
        const text = region.textContent?.trim();
        if (text) said.push(`${region.getAttribute("aria-live")}: ${text}`);
      }).observe(region, { subtree: true, childList: true, characterData: true });
    }
  });
  const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said);
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Can you hear me?");
  await expect.poll(said).toEqual(["polite: Oliver Bennett: Can you hear me?"]);
  // What one writes oneself is not read out, nor is it read again that it was read.
  await camille.send("Loud and clear.");
  await expect(camille.tick("Loud and clear.", "Sent")).toBeVisible();
  await oliver.send(id, "Good.");
  await expect
    .poll(said)
    .toEqual(["polite: Oliver Bennett: Can you hear me?", "polite: Oliver Bennett: Good."]);
});

test("a screen reader finds landmarks, lists, and a name for every control", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await expect(camille.message("thank you again for all the photos")).toBeVisible();
  const tree = await page.locator("body").ariaSnapshot();
  for (const part of [
    /^- banner:/m,
    /- navigation "Main":/,
    /- main:/,
    /- heading "Messages" \[level=1\]/,
    /- searchbox "Search people, products and messages"/,
    /- list "Conversations":/,
    /- region "Conversation with Oliver Bennett":/,
    /- heading "Oliver Bennett" \[level=2\]/,
    /- list "Conversation with Oliver Bennett":/,
    /- textbox "Message to Oliver Bennett"/,
    /- button "Send"/,
  ]) {
    expect(tree).toMatch(part);
  }
  expect(tree.match(/^\s*- (button|link|textbox|searchbox|switch|radio|menuitem|img)(:| \[|$).*$/gm)).toBeNull();
  // Each message says who wrote it.
  const last = camille.message("thank you again for all the photos");
  expect(await last.ariaSnapshot()).toContain("Oliver Bennett");
});

test("nothing moves for somebody who wants less motion", async ({ arrive }) => {
  const page = await arrive("camille", "#/", { reducedMotion: "reduce" });
  const moving = () =>
    page.evaluate(() =>
      document
        .getAnimations()
        .filter(({ playState }) => playState === "running")
        .map((animation) => (animation as CSSAnimation).animationName ?? animation.constructor.name),
    );
  expect(await moving()).toEqual([]);
  await goTo(page, "#/inbox");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Camille Laurent");
  await oliver.composer.pressSequentially("Calm");
  await expect(camille.writing("Oliver Bennett")).toBeVisible();
  expect(await moving()).toEqual([]);
  await oliver.composer.press("Enter");
  await expect(camille.message("Calm")).toBeVisible();
  expect(await moving()).toEqual([]);
  await camille.choose("Search in this conversation");
  await camille.thread.getByRole("searchbox").fill("tape");
  await expect(camille.thread.getByText("1 of 3")).toBeVisible();
  expect(await moving()).toEqual([]);
});

test("from right to left, everything is mirrored and nothing sticks out", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.send("Mine");
  await expect(camille.tick("Mine", "Sent")).toBeVisible();
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 720 });
    await expectNothingSideways(page, `right to left, ${width} px`);
    const thread = await camille.thread.boundingBox();
    const own = await camille.message("Mine").locator(".msg-bubble").boundingBox();
    const other = await camille.message("thank you again").locator(".msg-bubble").boundingBox();
    if (!thread || !own || !other) throw new Error("Something is not shown.");
    const middle = thread.x + thread.width / 2;
    expect(own.x + own.width / 2).toBeLessThan(middle);
    expect(other.x + other.width / 2).toBeGreaterThan(middle);
    if (width === 1280) {
      const list = await camille.list.boundingBox();
      expect(list?.x).toBeGreaterThan(thread.x);
    }
  }
  await camille.thread.getByRole("button", { name: "Conversation options" }).click();
  const menu = await page.getByRole("menu").boundingBox();
  expect(menu?.x).toBeGreaterThanOrEqual(0);
  expect((menu?.x ?? 0) + (menu?.width ?? 0)).toBeLessThanOrEqual(320);
});
