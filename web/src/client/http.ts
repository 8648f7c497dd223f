// Calls over HTTP, with a token, a deadline, and one try more when the token has run out.
import type { Problem } from "../wire";
import { isSignedOut, MessagingError } from "./error";
import type { Tokens } from "./tokens";

/** How long an answer may take, in milliseconds. */
const DEADLINE = 20_000;

type Query = Record<string, string | number | boolean | undefined>;

interface Call {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** The service's HTTP side, for one person. */
export class Http {
  #calls = new Set<AbortController>();

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
    const cancel = new AbortController();
    this.#calls.add(cancel);
    try {
      const token = await this.tokens.current();
      try {
        return await this.#once(method, path, call, token, cancel);
      } catch (error) {
        if (!(error instanceof MessagingError) || !isSignedOut(error)) throw error;
        this.tokens.refuse(token);
        return await this.#once(method, path, call, await this.tokens.current(), cancel);
      }
    } finally {
      this.#calls.delete(cancel);
    }
  }

  /** Gives up what is on its way: no answer comes any more. */
  stop(): void {
    for (const cancel of this.#calls) cancel.abort();
  }

  async #once<T>(method: string, path: string, call: Call, token: string, cancel: AbortController): Promise<T> {
    const { query, body, signal } = call;
    const abort = (): void => cancel.abort();
    const deadline = setTimeout(abort, DEADLINE);
    signal?.addEventListener("abort", abort);
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response, answer;
    try {
      signal?.throwIfAborted();
      cancel.signal.throwIfAborted();
      // Called without a receiver: the browser's own fetch takes no other than the window.
      const { fetch } = this;
      response = await fetch(`${this.url}/api${path}${written(query)}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: cancel.signal,
        credentials: "omit",
      });
      answer = (await response.json()) as unknown;
      cancel.signal.throwIfAborted();
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      throw MessagingError.network(`${method} ${path}: ${String(thrown)}`);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", abort);
    }
    if (response.ok) return answer as T;
    const { status } = response;
    throw (answer as Partial<Problem> | null)?.code
      ? new MessagingError(answer as Problem)
      : new MessagingError({ code: "internal", detail: `${method} ${path}: ${status}`, status });
  }
}

function written(fields: Query = {}): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length ? `?${new URLSearchParams(given as [string, string][])}` : "";
}
