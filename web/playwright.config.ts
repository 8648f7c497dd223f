// The demo in a browser, against the service's own binary: `npm run e2e`. Each test has a service to itself.
//
// CHROMIUM names the browser, else it is looked for on the PATH; without one the tests are skipped, or fail
// when REQUIRE_BROWSER=1. MESSAGING_BIN names the service's binary.
import { defineConfig } from "@playwright/test";
import { findBrowser } from "./tests/e2e/browser";

const executablePath = findBrowser();

export default defineConfig({
  testDir: "tests/e2e",
  testMatch: "**/*.test.ts",
  globalSetup: "./tests/e2e/prepare.ts",
  fullyParallel: true,
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    locale: "en-GB",
    timezoneId: "Europe/Paris",
    viewport: { width: 1280, height: 800 },
    trace: "off",
    actionTimeout: 8_000,
    navigationTimeout: 15_000,
    launchOptions: {
      ...(executablePath !== null && { executablePath }),
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
