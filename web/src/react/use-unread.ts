// How many messages wait unread, for a badge of one's own.
import { useMessagingState } from "./use-messaging";

/** Unread messages in conversations that are neither archived nor muted. */
export function useUnread(): number {
  return useMessagingState((state) => state.unreadTotal);
}
