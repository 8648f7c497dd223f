// Access tokens end while a page is open: it gets new ones over the open connection.
import { Screen } from "./screen";
import { expect, expectStatus, test } from "./test";

test.use({ settings: { MESSAGING_ACCESS_TOKEN_SECONDS: "10" } });

test("a page stays live over several tokens, without a new connection", async ({ arrive, person, sockets }) => {
  test.slow();
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  const opened = Date.now();
  const refreshes = () => sockets.all(page)[0]?.ops.filter((op) => op === "token.refresh").length ?? 0;
  await expect.poll(() => Date.now() - opened > 21_000 && refreshes(), { timeout: 45_000 }).toBeGreaterThan(1);
  await expectStatus(page, "live");
  expect(sockets.all(page)).toHaveLength(1);
  const oliver = await person("oliver");
  const { id } = await oliver.conversationWith("camille");
  await oliver.send(id, "Still with us?");
  await expect(camille.message("Still with us?")).toBeVisible();
  await camille.send("Still here.");
  await expect(camille.tick("Still here.", "Sent")).toBeVisible();
  expect(sockets.open(page)).toHaveLength(1);
});
