// Takes the README's pictures of the demo, desktop and phone, from the binary named by MESSAGING_BIN (or the
// one that `cargo build` makes) with a database of its own: `npm run screenshots`.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";

const images = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const binary = process.env.MESSAGING_BIN ?? fileURLToPath(new URL("../../target/debug/messaging", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "messaging-pictures-"));
const service = spawn(binary, {
  env: { ...process.env, MESSAGING_DATA_DIR: data, MESSAGING_LISTEN: "127.0.0.1:0", MESSAGING_DEMO: "on", MESSAGING_LOG: "error" },
  stdio: ["ignore", "pipe", "inherit"],
});
const browser = await chromium.launch({
  executablePath:
    process.env.CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((path) => existsSync(path)),
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

try {
  mkdirSync(images, { recursive: true });
  const address = await listening();
  const oliver = await open({ viewport: { width: 1280, height: 800 } }, "oliver");
  const camille = await open({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 }, "camille");
  const phone = await open(
    { viewport: { width: 390, height: 800 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true, colorScheme: "dark", locale: "fr-FR" },
    "camille",
  );
  for (const page of [oliver, camille, phone]) await thread(page, page === oliver ? "Camille Laurent" : "Oliver Bennett");
  await say(camille, "Plain pedals, so bring your clips. I will have a 15 mm spanner with me 🙂");
  await say(oliver, "Perfect. See you on Saturday at the bicycle park!");
  await oliver.getByRole("textbox", { name: "Message" }).pressSequentially("And I will bring the toe clips, of course", { delay: 100 });
  for (const page of [camille, phone]) {
    await page.getByText("See you on Saturday").last().waitFor();
    await page.locator(".msg-typing[data-state=typing]:visible").first().waitFor();
  }
  await camille.mouse.move(640, 4);
  await camille.screenshot({ path: join(images, "desktop.png") });
  await phone.screenshot({ path: join(images, "phone.png") });

  async function open(options, who) {
    const context = await browser.newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    await page.goto(`${address}/#/?as=${who}`);
    await page.locator(".msg-status[data-state=live]:visible").first().waitFor();
    return page;
  }

  async function thread(page, name) {
    await page.goto(`${address}/#/inbox`);
    await page.getByRole("button", { name: new RegExp(name) }).or(page.getByRole("link", { name: new RegExp(name) })).first().click();
    await page.getByRole("textbox", { name: "Message" }).waitFor();
  }

  async function say(page, text) {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.keyboard.press("Enter");
    await page.getByText(text).last().waitFor();
  }
} finally {
  await browser.close();
  service.kill();
  rmSync(data, { recursive: true, force: true });
}

async function listening() {
  for await (const line of createInterface(service.stdout)) {
    const address = /^listening on (\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  throw new Error(`${binary} did not start`);
}
