// Builds the package into dist/: modules, declarations, and the one style sheet.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "lightningcss";

const web = fileURLToPath(new URL("..", import.meta.url));
const run = (...command) => execFileSync("npx", ["--no-install", ...command], { cwd: web, stdio: "inherit" });

run("vite", "build", "--logLevel", "warn");
run("tsc", "-p", "tsconfig.build.json");
// Without targets, so that what the host's browsers do not know is left to them: light-dark() among others.
const { code } = bundle({ filename: fileURLToPath(new URL("../src/react/styles.css", import.meta.url)), minify: true });
writeFileSync(new URL("../dist/styles.css", import.meta.url), code);
for (const license of ["LICENSE-MIT", "LICENSE-APACHE"]) {
  copyFileSync(new URL(`../../${license}`, import.meta.url), new URL(`../dist/${license}`, import.meta.url));
}

// Node's own way of resolving, which some consumers' compilers follow, wants whole names.
const dist = fileURLToPath(new URL("../dist", import.meta.url));
for (const file of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
  const path = join(dist, file);
  const whole = (specifier) =>
    existsSync(join(dirname(path), `${specifier}.d.ts`)) ? `${specifier}.js` : `${specifier}/index.js`;
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(/((?:from|import\() ?")(\.{1,2}\/[^"]+)(")/g, (_, before, specifier, after) => before + whole(specifier) + after),
  );
}
