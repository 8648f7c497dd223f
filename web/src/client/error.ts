// What can go wrong with a call, in one shape for both transports.
import type { Problem } from "../wire";
import type { ClientError } from "./types";

/** A refusal of the service, or the lack of an answer. */
export class MessagingError extends Error implements ClientError {
  override readonly name = "MessagingError";

  constructor(
    readonly code: ClientError["code"],
    readonly detail: string,
    readonly status: number,
    readonly retryAfterMs?: number,
    readonly errors?: Problem["errors"],
  ) {
    super(detail);
  }

  /** What the service said. */
  static of({ code, detail, status, retryAfterMs, errors }: Problem): MessagingError {
    return new MessagingError(code, detail, status, retryAfterMs, errors);
  }

  /** No answer came: whether the service did it is not known. */
  static network(detail: string): MessagingError {
    return new MessagingError("network", detail, 0);
  }

  static signedOut(): MessagingError {
    return new MessagingError("signed_out", "nobody is signed in", 401);
  }

  /** Anything that was thrown, in this shape. */
  static from(thrown: unknown): MessagingError {
    return thrown instanceof MessagingError ? thrown : MessagingError.network(String(thrown));
  }
}

/** Whether the same call may succeed later, unchanged. */
export function isPassing(error: ClientError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/** Whether it takes another token. */
export function isSignedOut(error: ClientError): boolean {
  return error.status === 401;
}
