// A hostile counterpart: whatever they write, sell or are called is shown as text, and does nothing else.
import type { Page } from "@playwright/test";
import { Person, putProduct } from "./api";
import { addresses, scripts, shapes } from "./hostile-texts";
import { Screen } from "./screen";
import { expect, goTo, test } from "./test";
import { expectNothingSideways } from "./width";

/** Neither the texts nor anything else has made elements that the components do not make. */
async function expectOnlyText(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    pwned: "pwned" in window,
    foreign: document.querySelectorAll(
      "iframe, object, embed, math, form[action], base, marquee, body script, style, video, audio, image, template",
    ).length,
    handlers: [...document.querySelectorAll("*")].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith("on")),
    ).length,
    inTexts: [...document.querySelectorAll(".msg-text *, bdi *, mark *")].filter(
      (element) => !element.matches("a.msg-link"),
    ).length,
    links: [...document.querySelectorAll<HTMLAnchorElement>(".msg-text a")].filter(
      ({ protocol, rel, target }) =>
        !["https:", "http:", "mailto:"].includes(protocol) ||
        target !== "_blank" ||
        !["noopener", "noreferrer", "nofollow"].every((word) => rel.split(" ").includes(word)),
    ).length,
  }));
  expect(found).toEqual({ pwned: false, foreign: 0, handlers: 0, inTexts: 0, links: 0 });
}

/** Sends what the service takes; gives it as it has taken it. */
async function sendAll(sender: Person, id: string, texts: readonly string[]): Promise<string[]> {
  const taken: string[] = [];
  for (const text of texts) {
    try {
      const { content } = await sender.send(id, text);
      if (content.kind === "text") taken.push(content.text);
    } catch (error) {
      // Control characters are no text.
      expect(text).toMatch(/[\u0000-\u0008\u000b-\u001f]/);
      expect(String(error)).toContain(" 422 ");
    }
  }
  return taken;
}

/** Scrolls up until all is here. */
async function loadAll(page: Page, screen: Screen, count: number): Promise<void> {
  await expect
    .poll(async () => {
      await screen.scroller.hover();
      await page.mouse.wheel(0, -30_000);
      return screen.messages.count();
    })
    .toBe(count);
}

for (const [name, texts] of Object.entries({ scripts, addresses, shapes })) {
  test(`messages with hostile ${name} are shown as they are, and do nothing`, async ({ arrive, person }) => {
    const noah = await person("noah");
    const { id } = await noah.start("camille", "velo-peugeot-1983");
    const taken = await sendAll(noah, id, texts);
    expect(taken.length).toBeGreaterThan(texts.length - 3);
    const page = await arrive("camille", `#/inbox/${id}`);
    const camille = new Screen(page);
    await loadAll(page, camille, taken.length);
    expect(await camille.messages.allTextContents()).toEqual(taken);
    await expectOnlyText(page);
    await expectNothingSideways(page);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNothingSideways(page);
    await goTo(page, "#/inbox");
    await expect(camille.row("Noah Fischer")).toBeVisible();
    await expectNothingSideways(page);
    await expectOnlyText(page);
  });
}

test("links lead where they say, and only there", async ({ arrive, person }) => {
  const noah = await person("noah");
  const { id } = await noah.start("camille", "velo-peugeot-1983");
  await sendAll(noah, id, addresses);
  const camille = new Screen(await arrive("camille", `#/inbox/${id}`));
  await expect(camille.message("intent://")).toBeVisible();
  const links = await camille.messages
    .locator("a")
    .evaluateAll((all) => all.map((link) => [link.textContent, (link as HTMLAnchorElement).href]));
  const texts = links.map(([text]) => text);
  expect(links).toContainEqual(["https://example.org/path", "https://example.org/path"]);
  expect(links).toContainEqual(["http://example.org/a(b)c", "http://example.org/a(b)c"]);
  expect(links).toContainEqual(["www.example.org", "https://www.example.org/"]);
  const letter = "mailto:somebody@example.org?subject=Hello";
  expect(links).toContainEqual([letter, letter]);
  for (const part of ["@evil.example", "javascript:", "ftp:", "file:", "blob:", "intent:", "<", "\u202e"]) {
    expect(texts.filter((text) => text?.includes(part))).toEqual([]);
  }
});

