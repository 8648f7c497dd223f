// How smooth the inbox is with a thousand conversations, and a thread with ten thousand messages, while messages
// come: `npm run bench`. It prints a table and judges nothing; the machine should do nothing else meanwhile.
//
// BENCH_SECONDS says for how long one scrolls while twenty messages a second come (10), BENCH_MESSAGES how many
// more come before memory is looked at again (5,000; an hour of twenty a second would be 72,000).
import type { CDPSession, Page } from "@playwright/test";
import type { Person } from "../tests/e2e/api";
import { Screen } from "../tests/e2e/screen";
import { expect, expectStatus, goTo, test } from "../tests/e2e/test";

const conversations = 1_000;
const messages = 10_000;
const perSecond = 20;
const seconds = Number(process.env.BENCH_SECONDS ?? 10);
const more = Number(process.env.BENCH_MESSAGES ?? 5_000);

test.setTimeout(30 * 60_000);

/** Does something so many times, a few at once. */
async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Notes each task that kept the page from answering for 50 ms or more. */
async function watchLongTasks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted: number[] = [];
    Object.assign(window, { longTasks: noted });
    new PerformanceObserver((list) => {
      noted.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask", buffered: true });
  });
}

function takeLongTasks(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
}

async function heap(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0) / 1_048_576;
}

async function send(person: Person, conversation: string, count: number, rate: number): Promise<void> {
  const begun = Date.now();
  for (let sent = 0; sent < count; sent += 1) {
    await person.send(conversation, `Message ${sent + 1} of many, as long as people write them to each other.`);
    const due = begun + ((sent + 1) / rate) * 1_000;
    if (due > Date.now()) await new Promise((resolve) => setTimeout(resolve, due - Date.now()));
  }
}

test("an inbox of a thousand, a thread of ten thousand", async ({ arrive, person }) => {
  const noah = await person("noah");
  await each(conversations, async (index) => {
    const { id } = await noah.start("oliver", `bench-${index}`);
    await noah.send(id, `Is number ${index} still there?`);
  });
  const { id } = await noah.conversationWith("oliver");
  await each(messages, (index) => noah.send(id, `Message ${index}: as long as people write them to each other.`));

  const page = await arrive("oliver");
  await watchLongTasks(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const rows: [string, string][] = [];
  const note = (name: string, value: number | string, unit = "") => rows.push([name, `${value}${unit}`]);
  const noteTasks = async (during: string) => {
    const tasks = await takeLongTasks(page);
    const longest = Math.round(Math.max(0, ...tasks));
    note(`tasks of 50 ms or more, ${during}`, tasks.length, tasks.length > 0 ? `, longest ${longest} ms` : "");
  };

  await page.reload();
  const begun = Date.now();
  const screen = new Screen(page);
  await expect(screen.list.getByRole("listitem").first()).toBeVisible();
  note("from reload to the first conversation, ms", Date.now() - begun);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  note("first paint, ms", Math.round(paint));
  await expectStatus(page, "live");
  await noteTasks("opening the inbox");

  const opened = Date.now();
  await goTo(page, `#/inbox/${id}`);
  await expect(screen.message(/^Message \d+: /).last()).toBeVisible();
  note("from the click to the newest messages, ms", Date.now() - opened);
  await noteTasks("opening the thread");

  const before = await heap(devtools);
  const coming = send(noah, id, perSecond * seconds, perSecond);
  await screen.scroller.hover();
  const until = Date.now() + seconds * 1_000;
  while (Date.now() < until) {
    await page.mouse.wheel(0, -600);
    // Once the page has shown what came of it.
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await coming;
  note("messages in the page after scrolling up", await screen.messages.count());
  await noteTasks(`scrolling while ${perSecond} a second come`);

  await send(noah, id, perSecond * seconds, perSecond);
  await noteTasks(`receiving ${perSecond} a second`);
  const middle = await heap(devtools);
  await each(more, (index) => noah.send(id, `And then number ${index}.`));
  const after = await heap(devtools);
  note("heap, MiB: at first, after scrolling, after so many more", `${[before, middle, after].map((size) => size.toFixed(1)).join(", ")} (${more})`);
  await noteTasks(`receiving ${more} at once`);

  // They are not in the page, which shows what is far above them.
  const pill = screen.thread.getByRole("button", { name: /new messages$/ });
  await expect(pill).toBeVisible();
  const pressed = Date.now();
  await pill.click();
  await expect(screen.message(/^And then number \d+\.$/).last()).toBeInViewport();
  note("from the pill to the newest messages, ms", Date.now() - pressed);

  const width = Math.max(...rows.map(([name]) => name.length));
  console.log([["figure", "measured"], ["---", "---"], ...rows].map(([name = "", value]) => `| ${name.padEnd(width)} | ${value} |`).join("\n"));
});
