// Which conversations somebody is looking at in this window: those make no sound.
import type { MessagingClient } from "../client/types";

const shown = new WeakMap<MessagingClient, Map<string, number>>();

/** Says that a conversation is shown; returns how to say that it no longer is. */
export function view(client: MessagingClient, conversationId: string): () => void {
  const counts = shown.get(client) ?? new Map<string, number>();
  shown.set(client, counts);
  counts.set(conversationId, (counts.get(conversationId) ?? 0) + 1);
  return () => counts.set(conversationId, (counts.get(conversationId) ?? 1) - 1);
}

export function isAttentive(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

export function isLookedAt(client: MessagingClient, conversationId: string): boolean {
  return isAttentive() && (shown.get(client)?.get(conversationId) ?? 0) > 0;
}