test("people with hostile names are called by them, and nothing else happens", async ({ arrive, service }) => {
  test.slow();
  const names = [
    `<script>window.pwned=1</script>`,
    `<img src=x onerror=alert(1)>`,
    `"><svg onload=alert(1)>`,
    `</bdi></button><iframe srcdoc=x>`,
    `{{constructor.constructor('alert(1)')()}}`,
    "javascript:alert(1)",
    "&lt;b&gt;bold&lt;/b&gt;",
    "%s %n ${alert(1)}",
    "{name} {count}",
    "__proto__",
    "W".repeat(200),
    `Z${"\u0300\u0301\u0302".repeat(20)}algo`,
    "مريم الفهد",
    "🦄🦄🦄",
    "null",
  ];
  for (const [at, name] of names.entries()) {
    const mallory = await Person.register(service, name, `mallory${at}@example.org`);
    await putProduct(service, `hostile-${at}`, { sellerId: "camille", title: `${name} (used)` });
    const { id } = await mallory.start("camille", `hostile-${at}`);
    await mallory.send(id, `It is me: ${name}`);
  }
  for (const name of ["Admin \u202etrosseforP", "\u2066\u2067Isolated", "\u200b\u200b", "two\nlines"]) {
    await expect(Person.register(service, name, "eve@example.org"), name).rejects.toThrow(" 422 ");
  }
  const page = await arrive("camille");
  const camille = new Screen(page);
  await expect(page).toHaveTitle(`(${names.length}) Messages · Brocante`);
  const shown = await camille.list.locator(".msg-list-name").allTextContents();
  // Towers of marks are cut.
  for (const name of names) expect(shown).toContain(name.replace(/(\p{M}{3})\p{M}+/gu, "$1"));
  await expectOnlyText(page);
  await expectNothingSideways(page);

  await page.getByRole("banner").getByRole("button", { name: /^Messages, / }).click();
  await expect(page.getByRole("dialog", { name: "Messages" }).getByRole("listitem").first()).toBeVisible();
  await expectOnlyText(page);
  await page.keyboard.press("Escape");

  await camille.search.fill("me");
  await expect(page.locator("mark").first()).toBeVisible();
  await expectOnlyText(page);
  await camille.search.fill(`<img src=x onerror=alert(1)>zyzzyva`);
  await expect(page.getByText("Nothing found for “<img src=x onerror=alert(1)>zyzzyva”")).toBeVisible();
  await camille.search.fill("");

  for (const name of ["<img src=x onerror=alert(1)>", "W".repeat(200), "{name} {count}"]) {
    await camille.row(name).first().click();
    await expect(camille.thread).toHaveAccessibleName(`Conversation with ${name}`);
    await expect(camille.thread.getByRole("heading", { level: 2 })).toHaveText(name);
    await camille.choose(/^Block /);
    await expect(page.getByRole("dialog")).toHaveAccessibleName(`Block ${name}?`);
    await expectOnlyText(page);
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNothingSideways(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
});

test("products with hostile titles are shown, and hostile addresses are not taken", async ({
  arrive,
  person,
  service,
}) => {
  const noah = await person("noah");
  const script = "<script>alert(1)</script>";
  const titles = [script, `"><img src=x onerror=alert(1)>`, "T".repeat(300), "\u202eelbat", "{{7*7}}"];
  for (const [at, title] of titles.entries()) {
    await putProduct(service, `hostile-${at}`, { sellerId: "camille", title, priceMinor: 100, currency: "XXX" });
    const { id } = await noah.start("camille", `hostile-${at}`);
    await noah.send(id, `About number ${at}`);
  }
  const urls = ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "/\\evil.example", "java\nscript:x"];
  for (const url of urls) {
    const product = { sellerId: "camille", title: "Fine", url, imageUrl: url };
    await expect(putProduct(service, "hostile-url", product)).rejects.toThrow(" 422 ");
  }
  const page = await arrive("camille");
  const camille = new Screen(page);
  for (const [at] of titles.entries()) {
    await camille.row(`About number ${at}`).click();
    await expect(camille.message(`About number ${at}`)).toBeVisible();
    await expectOnlyText(page);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNothingSideways(page, `title ${at}`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await goTo(page, "#/inbox");
  await expectNothingSideways(page);
});

test("what one writes oneself is text, too: as a draft, sent, and edited", async ({ arrive }) => {
  const page = await arrive("oliver");
  const oliver = new Screen(page);
  await oliver.open("Camille Laurent");
  const text = `<img src=x onerror="window.pwned=1">`;
  await oliver.composer.fill(text);
  await oliver.open("Noah Fischer");
  await expect(oliver.row("Camille Laurent")).toContainText(`Draft: ${text}`);
  await oliver.open("Camille Laurent");
  await expect(oliver.composer).toHaveValue(text);
  await oliver.composer.press("Enter");
  await expect(oliver.tick(text, "Sent")).toBeVisible();
  await oliver.chooseFor(text, "Edit");
  const field = oliver.thread.getByRole("textbox", { name: "Editing your message" });
  await field.fill(`${text}<script>window.pwned=1</script>`);
  await field.press("Enter");
  await expect(oliver.message(`${text}<script>window.pwned=1</script>`)).toBeVisible();
  await expectOnlyText(page);
});
