// The package: one file for each module, so that a shop's bundler takes only what is used. The declarations
// and the style sheet come from scripts/build.js.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: true,
    minify: false,
    reportCompressedSize: false,
    lib: {
      entry: { "react/index": "src/react/index.ts", "client/index": "src/client/index.ts" },
      formats: ["es"],
    },
    rolldownOptions: {
      external: [/^react($|\/)/, /^react-dom($|\/)/],
      output: { preserveModules: true, preserveModulesRoot: "src", entryFileNames: "[name].js" },
    },
  },
});
