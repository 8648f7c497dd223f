// The parts of the page by the names that people, and screen readers, know them by.
import { expect, type Locator, type Page } from "@playwright/test";

export class Screen {
  constructor(
    private readonly page: Page,
    /** One side of two, say. */
    private readonly within: Page | Locator = page,
  ) {}

  get list(): Locator {
    return this.within.getByRole("list", { name: "Conversations", exact: true });
  }

  /** The row of a conversation in the list. */
  row(words: string | RegExp): Locator {
    return this.list.getByRole("button").filter({ hasText: words });
  }

  /** Opens a person's conversation. The one shown before stays until the page has followed the link. */
  async open(name: string): Promise<void> {
    await this.row(name).click();
    await expect(this.thread).toHaveAccessibleName(`Conversation with ${name}`);
  }

  /** The shown conversation. */
  get thread(): Locator {
    return this.within.getByRole("region", { name: /^Conversation with / });
  }

  /** What is scrolled in it. */
  get scroller(): Locator {
    return this.thread.getByRole("group", { name: "Messages", exact: true });
  }

  /** A message of the shown conversation. */
  message(text: string | RegExp): Locator {
    return this.thread.getByRole("listitem").filter({ has: this.page.locator(".msg-text", { hasText: text }) });
  }

  /** What tells how far one's own message has come. */
  tick(text: string, progress: "Waiting to be sent" | "Sent" | "Delivered" | "Read"): Locator {
    return this.message(text).getByTitle(progress, { exact: true });
  }

  get messages(): Locator {
    return this.thread.getByRole("listitem").locator(".msg-text");
  }

  /** The bubble that says that somebody writes. */
  writing(name: string): Locator {
    return this.thread.getByRole("status").filter({ hasText: `${name} is writing…` });
  }

  get composer(): Locator {
    return this.thread.getByRole("textbox", { name: /^Message to / });
  }

  /** Writes a message and sends it as its writer would. */
  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Chooses from the options of the shown conversation. */
  async choose(option: string | RegExp): Promise<void> {
    await this.thread.getByRole("button", { name: "Conversation options" }).click();
    await this.page.getByRole("menuitem", { name: option }).click();
  }

  /** Chooses from the options of a message. */
  async chooseFor(text: string | RegExp, option: string | RegExp): Promise<void> {
    const message = this.message(text);
    await message.hover();
    await message.getByRole("button", { name: "Message options" }).click();
    await this.page.getByRole("menuitem", { name: option }).click();
  }

  get search(): Locator {
    return this.within.getByRole("searchbox", { name: "Search people, products and messages" });
  }
}
