// The service goes down under open pages: they come back by themselves, and nothing is lost or said twice.
import { Screen } from "./screen";
import { expect, expectStatus, test } from "./test";

for (const { how, end } of [
  { how: "killed", end: "kill" },
  { how: "stopped", end: "stop" },
] as const) {
  test(`a service that was ${how} and started again is caught up with by both sides`, async ({
    arrive,
    person,
    service,
    trouble,
  }) => {
    trouble.allowLostNetwork();
    const [camillePage, oliverPage] = [await arrive("camille"), await arrive("oliver")];
    const [camille, oliver] = [new Screen(camillePage), new Screen(oliverPage)];
    await camille.open("Oliver Bennett");
    await oliver.open("Camille Laurent");
    await camille.send("Before");
    await expect(oliver.message("Before")).toBeVisible();

    await service[end]();
    await expect(camillePage.locator("header .msg-status").first()).not.toHaveAttribute("data-state", "live");
    await camille.send("From Camille, one");
    await camille.send("From Camille, two");
    await oliver.send("From Oliver");
    await expect(camille.tick("From Camille, two", "Waiting to be sent")).toBeVisible();
    await service.start();

    await expectStatus(camillePage, "live", { timeout: 20_000 });
    await expectStatus(oliverPage, "live", { timeout: 20_000 });
    await expect(oliver.message("From Camille, two")).toBeVisible();
    await expect(camille.message("From Oliver")).toBeVisible();
    const { id } = await (await person("camille")).conversationWith("oliver");
    const stored = (await (await person("camille")).texts(id)).slice(-4);
    expect(stored[0]).toBe("Before");
    const fromCamille = stored.filter((text) => text.startsWith("From Camille"));
    expect(fromCamille).toEqual(["From Camille, one", "From Camille, two"]);
    expect(stored).toContain("From Oliver");
    for (const side of [camille, oliver]) {
      await expect.poll(async () => (await side.messages.allTextContents()).slice(-4)).toEqual(stored);
    }

    await oliver.send("Afterwards");
    await expect(camille.message("Afterwards")).toBeVisible();
    await expect(oliver.tick("Afterwards", "Read")).toBeVisible();
  });
}

test("a service with another past is started from anew", async ({ arrive, person, service, trouble }) => {
  trouble.allowLostNetwork();
  // Logins and positions are of a time that has never been.
  trouble.allow(/^console error: .* a status of (401|410) /);
  const page = await arrive("camille");
  const camille = new Screen(page);
  await camille.open("Oliver Bennett");
  const before = await person("oliver");
  const { id } = await before.conversationWith("camille");
  await before.send(id, "Forgotten soon");
  await expect(camille.message("Forgotten soon")).toBeVisible();
  await service.kill();
  await service.forget();
  await service.start();
  await expectStatus(page, "live", { timeout: 20_000 });
  await (await person("oliver")).send(id, "A new beginning");
  await expect(camille.message("A new beginning")).toBeVisible();
});
