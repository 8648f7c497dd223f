// Says that messages were read: only while somebody looks at this window and its last message is in sight.
import { type RefObject, useEffect, useSyncExternalStore } from "react";
import type { Conversation } from "../../wire";
import { useMessaging } from "../use-messaging";
import { isAttentive } from "../viewing";

function subscribeToAttention(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  window.addEventListener("focus", listener);
  window.addEventListener("blur", listener);
  return () => {
    document.removeEventListener("visibilitychange", listener);
    window.removeEventListener("focus", listener);
    window.removeEventListener("blur", listener);
  };
}

export function useReadMarking(
  conversation: Conversation | undefined,
  lastShown: number,
  end: RefObject<HTMLElement | null>,
): void {
  const client = useMessaging();
  const attentive = useSyncExternalStore(subscribeToAttention, isAttentive, () => false);
  const id = conversation?.id;
  const isUnread = lastShown > (conversation?.readSeq ?? lastShown);

  useEffect(() => {
    if (!client || !id || !attentive || !isUnread || !end.current) return;
    if (typeof IntersectionObserver === "undefined") return;
    // Made anew for each message: what was in sight before it came says nothing about it.
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) client.markRead(id, lastShown);
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [client, id, attentive, isUnread, lastShown, end]);
}
