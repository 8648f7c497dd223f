// Calls over HTTP, with a token, a deadline, and one try more when the token has run out.
import type { Problem } from "../wire";
import { MessagingError } from "./error";
import type { Tokens } from "./tokens";

/** How long an answer may take, in milliseconds. */
const DEADLINE = 20_000;

type Query = Record<string, string | number | boolean | null | undefined>;

interface Call {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** The service's HTTP side, for one person. */
export class Http {
  constructor(
    private readonly url: string,
    private readonly tokens: Tokens,
    private readonly fetch: typeof globalThis.fetch,
  ) {}

  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.call("GET", path, { query, signal });
  }

  /** Rejects with a `MessagingError`, or with an `AbortError` when the signal was given. */
  async call<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const token = await this.tokens.current();
    try {
      return await this.#once(method, path, call, token);
    } catch (error) {
      if (!(error instanceof MessagingError) || error.status !== 401) throw error;
      this.tokens.refuse(token);
      return this.#once(method, path, call, await this.tokens.current());
    }
  }

  async #once<T>(method: string, path: string, call: Call, token: string): Promise<T> {
    const { body, signal } = call;
    const deadline = AbortSignal.timeout(DEADLINE);
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response, answer;
    try {
      // Called without a receiver: the browser's own fetch takes no other than the window.
      const { fetch } = this;
      response = await fetch(`${this.url}/api${path}${query(call.query)}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        credentials: "omit",
      });
      answer = response.status === 204 ? undefined : ((await response.json()) as unknown);
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      throw MessagingError.network(`${method} ${path}: ${String(thrown)}`);
    }
    if (response.ok) return answer as T;
    throw isProblem(answer)
      ? MessagingError.of(answer)
      : new MessagingError("internal", `${method} ${path}: ${response.status}`, response.status);
  }
}

function query(fields: Query = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return query.size ? `?${query}` : "";
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === "object" && answer !== null && "code" in answer && "status" in answer;
}
