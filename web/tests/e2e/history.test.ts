// A long conversation: found by its words, loaded as one scrolls, and steady under the reader's eyes.
import type { Locator, Page } from "@playwright/test";
import { Person } from "./api";
import { Screen } from "./screen";
import type { Service } from "./service";
import { expect, goTo, test } from "./test";

/** A conversation of so many numbered messages, some of them long; the first has a word of its own. */
async function talkAtLength(service: Service, count: number): Promise<string> {
  const oliver = await Person.demo(service, "oliver");
  const { id } = await oliver.start("margaux", "service-gres");
  for (let at = 1; at <= count; at++) {
    const lines = at % 7 === 0 ? "\nA line more,\nand another." : "";
    const words = at % 5 === 0 ? " quite a few words".repeat(12) : "";
    await oliver.send(id, `Message ${at}.${at === 1 ? " A celadon teapot, perhaps?" : words + lines}`);
  }
  return id;
}

async function isInSight(scroller: Locator, message: Locator): Promise<boolean> {
  const [place, seen] = await Promise.all([message.boundingBox(), scroller.boundingBox()]);
  if (!place || !seen) return false;
  return place.y >= seen.y - 1 && place.y + place.height <= seen.y + seen.height + 1;
}

/** How far the scroller is from its end, in pixels. */
function fromEnd(scroller: Locator): Promise<number> {
  return scroller.evaluate((view) => view.scrollHeight - view.clientHeight - view.scrollTop);
}

/** Watches the message in the middle, from now until twenty frames after others have come. */
async function watchMiddle(view: Element): Promise<{ furthest: Promise<number> }> {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  const { left, width, top, height } = view.getBoundingClientRect();
  const row = [0.5, 0.3, 0.7]
    .map((share) => document.elementFromPoint(left + width * share, top + height / 2)?.closest("[data-seq]"))
    .find((found) => found);
  if (!row) throw new Error("There is no message in the middle.");
  const before = row.getBoundingClientRect().top;
  const rows = view.getElementsByTagName("time");
  const count = rows.length;
  const watch = async (): Promise<number> => {
    let furthest = 0;
    for (let after = 0; after < 20; await frame()) {
      furthest = Math.max(furthest, Math.abs(row.getBoundingClientRect().top - before));
      if (rows.length > count) after += 1;
    }
    return furthest;
  };
  return { furthest: watch() };
}

async function wheel(page: Page, scroller: Locator, by: number): Promise<void> {
  await scroller.hover();
  await page.mouse.wheel(0, by);
}

test("a search finds people, products and messages, and marks the words", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.search.fill("proust");
  await expect(page.getByRole("heading", { name: "Conversations", exact: true })).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Margaux Lefèvre" }).first()).toBeVisible();

  await camille.search.fill("leather bar");
  const found = page.getByRole("listitem").filter({ hasText: "For 160 I would keep the leather bar tape" });
  await expect(found.getByText("leather", { exact: true })).toBeVisible();
  expect(await found.locator("mark").allTextContents()).toEqual(["leather", "bar"]);

  await camille.search.fill("zyzzyva");
  await expect(page.getByText("Nothing found for “zyzzyva”")).toBeVisible();
  await camille.search.press("Escape");
  await expect(camille.row("Oliver Bennett")).toBeVisible();
  await expect(camille.search).toBeFocused();
});

test("a found message is jumped to, however old, and there is a way back to the end", async ({
  arrive,
  service,
}) => {
  const id = await talkAtLength(service, 130);
  const page = await arrive("oliver");
  const oliver = new Screen(page);
  await oliver.search.fill("celadon");
  await page.getByRole("listitem").filter({ hasText: "A celadon teapot" }).getByRole("button").last().click();
  await expect(page).toHaveURL(new RegExp(id));
  const message = oliver.message("A celadon teapot");
  await expect(message).toBeVisible();
  await expect.poll(() => isInSight(oliver.scroller, message)).toBe(true);
  await expect(message).toBeFocused();
  await expect(oliver.message("Message 130.")).toHaveCount(0);

  await oliver.thread.getByRole("button", { name: "Go to the latest messages" }).click();
  await expect(oliver.message("Message 130.")).toBeVisible();
  await expect.poll(() => fromEnd(oliver.scroller)).toBeLessThan(2);
});

test("a search within a conversation goes from match to match", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await camille.choose("Search in this conversation");
  const field = camille.thread.getByRole("searchbox", { name: "Search in this conversation" });
  await expect(field).toBeFocused();
  await field.fill("tape");
  await expect(camille.thread.getByText("1 of 3")).toBeVisible();
  await expect.poll(() => isInSight(camille.scroller, camille.message("170 with the tape, and I add"))).toBe(true);
  await field.press("Enter");
  await expect(camille.thread.getByText("2 of 3")).toBeVisible();
  await expect.poll(() => isInSight(camille.scroller, camille.message("Ha! 170 with the tape?"))).toBe(true);
  await camille.thread.getByRole("button", { name: "Later match" }).click();
  await expect(camille.thread.getByText("1 of 3")).toBeVisible();
  await field.press("Escape");
  await expect(field).toHaveCount(0);
});

