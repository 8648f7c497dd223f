// The demo marketplace: built into the service's crate, which carries it in its binary.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The service lets in WebSockets of its own origin only.
const service = { target: "http://127.0.0.1:8080", ws: true, rewriteWsOrigin: true };

export default defineConfig({
  root: "demo",
  plugins: [react()],
  build: {
    outDir: "../../crates/api/ui",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    // Nothing inline: the service's Content-Security-Policy allows only files of its own.
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Names stay the same from build to build, and one script needs no others: what is committed changes
        // only where the demo does.
        codeSplitting: false,
        entryFileNames: "app.js",
        assetFileNames: "app[extname]",
      },
    },
  },
  server: {
    // Who sells what is in the service's crate.
    fs: { allow: [".."] },
    proxy: { "/api": service, "/docs": service, "/openapi.json": service },
  },
});
