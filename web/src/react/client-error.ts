// Tells the failures that a client names from anything else that may be thrown.
import type { ClientError } from "../client/types";

/** The code of a failure; `internal` for what the client has no name for. */
export function codeOf(error: unknown): ClientError["code"] {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? (error.code as ClientError["code"])
    : "internal";
}

/** Which general phrase says what happened. */
export function generalPhrase(code: ClientError["code"]) {
  switch (code) {
    case "network":
      return "errorNetwork";
    case "rate_limited":
      return "errorTooFast";
    case "overloaded":
    case "internal":
      return "errorBusy";
    case "unauthenticated":
    case "signed_out":
      return "errorSignedOut";
    default:
      return "errorOther";
  }
}
