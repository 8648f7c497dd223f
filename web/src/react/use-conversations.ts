// The inbox or the archive, as far as it has been fetched.
import { useCallback, useEffect, useMemo } from "react";
import { conversationsOf } from "../client/selectors";
import type { ClientError, Loading } from "../client/types";
import type { Conversation } from "../wire";
import { useMessaging, useMessagingState } from "./use-messaging";

export interface Conversations {
  /** Latest activity first. */
  readonly conversations: readonly Conversation[];
  readonly status: Loading["status"];
  readonly error?: ClientError;
  readonly hasMore: boolean;
  /** Fetches the next page. */
  loadMore(): void;
  /** Fetches again what could not be fetched. */
  retry(): void;
}

/** Nobody is bothered with somebody who opened a conversation with them and has not said a word yet. */
function isBegun({ lastSeq, role }: Conversation): boolean {
  return lastSeq > 0 || role === "buyer";
}

export function useConversations({ archived = false }: { archived?: boolean } = {}): Conversations {
  const client = useMessaging();
  const which = archived ? "archive" : "inbox";
  const list = useMessagingState((state) => state[which]);
  const all = useMessagingState((state) => state.conversations);
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  const conversations = useMemo(
    () => conversationsOf(all, list, archived).filter(isBegun),
    [all, list, archived],
  );
  const load = useCallback(() => void client?.loadConversations(which), [client, which]);

  useEffect(() => {
    if (list.status === "idle" && !signedOut) load();
  }, [list.status, signedOut, load]);

  return useMemo(
    () => ({
      conversations,
      status: list.status,
      error: list.error,
      hasMore: list.hasMore,
      loadMore: load,
      retry: load,
    }),
    [conversations, list, load],
  );
}
