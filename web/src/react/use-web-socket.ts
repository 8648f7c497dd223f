// The connection and what goes over it, for a page that builds its own interface.
import { useMemo } from "react";
import type { Connection, OutgoingMessage } from "../client/types";
import { useMessagingContext } from "./messaging-context";
import { useMessagingState } from "./use-messaging";

export interface WebSocketHook extends Connection {
  /** Whether everything is here and what happens comes at once. */
  readonly isLive: boolean;
  /** Tries at once instead of waiting for the next attempt. */
  reconnect(): void;
  /** Says that a conversation is shown; returns how to say that it no longer is. */
  joinConversation(conversationId: string): () => void;
  /** Puts a message into the outbox; null while the client is being loaded. */
  sendMessage(conversationId: string, text: string): OutgoingMessage | null;
  setTyping(conversationId: string, active: boolean): void;
  markRead(conversationId: string, seq: number): void;
}

export function useWebSocket(): WebSocketHook {
  const { client, ready, reconnect } = useMessagingContext();
  const connection = useMessagingState((state) => state.connection);
  const actions = useMemo(
    () => ({
      reconnect,
      joinConversation(conversationId: string) {
        let leave: (() => void) | undefined;
        let left = false;
        const join = (loaded: NonNullable<typeof client>) => {
          if (!left) leave = loaded.open(conversationId);
        };
        if (client) join(client);
        else ready().then(join, () => {});
        return () => {
          left = true;
          leave?.();
        };
      },
      sendMessage: (conversationId: string, text: string) => client?.send(conversationId, text) ?? null,
      setTyping: (conversationId: string, active: boolean) => client?.setTyping(conversationId, active),
      markRead: (conversationId: string, seq: number) => client?.markRead(conversationId, seq),
    }),
    [client, ready, reconnect],
  );
  return useMemo(
    () => ({
      status: connection.status,
      retryAt: connection.retryAt,
      closeCode: connection.closeCode,
      isLive: connection.status === "live",
      ...actions,
    }),
    [connection, actions],
  );
}
