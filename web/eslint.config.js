// What no compiler keeps: the walls between the rooms, the rules of hooks, and code that is asked to be dangerous.
import hooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const noTransport = ["fetch", "WebSocket", "indexedDB", "localStorage", "sessionStorage", "BroadcastChannel"];

export default defineConfig(
  { ignores: ["dist", "node_modules", "src/wire/schema.ts", "test-results"] },
  tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-console": "error",
      "no-eval": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "Text is put into the page as text.",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text is put into the page as text." },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { varsIgnorePattern: "^_", argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" },
      ],
    },
  },
  { files: ["**/*.{ts,tsx}"], rules: { "@typescript-eslint/no-floating-promises": "error" } },
  { files: ["**/*.js"], extends: [tseslint.configs.disableTypeChecked] },
  { files: ["scripts/**", "bench/**"], rules: { "no-console": "off" } },
  { files: ["src/react/**", "demo/**"], extends: [hooks.configs.flat.recommended] },
  {
    files: ["src/client/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["react", "react-dom", "react/*", "**/react/**"], message: "The client needs no React." }] },
      ],
    },
  },
  {
    files: ["src/react/**"],
    ignores: ["**/*.test.*"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...noTransport.map((name) => ({ name, message: "The client talks to the service and keeps things." })),
      ],
    },
  },
);
