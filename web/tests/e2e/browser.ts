// Which Chromium the tests run in: the system's own, so that nothing is downloaded. The headless shell is the
// same engine without a window's machinery, and takes half the time.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** Where the browser is; null when there is none and the tests may be skipped. Throws when they may not. */
export function findBrowser(): string | null {
  const named = process.env.CHROMIUM;
  const places = named?.includes("/")
    ? [named]
    : (process.env.PATH ?? "")
        .split(delimiter)
        .flatMap((folder) => (named ? [named] : names).map((name) => join(folder, name)));
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  const problem = named
    ? `CHROMIUM=${named}: there is no such program.`
    : `None of ${names.join(", ")} is on the PATH. Install Chromium, or name it in CHROMIUM.`;
  if (named || process.env.REQUIRE_BROWSER === "1") throw new Error(problem);
  return null;
}
