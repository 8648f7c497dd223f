// People who act without a page: what a test needs to have happened, and what the service knows in the end.
import type { Conversation, Inbox, Message, MessagePage, Settings, Started } from "../../src/wire";
import { type Service, serverKey } from "./service";

interface Granted {
  readonly user: { readonly id: string; readonly displayName: string };
  readonly accessToken: string;
}

export class Person {
  private constructor(
    private readonly service: Service,
    private readonly granted: Granted,
  ) {}

  /** Somebody of the demo. */
  static async demo(service: Service, id: string): Promise<Person> {
    const body = { email: `${id}@demo.example`, password: "demo-marketplace" };
    return new Person(service, await call<Granted>(service, "POST", "/api/auth/login", { body }));
  }

  static async register(service: Service, displayName: string, email: string): Promise<Person> {
    const body = { email, password: "correct horse battery", displayName };
    return new Person(service, await call<Granted>(service, "POST", "/api/auth/register", { body }));
  }

  get id(): string {
    return this.granted.user.id;
  }

  async conversations(): Promise<Conversation[]> {
    return (await this.#call<Inbox>("GET", "/api/messages/conversations?limit=100")).items;
  }

  async conversationWith(id: string, productId?: string): Promise<Conversation> {
    const found = (await this.conversations()).find(
      ({ counterpart, product }) => counterpart.id === id && (productId === undefined || product?.id === productId),
    );
    if (!found) throw new Error(`${this.id} has no such conversation with ${id}.`);
    return found;
  }

  async start(sellerId: string, productId?: string): Promise<Conversation> {
    const body = { sellerId, ...(productId !== undefined && { productId }) };
    const started = await this.#call<Started>("POST", "/api/messages/conversations", { body });
    return started.conversation;
  }

  async send(conversationId: string, text: string): Promise<Message> {
    const body = { conversationId, clientId: crypto.randomUUID(), content: { kind: "text", text } };
    return await this.#call<Message>("POST", "/api/messages/send", { body });
  }

  /** The texts of the newest messages, oldest first. */
  async texts(conversationId: string): Promise<string[]> {
    const page = await this.#call<MessagePage>("GET", `/api/messages/conversations/${conversationId}?limit=100`);
    return page.items.map(({ content }) => (content.kind === "text" ? content.text : content.kind));
  }

  async read(conversationId: string, seq: number): Promise<void> {
    await this.#call("POST", `/api/messages/conversations/${conversationId}/read`, { body: { seq } });
  }

  async configure(conversationId: string, settings: Settings): Promise<void> {
    await this.#call("PATCH", `/api/messages/conversations/${conversationId}`, { body: settings });
  }

  #call<T>(method: string, path: string, { body }: { body?: object } = {}): Promise<T> {
    return call<T>(this.service, method, path, { body, token: this.granted.accessToken });
  }
}

/** Erases a person as the shop's own back end does. */
export async function erase(service: Service, id: string): Promise<void> {
  await call(service, "DELETE", `/api/server/users/${id}`, { token: serverKey });
}

/** Describes a product as the shop's own back end does. */
export async function putProduct(service: Service, id: string, product: object): Promise<void> {
  await call(service, "PUT", `/api/server/products/${id}`, { body: product, token: serverKey });
}

interface Call {
  body?: object | undefined;
  token?: string;
}

/** A refusal of the service is thrown, with its status in the words. */
async function call<T>(service: Service, method: string, path: string, { body, token }: Call): Promise<T> {
  const response = await fetch(service.url + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
