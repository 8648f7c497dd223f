// Before all tests: a copy of the binary, which a build may not change meanwhile, and the demo's data, seeded
// once, for each test to begin with a copy of.
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findBrowser } from "./browser";
import { Service } from "./service";

export default async function prepare(): Promise<() => Promise<void>> {
  if (!findBrowser()) {
    process.stderr.write("There is no Chromium here, so the tests in a browser are skipped. CHROMIUM names one.\n");
    return async () => {};
  }
  const built = join(import.meta.dirname, "../../../target/debug/messaging");
  const binary = resolve(process.env.MESSAGING_BIN ?? built);
  if (!existsSync(binary)) {
    throw new Error(`${binary} is missing: run \`cargo build\`, or name the service's binary in MESSAGING_BIN.`);
  }
  const folder = await mkdtemp(join(tmpdir(), "messaging-e2e-"));
  process.env.E2E_BINARY = join(folder, "messaging");
  await copyFile(binary, process.env.E2E_BINARY);
  await chmod(process.env.E2E_BINARY, 0o755);
  const seeded = join(folder, "seeded");
  const service = new Service(seeded);
  await service.start();
  await service.stop();
  process.env.E2E_SEEDED = seeded;
  return () => rm(folder, { recursive: true, force: true });
}
