// The service under test: its binary, as a process of its own that can be stopped, killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Settings = Record<`MESSAGING_${string}`, string>;

/** With which the shop's own back end calls. */
export const serverKey = "a key that only tests know";

const startsWithin = 15_000;

export class Service {
  /** What it has written, for whoever looks into a failure. */
  log = "";
  #process: ChildProcess | null = null;
  #port = 0;

  constructor(
    private readonly folder: string,
    private readonly settings: Settings = {},
  ) {}

  /** One with the demo's data, in a folder of its own. */
  static async seeded(settings: Settings = {}): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), "messaging-e2e-data-"));
    await cp(seeded(), folder, { recursive: true });
    const service = new Service(folder, settings);
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, again where it was. Other settings hold for this time. */
  async start(settings: Settings = {}): Promise<void> {
    const child = spawn(process.env.E2E_BINARY ?? "", [], {
      env: {
        PATH: process.env.PATH,
        MESSAGING_DATA_DIR: this.folder,
        MESSAGING_LISTEN: `127.0.0.1:${this.#port}`,
        MESSAGING_DEMO: "on",
        MESSAGING_RATE_LIMITS: "off",
        MESSAGING_SERVER_KEY: serverKey,
        ...this.settings,
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const goDown = () => child.kill("SIGKILL");
    process.once("exit", goDown);
    child.once("exit", () => process.off("exit", goDown));
    child.stderr.on("data", (text) => (this.log += String(text)));
    const listening = new Promise<number>((resolve, reject) => {
      let said = "";
      const giveUp = () => reject(new Error(`The service does not listen yet:\n${this.log}`));
      const late = setTimeout(giveUp, startsWithin);
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`The service ended with ${code}:\n${this.log}`)));
      child.stdout.on("data", (text) => {
        this.log += String(text);
        said += String(text);
        const port = /listening on http:\/\/[^\s:]+:(\d+)/.exec(said)?.[1];
        if (!port) return;
        clearTimeout(late);
        resolve(Number(port));
      });
    });
    this.#port = await listening;
  }

  /** Ends it as an operator does. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** Ends it as a power cut does. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Brings back the data that it began with, as a backup would; it must not run. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true });
    await cp(seeded(), this.folder, { recursive: true });
  }

  /** Ends it for good. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** Where prepare.ts has put the demo's data. */
function seeded(): string {
  const folder = process.env.E2E_SEEDED;
  if (!folder) throw new Error("prepare.ts has not run.");
  return folder;
}
