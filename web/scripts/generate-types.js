// Writes src/wire/schema.ts from the service's committed contracts. With --check it writes nothing and
// fails when the file is not what the contracts say.
import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";

const target = new URL("../src/wire/schema.ts", import.meta.url);

const read = async (name) => JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), "utf8"));
const http = await read("openapi.json");
const socket = await read("asyncapi.json");

// The frames of the WebSocket are messages there and schemas here; both documents share the objects.
const frames = Object.entries(socket.components.messages).map(([name, message]) => [frameName(name), message.payload]);
const schemas = { ...socket.components.schemas, ...http.components.schemas, ...Object.fromEntries(frames) };
const document = JSON.parse(
  JSON.stringify({ openapi: "3.1.0", info: http.info, paths: {}, components: { schemas } }).replace(
    /#\/components\/messages\/([\w.]+)\/payload/g,
    (_, name) => `#/components/schemas/${frameName(name)}`,
  ),
);

/** `message.send.op` becomes `MessageSendOpFrame`. */
function frameName(name) {
  return `${name.replace(/(^|\.)(\w)/g, (_, _dot, letter) => letter.toUpperCase())}Frame`;
}

const written = [
  "// Generated from openapi.json and asyncapi.json by scripts/generate-types.js. Do not edit.\n",
  astToString(await openapiTypescript(document, { alphabetize: true, exportType: true })),
].join("\n");

if (process.argv.includes("--check")) {
  if ((await readFile(target, "utf8").catch(() => "")) !== written) {
    console.error("src/wire/schema.ts is stale: run `npm run types` in web/ and commit it");
    process.exit(1);
  }
} else {
  await writeFile(target, written);
}
