// The WebSockets that the pages of a browser have opened, and what went over them.
import type { BrowserContext, Page, WebSocket } from "@playwright/test";

interface Opened {
  readonly page: Page;
  readonly socket: WebSocket;
  /** The ops that were sent, in order. */
  readonly ops: string[];
}

export class Sockets {
  readonly #opened: Opened[] = [];

  watch(context: BrowserContext): void {
    context.on("page", (page) =>
      page.on("websocket", (socket) => {
        const ops: string[] = [];
        this.#opened.push({ page, socket, ops });
        socket.on("framesent", ({ payload }) => {
          const { op } = JSON.parse(String(payload)) as { op?: string };
          if (op) ops.push(op);
        });
      }),
    );
  }

  /** All that this page, or all pages of this browser, have opened. */
  all(of: Page | BrowserContext): readonly Opened[] {
    return this.#opened.filter(({ page }) => page === of || page.context() === of);
  }

  /** Those of them that are open. */
  open(of: Page | BrowserContext): readonly Opened[] {
    return this.all(of).filter(({ socket, page }) => !socket.isClosed() && !page.isClosed());
  }
}