test("older messages come as one scrolls, and what one reads does not move", async ({ arrive, service }) => {
  const id = await talkAtLength(service, 160);
  const page = await arrive("oliver", `#/inbox/${id}`);
  const oliver = new Screen(page);
  await expect(oliver.message("Message 160.")).toBeVisible();
  for (let load = 0; load < 2; load++) {
    // Held back, so that the row that is watched is chosen before anything moves.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(/beforeSeq=/, async (route) => {
      await held;
      await route.continue();
    });
    const rows = await oliver.messages.count();
    const asked = page.waitForRequest(/beforeSeq=/);
    await oliver.scroller.evaluate((view) => (view.scrollTop = 420));
    await asked;
    const watch = await oliver.scroller.evaluateHandle(watchMiddle);
    release();
    expect(await watch.evaluate(({ furthest }) => furthest)).toBeLessThanOrEqual(1);
    await page.unroute(/beforeSeq=/);
    expect(await oliver.messages.count()).toBeGreaterThan(rows);
  }
  // All the way up, with the wheel.
  await expect
    .poll(async () => {
      await wheel(page, oliver.scroller, -3_000);
      return oliver.message("A celadon teapot").count();
    })
    .toBe(1);
  const texts = await oliver.messages.allTextContents();
  expect(texts.map((text) => Number(/Message (\d+)\./.exec(text)?.[1]))).toEqual(
    Array.from({ length: 160 }, (_, index) => index + 1),
  );
});

/** The numbers of the messages in the page, which have to follow each other. */
async function numbersIn(screen: Screen): Promise<number[]> {
  const texts = await screen.messages.allTextContents();
  const numbers = texts.map((text) => Number(/Message (\d+)\./.exec(text)?.[1]));
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  return numbers;
}

test("a page that stays open for long keeps what is near, and brings the rest back", async ({
  arrive,
  person,
  service,
}) => {
  test.setTimeout(180_000);
  const id = await talkAtLength(service, 60);
  const page = await arrive("margaux", `#/inbox/${id}`);
  const margaux = new Screen(page);
  await expect(margaux.message("Message 60.")).toBeVisible();
  const oliver = await person("oliver");
  for (let at = 61; at <= 520; at++) await oliver.send(id, `Message ${at}.`);
  // They come faster than anybody reads, and a busy machine shows them later.
  await expect(margaux.message("Message 520.")).toBeVisible({ timeout: 40_000 });
  await expect.poll(() => fromEnd(margaux.scroller)).toBeLessThan(2);
  expect((await numbersIn(margaux)).length).toBeLessThanOrEqual(400);

  // All the way up: what is far below goes, and what comes meanwhile waits.
  await expect
    .poll(
      async () => {
        await wheel(page, margaux.scroller, -6_000);
        return margaux.message("A celadon teapot").count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await expect.poll(async () => (await numbersIn(margaux)).length).toBeLessThanOrEqual(400);
  await oliver.send(id, "Message 521.");
  await expect(margaux.thread.getByRole("button", { name: "1 new message" })).toBeVisible();

  // And down again, page by page.
  await expect
    .poll(
      async () => {
        await wheel(page, margaux.scroller, 6_000);
        return margaux.message("Message 521.").count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await expect.poll(async () => (await numbersIn(margaux)).length).toBeLessThanOrEqual(400);
  await expect.poll(() => isInSight(margaux.scroller, margaux.message("Message 521."))).toBe(true);
  await expect(margaux.row("Oliver Bennett").first()).not.toContainText("unread");
});

test("a message that comes while one reads above waits behind a pill", async ({ arrive, person }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  await expect(camille.message("thank you again for all the photos")).toBeVisible();
  await wheel(page, camille.scroller, -600);
  const latest = camille.thread.getByRole("button", { name: "Go to the latest messages" });
  await expect(latest).toBeVisible();
  const before = await camille.scroller.evaluate((view) => view.scrollTop);

  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Down here!");
  const pill = camille.thread.getByRole("button", { name: "1 new message" });
  await expect(pill).toBeVisible();
  expect(await camille.scroller.evaluate((view) => view.scrollTop)).toBe(before);
  // It is not read before it is seen.
  await expect(camille.row("Oliver Bennett")).toContainText("1 unread message");
  await pill.click();
  await expect(pill).toHaveCount(0);
  await expect.poll(() => isInSight(camille.scroller, camille.message("Down here!"))).toBe(true);
  await expect(camille.row("Oliver Bennett")).not.toContainText("unread");

  await oliver.send(id, "And here.");
  await expect(camille.message("And here.")).toBeVisible();
  await expect.poll(() => fromEnd(camille.scroller)).toBeLessThan(2);
});

test("a long list of conversations is loaded as one scrolls", async ({ arrive, service }) => {
  test.slow();
  const names = Array.from({ length: 40 }, (_, index) => `Buyer ${String(index + 1).padStart(2, "0")}`);
  for (const name of names) {
    const buyer = await Person.register(service, name, `${name.replace(" ", "")}@example.org`);
    const { id } = await buyer.start("priya", "desk-lamp");
    await buyer.send(id, `I am ${name}.`);
  }
  const page = await arrive("priya");
  const priya = new Screen(page);
  await expect(priya.row("Buyer 40")).toBeVisible();
  await expect(page).toHaveTitle(/^\(4[0-9]\)/);
  await priya.row("Buyer 40").focus();
  await expect
    .poll(async () => {
      await priya.list.getByRole("listitem").last().scrollIntoViewIfNeeded();
      return priya.row("Buyer 01").count();
    })
    .toBe(1);
  for (const name of names) await expect(priya.row(name)).toHaveCount(1);
  await goTo(page, "#/");
});
