// What can go wrong with a call, in one shape for both transports.
import type { ClientError } from "./types";

/** A refusal of the service, or the lack of an answer. */
export class MessagingError extends Error implements ClientError {
  override readonly name = "MessagingError";
  declare readonly code: ClientError["code"];
  declare readonly detail: string;
  declare readonly status: number;
  declare readonly retryAfterMs?: number;
  declare readonly errors?: ClientError["errors"];

  /** As the service said, or as it has to be said for it. */
  constructor({ code, detail, status, retryAfterMs, errors }: ClientError) {
    super(detail);
    Object.assign(this, { code, detail, status, retryAfterMs, errors });
  }

  /** No answer came: whether the service did it is not known. */
  static network(detail: string): MessagingError {
    return new MessagingError({ code: "network", detail, status: 0 });
  }

  static signedOut(): MessagingError {
    return new MessagingError({ code: "signed_out", detail: "nobody is signed in", status: 401 });
  }

  /** Anything that was thrown, in this shape. */
  static from(thrown: unknown): MessagingError {
    return thrown instanceof MessagingError ? thrown : MessagingError.network(String(thrown));
  }
}

/** Whether it takes another token. */
export function isSignedOut({ status }: ClientError): boolean {
  return status === 401;
}

/** Whether the same call may succeed later, unchanged but for the token. */
export function isPassing(error: ClientError): boolean {
  return error.status === 0 || isSignedOut(error) || error.status === 429 || error.status >= 500;
}
