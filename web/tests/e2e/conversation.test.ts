// Two people write to each other, and each sees at once what the other does.
import { Screen } from "./screen";
import { expect, expectStatus, goTo, test } from "./test";

test("a message appears on the other side at once, and its ticks tell how far it came", async ({
  arrive,
  person,
}) => {
  const camille = new Screen(await arrive("camille"));
  await camille.open("Oliver Bennett");
  await camille.send("Le vélo est prêt.");
  const message = camille.message("Le vélo est prêt.");
  await expect(message.getByTitle("Sent", { exact: true })).toBeVisible();

  // Oliver is there, elsewhere on the page: it has come to his device.
  const page = await arrive("oliver", "#/");
  await expect(message.getByTitle("Delivered", { exact: true })).toBeVisible();

  await goTo(page, "#/inbox");
  const oliver = new Screen(page);
  await oliver.open("Camille Laurent");
  await expect(oliver.message("Le vélo est prêt.")).toBeVisible();
  await expect(message.getByTitle("Read", { exact: true })).toBeVisible();

  await oliver.send("Great, I am on my way!");
  await expect(camille.message("Great, I am on my way!")).toBeVisible();
  const { id } = await (await person("camille")).conversationWith("oliver");
  const texts = await (await person("oliver")).texts(id);
  expect(texts.slice(-2)).toEqual(["Le vélo est prêt.", "Great, I am on my way!"]);
});

test("writing shows on the other side until the message is there", async ({ arrive }) => {
  const camille = new Screen(await arrive("camille"));
  await camille.open("Oliver Bennett");
  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Camille Laurent");
  await oliver.composer.pressSequentially("Just a thought");
  await expect(camille.writing("Oliver Bennett")).toBeVisible();
  await expect(camille.row("Oliver Bennett")).toContainText("writing…");
  await oliver.composer.press("Enter");
  await expect(camille.message("Just a thought")).toBeVisible();
  await expect(camille.writing("Oliver Bennett")).toBeHidden();
});

test("writing no longer shows once the text is gone", async ({ arrive }) => {
  const camille = new Screen(await arrive("camille"));
  await camille.open("Oliver Bennett");
  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Camille Laurent");
  await oliver.composer.pressSequentially("Just a");
  await expect(camille.writing("Oliver Bennett")).toBeVisible();
  await oliver.composer.fill("");
  await expect(camille.writing("Oliver Bennett")).toBeHidden();
});

test("presence says who is there, and when they were last", async ({ arrive }) => {
  const camille = new Screen(await arrive("camille"));
  await camille.open("Oliver Bennett");
  const page = await arrive("oliver");
  await expect(camille.thread.getByText("Online", { exact: true })).toBeVisible();
  await page.close();
  await expect(camille.thread.getByText("Last seen just now")).toBeVisible();
});

