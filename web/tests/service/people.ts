// A service to itself for each test, and people who use it through the client, as bots in Node do.
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished, vi } from "vitest";
import WebSocket from "ws";
import { createMessagingClient, type MessagingClient, type User } from "../../src/client";
import { Service, type Settings } from "../e2e/service";

/** How long anything may take that a test waits for, in milliseconds. */
const deadline = 15_000;

/** A service with nothing in it; it is gone when the test is. */
export async function emptyService(settings: Settings = {}): Promise<Service> {
  const binary = resolve(process.env.MESSAGING_BIN ?? join(import.meta.dirname, "../../../target/debug/messaging"));
  if (!existsSync(binary)) {
    throw new Error(`${binary} is missing: run \`cargo build\`, or name the service's binary in MESSAGING_BIN.`);
  }
  process.env.E2E_BINARY = binary;
  const folder = await mkdtemp(join(tmpdir(), "messaging-service-data-"));
  const service = new Service(folder, { MESSAGING_DEMO: "off", ...settings });
  onTestFinished(() => service.dispose());
  await service.start();
  return service;
}

interface Granted {
  user: User;
  accessToken: string;
  refreshToken: string;
}

/** Somebody with an account, who gives tokens as a shop's page does. */
export class Person {
  /** How often a token was asked for because another was needed. */
  renewals = 0;
  #renewing: Promise<void> | null = null;

  private constructor(
    private readonly url: string,
    private granted: Granted,
  ) {}

  static async register(url: string, name: string): Promise<Person> {
    const body = { email: `${name}@people.example`, password: "correct horse battery", displayName: name };
    return new Person(url, await post<Granted>(url, "register", body));
  }

  get id(): string {
    return this.granted.user.id;
  }

  readonly getToken = async ({ expired }: { expired: boolean }): Promise<string> => {
    if (expired) {
      this.renewals += 1;
      // A refresh token is good for one use.
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
      await this.#renewing;
    }
    return this.granted.accessToken;
  };

  /** A client of this person's, started; by way of somewhere else if said so. */
  client(url = this.url): MessagingClient {
    const client = createMessagingClient({
      url,
      getToken: this.getToken,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    onTestFinished(() => client.stop());
    client.start();
    return client;
  }

  async #renew(): Promise<void> {
    this.granted = await post<Granted>(this.url, "refresh", { refreshToken: this.granted.refreshToken });
  }
}

async function post<T>(url: string, what: string, body: object): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(`${url}/api/auth/${what}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Waits for something to be so, by the client's own word. */
export function until(client: MessagingClient, isSo: (client: MessagingClient) => boolean): Promise<void> {
  return new Promise((fulfil, reject) => {
    const end = (): void => {
      clearTimeout(late);
      unsubscribe();
    };
    const look = (): void => {
      if (!isSo(client)) return;
      end();
      fulfil();
    };
    const late = setTimeout(() => {
      end();
      reject(new Error(`not in time: ${isSo.toString()}\n${JSON.stringify(client.getState(), null, 2)}`));
    }, deadline);
    const unsubscribe = client.subscribe(look);
    look();
  });
}

export const isLive = (client: MessagingClient): boolean => client.getState().connection.status === "live";

/** Waits for something that several clients have to agree on. */
export function agree(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: deadline, interval: 50 });
}

export function textsOf(client: MessagingClient, id: string): string[] {
  const messages = client.getState().threads[id]?.messages ?? [];
  return messages.map(({ content }) => (content.kind === "text" ? content.text : content.kind));
}
