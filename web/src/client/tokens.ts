// Access tokens: asked of the page, kept while they are good.
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

  constructor(private readonly getToken: ClientOptions["getToken"]) {}

  /**
   * A token that was not refused yet. Rejects with `signed_out` when the page has none, or only the one
   * that was refused.
   */
  current(): Promise<string> {
    if (this.#token && !endsSoon(this.#token)) return Promise.resolve(this.#token);
    return this.fresh();
  }

  /** Asks the page, even if the present token seems good. */
  fresh(): Promise<string> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** The service did not take this token. */
  refuse(token: string): void {
    this.#refused = token;
    if (this.#token === token) this.#token = null;
  }

  /** Whom a token is for, as it says itself. */
  static subject(token: string): string | null {
    return claims(token).sub ?? null;
  }

  async #ask(): Promise<string> {
    let token;
    try {
      token = await this.getToken({ expired: this.#refused !== null });
    } catch (thrown) {
      throw MessagingError.network(`getToken failed: ${String(thrown)}`);
    }
    if (!token || token === this.#refused) throw MessagingError.signedOut();
    this.#refused = null;
    return (this.#token = token);
  }
}

function endsSoon(token: string): boolean {
  const { exp } = claims(token);
  return exp !== undefined && exp * 1_000 - Date.now() < MARGIN;
}

/** The claims of a JWT (RFC 7519), which only the service verifies; none when it is no JWT. */
function claims(token: string): Claims {
  try {
    const bytes = atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
    return JSON.parse(text) as Claims;
  } catch {
    return {};
  }
}
