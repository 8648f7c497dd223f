// How smooth the page is, in the same browser and with the same service as the tests: `npm run bench`.
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({ ...tests, testDir: "bench", workers: 1 });
