// Access tokens: asked of the page, kept while they are good, and watched for whom they are.
import { MessagingError } from "./error";
import type { ClientOptions } from "./types";

/** How long before its end a token is not used any more, in milliseconds. */
const MARGIN = 10_000;

interface Claims {
  sub?: string;
  exp?: number;
}

/** Gives a good token to whoever needs one. */
export class Tokens {
  #token: string | null = null;
  #refused: string | null = null;
  #asking: Promise<string> | null = null;
  #goodUntil = 0;
  #subject: string | undefined;

  constructor(
    private readonly getToken: ClientOptions["getToken"],
    /** The page gave the token of somebody else: what was known is not theirs. */
    private readonly changed: () => void,
  ) {}

  /**
   * A token that was not refused yet. Rejects with `signed_out` when the page has none, or only the one
   * that was refused.
   */
  current(): Promise<string> {
    return this.#token && Date.now() < this.#goodUntil
      ? Promise.resolve(this.#token)
      : this.fresh(this.#token !== null);
  }

  /** Asks the page, even if the present token seems good; `expired` says that another one is needed. */
  fresh(expired = false): Promise<string> {
    this.#asking ??= this.#ask(expired).finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** The service did not take this token. */
  refuse(token: string): void {
    this.#refused = token;
    if (this.#token === token) this.#token = null;
  }

  async #ask(expired: boolean): Promise<string> {
    let token;
    try {
      token = await this.getToken({ expired: expired || this.#refused !== null });
    } catch (thrown) {
      throw MessagingError.network(`getToken failed: ${String(thrown)}`);
    }
    if (!token || token === this.#refused) throw MessagingError.signedOut();
    this.#refused = null;
    this.#token = token;
    const { sub, exp = Infinity } = claims(token);
    const end = exp * 1_000 - MARGIN;
    // One that has ended before it came says that this machine's clock is wrong: the service will say when.
    this.#goodUntil = end > Date.now() ? end : Infinity;
    const before = this.#subject;
    this.#subject = sub;
    if (before !== undefined && sub !== before) {
      this.changed();
      throw MessagingError.signedOut();
    }
    return token;
  }
}

/**
 * The claims of a JWT (RFC 7519), which only the service verifies; none when it is no JWT. A subject comes as
 * its bytes, which is enough to tell it from another.
 */
function claims(token: string): Claims {
  try {
    return JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as Claims;
  } catch {
    return {};
  }
}
