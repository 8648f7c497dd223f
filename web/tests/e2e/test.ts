// Playwright's `test` with a service for each test, pages of its people, and an eye on what must not happen.
import { type BrowserContextOptions, expect, type Page, test as base } from "@playwright/test";
import { Person } from "./api";
import { findBrowser } from "./browser";
import { Service, type Settings } from "./service";
import { Sockets } from "./sockets";
import { Trouble } from "./trouble";

export { expect } from "@playwright/test";

/** Opens the page in a browser of its own, with nobody signed in. */
export type Visit = (link?: string, options?: BrowserContextOptions) => Promise<Page>;
/** The same, signed in as somebody of the demo, and connected. */
export type Arrive = (id: string, link?: string, options?: BrowserContextOptions) => Promise<Page>;

interface Fixtures {
  /** Other settings of the service, by `test.use`. */
  settings: Settings;
  service: Service;
  trouble: Trouble;
  sockets: Sockets;
  visit: Visit;
  arrive: Arrive;
  /** Somebody of the demo who acts without a page. */
  person: (id: string) => Promise<Person>;
  needsBrowser: void;
}

export const test = base.extend<Fixtures>({
  // Playwright reads from the pattern what a fixture needs.
  needsBrowser: [
    async ({}, use, testInfo) => {
      testInfo.skip(!findBrowser(), "there is no Chromium to run it in");
      await use();
    },
    { auto: true },
  ],
  settings: [{}, { option: true }],
  service: async ({ settings }, use, testInfo) => {
    const service = await Service.seeded(settings);
    await use(service);
    await service.dispose();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("service.log", { body: service.log, contentType: "text/plain" });
    }
  },
  trouble: async ({}, use) => {
    const trouble = new Trouble();
    await use(trouble);
    expect(trouble.unexpected()).toEqual([]);
  },
  sockets: async ({}, use) => {
    await use(new Sockets());
  },
  visit: async ({ browser, contextOptions, service, trouble, sockets }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (link = "#/", options = {}) => {
      const context = await browser.newContext({ ...contextOptions, ...options });
      contexts.push(context);
      await trouble.watch(context, service.url);
      sockets.watch(context);
      const page = await context.newPage();
      await page.goto(`${service.url}/${link}`);
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
  arrive: async ({ visit }, use) => {
    await use(async (id, link = "#/inbox", options = {}) => {
      const page = await visit(`#/?as=${id}`, options);
      await expect(page).toHaveURL(/#\/$/);
      await goTo(page, link);
      await expectStatus(page, "live");
      return page;
    });
  },
  person: async ({ service }, use) => {
    await use((id) => Person.demo(service, id));
  },
});

/** Follows a link within the page, without loading it anew. */
export async function goTo(page: Page, link: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, link);
}

type Status = "connecting" | "catching-up" | "live" | "polling" | "offline" | "signed-out" | "stopped";

/** How the header says that the connection stands. */
export async function expectStatus(page: Page, status: Status, options?: { timeout: number }): Promise<void> {
  await expect(page.locator("header .msg-status").first()).toHaveAttribute("data-state", status, options);
}
