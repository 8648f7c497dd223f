// Makes a new message heard and seen outside the page: once for all tabs, and only where nobody looks already.
import type { IncomingMessage, MessagingClient } from "../../client/types";
import type { Conversation } from "../../wire";
import { writtenIn } from "../message-words";
import { plain, safeUrl } from "../names";
import { isAttentive, isLookedAt } from "../viewing";
import { chime } from "./chime";

export interface Alerts {
  sound: boolean | string;
  desktop: boolean;
  onOpen(conversation: Conversation): void;
}

/** Long enough that a tab where the message is being read has said so. */
const patienceMs = 700;

/** Alerts to what comes; returns how to stop that. */
export function alertOf(client: MessagingClient, alerts: Alerts): () => void {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const stop = client.onIncoming((incoming) => {
    const { conversation, isLeader } = incoming;
    if (!isLeader || conversation.muted || conversation.archived) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!isSeen(client, incoming)) announce(incoming, alerts);
    }, patienceMs);
    timers.add(timer);
  });
  return () => {
    stop();
    timers.forEach(clearTimeout);
  };
}

function isSeen(client: MessagingClient, { message, conversation }: IncomingMessage): boolean {
  const now = client.getState().conversations[conversation.id] ?? conversation;
  return now.readSeq >= message.seq || isLookedAt(client, conversation.id);
}

function announce(incoming: IncomingMessage, { sound, desktop, onOpen }: Alerts): void {
  if (sound) chime(typeof sound === "string" ? sound : undefined);
  if (!desktop || isAttentive() || !("Notification" in window) || Notification.permission !== "granted") return;
  const { message, conversation } = incoming;
  const { counterpart } = conversation;
  try {
    const notice = new Notification(plain(counterpart.displayName), {
      body: shorten(plain(writtenIn(message.content))) || undefined,
      icon: safeUrl(counterpart.avatarUrl),
      tag: conversation.id,
    });
    notice.onclick = () => {
      window.focus();
      notice.close();
      onOpen(conversation);
    };
  } catch {
    // Some phones know notifications only from a service worker: there the sound has to do.
  }
}

function shorten(text: string): string {
  return text.length > 140 ? `${text.slice(0, 139)}…` : text;
}
