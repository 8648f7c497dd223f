// Says in the reader's words why something in a conversation failed.
import { useCallback } from "react";
import type { ClientError } from "../client/types";
import { codeOf, generalPhrase } from "./client-error";
import { type ChatStrings, chatStrings } from "./strings/chat";
import { errorStrings } from "./strings/errors";
import { useText } from "./use-text";

const inConversation: Partial<Record<ClientError["code"], keyof ChatStrings>> = {
  blocked: "errorBlocked",
  conversation_closed: "errorClosed",
  too_long: "errorTooLong",
  invalid: "errorInvalid",
  stale_revision: "errorStale",
  edit_window_over: "errorEditWindow",
  not_found: "errorNotFound",
  forbidden: "errorNotFound",
};

export function useErrorText(): (error: unknown) => string {
  const t = useText(chatStrings);
  const general = useText(errorStrings);
  return useCallback(
    (error) => {
      const code = codeOf(error);
      const key = inConversation[code];
      return key ? t(key) : general(generalPhrase(code));
    },
    [t, general],
  );
}
