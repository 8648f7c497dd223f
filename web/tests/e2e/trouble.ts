// What must not happen on any page of any test: an error, a warning, a refused script or style, a request to
// somebody else.
import type { BrowserContext } from "@playwright/test";

declare global {
  interface Window {
    tellViolation(words: string): void;
  }
}

export class Trouble {
  readonly seen: string[] = [];
  #allowed: RegExp[] = [];

  /** What is no trouble in this test. */
  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  /** A network that is cut on purpose is complained about by the browser itself. */
  allowLostNetwork(): void {
    this.allow(/^console error: Failed to load resource: net::/, /^console error: WebSocket connection to /);
  }

  async watch(context: BrowserContext, origin: string): Promise<void> {
    context.on("console", (message) => {
      const type = message.type();
      if (type === "error" || type === "warning") this.seen.push(`console ${type}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.seen.push(`page error: ${error.error().stack ?? error.error().message}`));
    context.on("dialog", (dialog) => {
      this.seen.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      const url = request.url();
      if (/^(https?|ftp):/.test(url) && new URL(url).origin !== origin) this.seen.push(`request elsewhere: ${url}`);
    });
    await context.exposeFunction("tellViolation", (words: string) => this.seen.push(`policy violation: ${words}`));
    await context.addInitScript(() =>
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
        window.tellViolation(`${violatedDirective} ${blockedURI} ${sample}`),
      ),
    );
  }

  /** What has happened and was not allowed. */
  unexpected(): string[] {
    return this.seen.filter((entry) => !this.#allowed.some((pattern) => pattern.test(entry)));
  }
}
