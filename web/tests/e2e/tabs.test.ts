// Many tabs of one browser share one connection, whichever of them holds it.
import type { BrowserContext, Page } from "@playwright/test";
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

/** More tabs beside the first one, at the same person's market or inbox. */
async function openTabs(context: BrowserContext, address: string, count: number): Promise<Page[]> {
  const pages = await Promise.all(Array.from({ length: count }, () => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(address)));
  return pages;
}

test("ten tabs share one connection; each gets what comes, and what one reads is read in all", async ({
  arrive,
  person,
  service,
  sockets,
}) => {
  test.slow();
  const first = await arrive("camille", "#/");
  const context = first.context();
  const tabs = [first, ...(await openTabs(context, `${service.url}/#/`, 9))];
  for (const tab of tabs) await expectStatus(tab, "live");
  expect(sockets.all(context)).toHaveLength(1);

  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "To all of you");
  for (const tab of tabs) await expect(tab).toHaveTitle("(1) Brocante");
  const reader = tabs[7] ?? first;
  await goTo(reader, `#/inbox/${id}`);
  await expect(new Screen(reader).message("To all of you")).toBeVisible();
  for (const tab of tabs) await expect(tab).toHaveTitle(tab === reader ? "Messages · Brocante" : "Brocante");
  expect(sockets.all(context)).toHaveLength(1);
});

test("when the tab that holds the connection is closed, another takes over and nothing is lost", async ({
  arrive,
  person,
  service,
  sockets,
}) => {
  const first = await arrive("camille");
  const context = first.context();
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  const rest = await openTabs(context, `${service.url}/#/inbox/${id}`, 3);
  for (const tab of rest) await expectStatus(tab, "live");
  const leader = sockets.open(context)[0]?.page;
  expect(leader).toBe(first);
  await oliver.send(id, "While it holds");
  for (const tab of rest) await expect(new Screen(tab).message("While it holds")).toBeVisible();

  await first.close();
  await oliver.send(id, "While it changes hands");
  for (const tab of rest) await expect(new Screen(tab).message("While it changes hands")).toBeVisible();
  await expect.poll(() => sockets.open(context).length).toBe(1);
  for (const tab of rest) await expectStatus(tab, "live");
  await oliver.send(id, "Afterwards");
  for (const tab of rest) {
    const screen = new Screen(tab);
    await expect(screen.message("Afterwards")).toBeVisible();
    const texts = await screen.messages.allTextContents();
    expect(texts.slice(-3)).toEqual(["While it holds", "While it changes hands", "Afterwards"]);
  }
});

test("a tab that does not hold the connection sends, writes and shows who is there", async ({
  arrive,
  person,
  service,
  sockets,
}) => {
  const first = await arrive("camille", "#/");
  const { id } = await (await person("oliver")).conversationWith("camille");
  const [follower = first] = await openTabs(first.context(), `${service.url}/#/inbox/${id}`, 1);
  await expectStatus(follower, "live");
  expect(sockets.all(follower)).toHaveLength(0);
  const camille = new Screen(follower);
  const oliver = new Screen(await arrive("oliver", `#/inbox/${id}`));
  // Both are in the room once each sees the other there; whoever comes later has missed who began to write.
  for (const side of [camille, oliver]) {
    await expect(side.thread.getByText("Online", { exact: true })).toBeVisible();
  }
  await camille.composer.pressSequentially("From the second tab");
  await expect(oliver.writing("Camille Laurent")).toBeVisible();
  await camille.composer.press("Enter");
  await expect(oliver.message("From the second tab")).toBeVisible();
  await expect(camille.tick("From the second tab", "Read")).toBeVisible();
  await oliver.composer.pressSequentially("Seen");
  await expect(camille.writing("Oliver Bennett")).toBeVisible();
});

test("a message that a tab wrote offline is sent by another when it is closed", async ({
  arrive,
  person,
  service,
  trouble,
}) => {
  trouble.allowLostNetwork();
  const first = await arrive("camille", "#/");
  const { id } = await (await person("oliver")).conversationWith("camille");
  const [second = first] = await openTabs(first.context(), `${service.url}/#/inbox/${id}`, 1);
  const camille = new Screen(second);
  await expectStatus(second, "live");
  await first.context().setOffline(true);
  await expectStatus(second, "offline");
  await camille.send("Written and left");
  await expect(camille.tick("Written and left", "Waiting to be sent")).toBeVisible();
  await second.close();
  await first.context().setOffline(false);
  await expectStatus(first, "live");
  const oliver = await person("oliver");
  await expect
    .poll(async () => (await oliver.texts(id)).filter((text) => text === "Written and left").length)
    .toBe(1);
});

test("a page opens one connection, and keeps it wherever its visitor goes", async ({ arrive, sockets }) => {
  // The demo runs in React's StrictMode, which mounts everything twice.
  const page = await arrive("camille", "#/");
  for (const link of ["#/inbox", "#/products/leica-m3", "#/", "#/inbox", "#/sign-in", "#/"]) await goTo(page, link);
  await expectStatus(page, "live");
  expect(sockets.all(page)).toHaveLength(1);
  await page.reload();
  await expectStatus(page, "live");
  expect(sockets.all(page)).toHaveLength(2);
});

test("two people in two tabs of one browser have a connection each", async ({ arrive, service, sockets }) => {
  const first = await arrive("camille", "#/");
  const [second = first] = await openTabs(first.context(), `${service.url}/#/?as=oliver`, 1);
  await expect(second).toHaveURL(/#\/$/);
  await expect.poll(() => sockets.open(first.context()).length).toBe(2);
  await expectStatus(second, "live");
  await expect(second.getByRole("heading", { name: "Hello, Oliver." })).toBeVisible();
  await expect(first.getByRole("heading", { name: "Hello, Camille." })).toBeVisible();
});
