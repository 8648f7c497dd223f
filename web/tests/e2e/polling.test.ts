// Where no WebSocket can be had, everything works all the same, a few seconds later.
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

test.describe("without a WebSocket on the service's side", () => {
  test.use({ settings: { MESSAGING_WEBSOCKET: "off" } });

  test("messages arrive both ways, and the status says how", async ({ visit, trouble }) => {
    trouble.allowLostNetwork();
    const [camillePage, oliverPage] = [await visit("#/?as=camille"), await visit("#/?as=oliver")];
    for (const page of [camillePage, oliverPage]) {
      await expectStatus(page, "polling");
      await expect(page.getByRole("status").filter({ hasText: "Updates every few seconds" }).first()).toBeVisible();
      await goTo(page, "#/inbox");
    }
    const [camille, oliver] = [new Screen(camillePage), new Screen(oliverPage)];
    await camille.open("Oliver Bennett");
    await oliver.open("Camille Laurent");
    await camille.send("By the slow road");
    await expect(oliver.message("By the slow road")).toBeVisible();
    await expect(camille.tick("By the slow road", "Read")).toBeVisible();
    await oliver.send("It came all the same");
    await expect(camille.message("It came all the same")).toBeVisible();
    await expect(oliver.tick("It came all the same", "Read")).toBeVisible();
    await oliver.chooseFor("It came all the same", "Delete…");
    await oliverPage.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(camille.message("This message was deleted")).toBeVisible();
    expect(await camille.messages.allTextContents()).toHaveLength(24);
  });
});

test("a WebSocket that is blocked on the way is done without, and used once it gets through", async ({
  visit,
  person,
  trouble,
}) => {
  trouble.allowLostNetwork();
  const page = await visit("#/?as=camille");
  await expectStatus(page, "live");
  let isBlocked = true;
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    if (isBlocked) void socket.close({ code: 1006 });
    else socket.connectToServer();
  });
  await page.reload();
  await expectStatus(page, "polling");
  await goTo(page, "#/inbox");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Can you read this?");
  await expect(camille.message("Can you read this?")).toBeVisible();
  await camille.send("I can.");
  await expect(camille.tick("I can.", "Sent")).toBeVisible();

  isBlocked = false;
  await expectStatus(page, "live", { timeout: 25_000 });
  await oliver.send(id, "And at once again?");
  await expect(camille.message("And at once again?")).toBeVisible();
  expect((await oliver.texts(id)).slice(-3)).toEqual(["Can you read this?", "I can.", "And at once again?"]);
});
