// How much a page has to load, min+gzip, with React external; fails above the budget. Each row is what a
// bundler makes of an import from dist/: `first` comes with the page, `later` when it is needed.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const react = `${dist}/react/index.js`;

const rows = [
  { name: "inbox, all of it", from: react, take: "MessagingProvider, Inbox", budget: 40, goal: 30, counts: "all" },
  { name: "badge", from: react, take: "MessagingProvider, MessageNotifications", budget: 8, goal: 6, counts: "first" },
  { name: "start button", from: react, take: "MessagingProvider, StartConversationButton", budget: 6, goal: 5, counts: "first" },
  { name: "client", from: `${dist}/client/index.js`, take: "createMessagingClient", budget: 12, goal: 9, counts: "all" },
];

let isOver = false;
console.log("import                                             first    later    all    budget   goal   (KB, min+gzip)");
for (const { name, from, take, budget, goal, counts } of rows) {
  const { first, all } = await weigh(`export { ${take} } from ${JSON.stringify(from)};`);
  const counted = counts === "all" ? all : first;
  isOver ||= counted > budget * 1_000;
  const cells = [first, all - first, all].map((bytes) => (bytes / 1_000).toFixed(1).padStart(7)).join("  ");
  const verdict = counted > budget * 1_000 ? "OVER" : counted > goal * 1_000 ? "ok" : "goal";
  console.log(`${`${name} (${take})`.padEnd(50)} ${cells}  ${String(budget).padStart(6)}  ${String(goal).padStart(5)}   ${verdict}`);
}
process.exitCode = isOver ? 1 : 0;

async function weigh(entry) {
  const bundle = await rolldown({
    input: "entry",
    external: [/^react($|\/)/, /^react-dom($|\/)/],
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : null),
        load: (id) => (id === "entry" ? entry : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const chunks = new Map(output.filter(({ type }) => type === "chunk").map((chunk) => [chunk.fileName, chunk]));
  const size = (names) => [...names].reduce((sum, name) => sum + gzipSync(chunks.get(name).code, { level: 9 }).length, 0);
  const first = new Set();
  const add = (name) => {
    if (first.has(name) || !chunks.has(name)) return;
    first.add(name);
    chunks.get(name).imports.forEach(add);
  };
  for (const [name, chunk] of chunks) if (chunk.isEntry) add(name);
  return { first: size(first), all: size(chunks.keys()) };
}