test("an edit and a deletion are seen by both", async ({ arrive }) => {
  const camille = new Screen(await arrive("camille"));
  await camille.open("Oliver Bennett");
  const oliverPage = await arrive("oliver");
  const oliver = new Screen(oliverPage);
  await oliver.open("Camille Laurent");

  await oliver.send("See you on Sunday");
  await expect(camille.message("See you on Sunday")).toBeVisible();
  await oliver.chooseFor("See you on Sunday", "Edit");
  const field = oliver.thread.getByRole("textbox", { name: "Editing your message" });
  await expect(field).toHaveValue("See you on Sunday");
  await expect(field).toBeFocused();
  await field.fill("See you on Saturday");
  await field.press("Enter");
  await expect(oliver.composer).toBeFocused();
  for (const side of [camille, oliver]) {
    await expect(side.message("See you on Saturday")).toContainText("edited");
    await expect(side.message("See you on Sunday")).toHaveCount(0);
  }

  await oliver.chooseFor("See you on Saturday", "Delete…");
  const dialog = oliverPage.getByRole("dialog", { name: "Delete this message?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(oliver.message("See you on Saturday")).toBeVisible();
  await oliver.chooseFor("See you on Saturday", "Delete…");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog).toBeHidden();
  await expect(oliver.message("You deleted this message")).toBeVisible();
  await expect(camille.message("This message was deleted")).toBeVisible();
  await expect(camille.message("See you on Saturday")).toHaveCount(0);
  await expect(camille.row("Oliver Bennett")).toContainText("This message was deleted");
});

test("arrow up edits what was written last, Escape leaves it as it was", async ({ arrive }) => {
  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Camille Laurent");
  await oliver.send("One more thing");
  await expect(oliver.tick("One more thing", "Sent")).toBeVisible();
  await oliver.composer.press("ArrowUp");
  const field = oliver.thread.getByRole("textbox", { name: "Editing your message" });
  await field.fill("Never mind");
  await field.press("Escape");
  await expect(oliver.message("One more thing")).toBeVisible();
  await expect(oliver.composer).toBeFocused();
});

test("a block keeps both from writing until it is taken back", async ({ arrive }) => {
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Camille Laurent");

  await camille.choose("Block Oliver Bennett…");
  await page.getByRole("dialog", { name: "Block Oliver Bennett?" }).getByRole("button", { name: "Block" }).click();
  await expect(camille.thread.getByText("You’ve blocked Oliver Bennett.")).toBeVisible();
  await expect(oliver.thread.getByText("Camille Laurent doesn’t take messages from you.")).toBeVisible();
  await expect(camille.composer).toHaveCount(0);
  await expect(oliver.composer).toHaveCount(0);

  await camille.thread.getByRole("button", { name: "Unblock" }).click();
  await oliver.send("Friends again?");
  await expect(camille.message("Friends again?")).toBeVisible();
});

test("a send that was refused says why, and can be tried again", async ({ arrive, person, trouble }) => {
  const page = await arrive("oliver");
  const oliver = new Screen(page);
  await oliver.open("Camille Laurent");
  await expect(oliver.composer).toBeVisible();
  const camille = await person("camille");
  const { id } = await camille.conversationWith("oliver");

  // He does not know yet that he was blocked when he sends: the word of it waits on the wire.
  await page.context().setOffline(true);
  trouble.allowLostNetwork();
  // Which goes over HTTP where the socket takes longer to come back.
  trouble.allow(/status of 403/);
  await oliver.send("Are you still there?");
  await expect(oliver.tick("Are you still there?", "Waiting to be sent")).toBeVisible();
  await camille.configure(id, { blocked: true });
  await page.context().setOffline(false);
  const failed = oliver.message("Are you still there?");
  await expect(failed).toContainText("Not sent. You can’t write to each other.");

  await camille.configure(id, { blocked: false });
  await expect(oliver.composer).toBeVisible();
  await failed.getByRole("button", { name: "Try again" }).click();
  await expect(failed.getByTitle("Sent", { exact: true })).toBeVisible();
  expect((await camille.texts(id)).filter((text) => text === "Are you still there?")).toHaveLength(1);
});

test("a product's page leads to its seller, and always to the same conversation", async ({ arrive, person }) => {
  const page = await arrive("noah", "#/products/velo-peugeot-1983");
  const noah = new Screen(page);
  await page.getByRole("button", { name: "Write to Camille" }).click();
  await expect(page).toHaveURL(/#\/inbox\/[0-9a-f-]{36}$/);
  const address = page.url();
  await expect(noah.thread.getByText("Say hello to Camille Laurent")).toBeVisible();
  await expect(noah.thread.getByRole("link", { name: /Vélo de course Peugeot 1983/ })).toBeVisible();
  await noah.send("Is it still there?");
  await expect(noah.tick("Is it still there?", "Sent")).toBeVisible();

  await noah.thread.getByRole("link", { name: /Vélo de course Peugeot 1983/ }).click();
  await expect(page).toHaveURL(/#\/products\/velo-peugeot-1983$/);
  await page.getByRole("button", { name: "Write to Camille" }).click();
  await expect(page).toHaveURL(address);
  await expect(noah.message("Is it still there?")).toBeVisible();

  const camille = await person("camille");
  const about = (await camille.conversations()).filter(({ counterpart }) => counterpart.id === "noah");
  expect(about).toHaveLength(1);
});

test("a seller does not see who opened a conversation until they say something", async ({ arrive, person }) => {
  const camille = new Screen(await arrive("camille"));
  const page = await arrive("noah", "#/products/velo-peugeot-1983");
  await page.getByRole("button", { name: "Write to Camille" }).click();
  const noah = new Screen(page);
  await expect(noah.thread.getByText("Say hello to Camille Laurent")).toBeVisible();
  await (await person("camille")).conversationWith("noah");
  await expect(camille.row("Oliver Bennett")).toBeVisible();
  await expect(camille.row("Noah Fischer")).toHaveCount(0);
  await noah.send("Is it still there?");
  await expect(camille.row("Noah Fischer")).toBeVisible();
});

test("a visitor is asked to sign in, and is back at the product afterwards", async ({ visit }) => {
  const page = await visit("#/products/leica-m3");
  await page.getByRole("button", { name: "Sign in to write" }).click();
  await expect(page).toHaveURL(/#\/sign-in/);
  await page.getByRole("button", { name: "Continue as Priya" }).click();
  await expect(page.getByRole("heading", { name: /^Leica M3/ })).toBeVisible();
  await page.getByRole("button", { name: "Write to Oliver" }).click();
  const priya = new Screen(page);
  await expect(priya.thread.getByText("Say hello to Oliver Bennett")).toBeVisible();
});

test("nobody can write to themselves", async ({ arrive }) => {
  const page = await arrive("camille", "#/products/velo-peugeot-1983");
  await expect(page.getByText("This is your own listing.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Write to Camille" })).toBeDisabled();
});

test("side by side, both sides are live", async ({ visit }) => {
  const page = await visit("#/side-by-side?left=camille&right=oliver");
  const left = new Screen(page, page.getByRole("region", { name: "Camille Laurent", exact: true }));
  const right = new Screen(page, page.getByRole("region", { name: "Oliver Bennett", exact: true }));
  await expect(left.message("Deal.")).toBeAttached();
  await left.send("Left speaks");
  await expect(right.message("Left speaks")).toBeVisible();
  await right.composer.pressSequentially("Right answers");
  await expect(left.writing("Oliver Bennett")).toBeVisible();
  await right.composer.press("Enter");
  await expect(left.message("Right answers")).toBeVisible();
  await expect(right.tick("Right answers", "Read")).toBeVisible();
});

test("somebody with an account of their own can write and be answered", async ({ visit, arrive }) => {
  const page = await visit("#/sign-in");
  await page.getByRole("button", { name: "Create one" }).click();
  await page.getByLabel("Your name").fill("Zoë Quinn");
  await page.getByLabel("E-mail").fill("zoe@example.org");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByRole("heading", { name: "Hello, Zoë." })).toBeVisible();
  await expectStatus(page, "live");
  await goTo(page, "#/products/leica-m3");
  await page.getByRole("button", { name: "Write to Oliver" }).click();
  const zoe = new Screen(page);
  await zoe.send("Does the meter work?");

  const oliver = new Screen(await arrive("oliver"));
  await oliver.open("Zoë Quinn");
  await expect(oliver.message("Does the meter work?")).toBeVisible();
  await oliver.send("It has none, and needs none.");
  await expect(zoe.message("It has none, and needs none.")).toBeVisible();
});
