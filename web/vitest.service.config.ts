// The client against the service's own binary, without a browser: `npm run service`. MESSAGING_BIN names the
// binary.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/service/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    fileParallelism: false,
  },
});
