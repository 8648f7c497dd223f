// Takes the package as a shop would: packs it, installs the tarball into a new Vite app and into a Node
// project, resolves its types both ways that TypeScript knows, builds, and looks at what came of it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("..", import.meta.url));
const { devDependencies, name } = JSON.parse(readFileSync(join(web, "package.json"), "utf8"));
const app = mkdtempSync(join(tmpdir(), "messaging-shop-"));

const run = (command, ...words) =>
  execFileSync(command, words, { cwd: app, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const write = (path, text) => {
  mkdirSync(join(app, path, ".."), { recursive: true });
  writeFileSync(join(app, path), text);
};
const check = (holds, what) => {
  if (!holds) throw new Error(`the package is not as it should be: ${what}`);
};

try {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", app], { cwd: web, encoding: "utf8" }));
  const files = packed.files.map(({ path }) => path);
  check(
    files.every((path) => /^(dist\/|README\.md$|package\.json$)/.test(path)) && !files.some((path) => /\.test\.|testing/.test(path)),
    `it holds what nobody needs: ${files.join(" ")}`,
  );
  for (const wanted of ["README.md", "dist/LICENSE-MIT", "dist/styles.css", "dist/react/index.d.ts", "dist/client/messenger.js.map"]) {
    check(files.includes(wanted), `${wanted} is missing`);
  }

  write("package.json", JSON.stringify({ name: "shop", private: true, type: "module" }));
  const tools = ["typescript", "vite", "@types/react", "@types/react-dom", "react", "react-dom"];
  const wanted = tools.map((tool) => `${tool}@${devDependencies[tool]}`);
  run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", `./${packed.filename}`, ...wanted);

  write(
    "src/main.tsx",
    `import { createRoot } from "react-dom/client";
import { ChatWindow, ConversationList, Inbox, MessageNotifications, MessagingProvider, StartConversationButton,
  WebSocketStatus, useConversation, useConversations, useUnread, useWebSocket } from "${name}";
import { createMessagingClient, type MessagingClient, type State } from "${name}/client";
import "${name}/styles.css";

const client: MessagingClient = createMessagingClient({ url: "https://chat.example", getToken: () => null });
const state: State = client.getState();

function Everything() {
  const { isLive } = useWebSocket();
  const { conversations } = useConversations();
  const unread: number = useUnread();
  const { messages } = useConversation(conversations[0]?.id ?? "");
  return (
    <>
      <WebSocketStatus /> <MessageNotifications /> <Inbox /> <ConversationList onSelect={() => {}} />
      <ChatWindow conversationId="a" /> {String(isLive)} {unread} {messages.length} {state.unreadTotal}
      <StartConversationButton productId="product-123" sellerId="seller-456" sellerName="Anna" />
    </>
  );
}

createRoot(document.body).render(
  <MessagingProvider client={client}>
    <Everything />
  </MessagingProvider>,
);
`,
  );
  write("index.html", '<!doctype html><html lang="en"><body><script type="module" src="/src/main.tsx"></script></body></html>');
  for (const [module, moduleResolution] of [["ESNext", "Bundler"], ["NodeNext", "NodeNext"]]) {
    const options = { module, moduleResolution, strict: true, noEmit: true, jsx: "react-jsx", lib: ["ES2023", "DOM"], types: [] };
    write("tsconfig.json", JSON.stringify({ compilerOptions: options, include: ["src"] }));
    run("npx", "--no-install", "tsc", "-p", ".");
  }
  run("npx", "--no-install", "vite", "build", "--logLevel", "error");
  const assets = readdirSync(join(app, "dist/assets"));
  check(assets.some((asset) => asset.endsWith(".css")) && assets.some((asset) => asset.endsWith(".js")), "Vite built nothing");

  write("bot.js", `import { createMessagingClient } from "${name}/client";
const client = createMessagingClient({ url: "http://127.0.0.1:1", getToken: () => null, WebSocket: class {} });
console.log(client.getState().connection.status);
`);
  check(run("node", "bot.js").trim() === "connecting", "the client does not load in Node");
  check(!imports("client/index.js").some((specifier) => specifier.startsWith("react")), "the client imports React");
  check(existsSync(join(app, "node_modules", name, "dist/styles.css")), "the style sheet is not installed");
  console.log(`${packed.filename}: ${packed.entryCount} files, ${(packed.size / 1_000).toFixed(0)} KB packed; types, Vite and Node are content`);
} finally {
  rmSync(app, { recursive: true, force: true });
}

/** Everything that a module of the installed package imports, and what that imports. */
function imports(entry, seen = new Set()) {
  const path = join(app, "node_modules", name, "dist", entry);
  if (seen.has(path)) return [];
  seen.add(path);
  const specifiers = [...readFileSync(path, "utf8").matchAll(/(?:from|import) ?"([^"]+)"/g)].map(([, specifier]) => specifier);
  return specifiers.flatMap((specifier) =>
    specifier.startsWith(".") ? imports(join(entry, "..", specifier), seen) : [specifier],
  );
}
