// The one context: the client, the reader's language and what the shop does with a conversation.
import { createContext, use } from "react";
import type { MessagingClient, State } from "../client/types";
import type { Conversation } from "../wire";
import type { StringOverrides } from "./strings/types";

export type Theme = "inherit" | "light" | "dark";

export interface MessagingContextValue {
  /** Null until the client has been loaded. */
  readonly client: MessagingClient | null;
  /** What is known while there is no client. */
  readonly waiting: State;
  /** The client, as soon as it is there. */
  ready(): Promise<MessagingClient>;
  /** Connects at once instead of waiting for the next attempt. */
  reconnect(): void;
  /** Whose phrases are shown. */
  readonly language: "en" | "fr";
  /** For dates, numbers and plurals: a tag that `Intl` takes. */
  readonly locale: string;
  readonly strings?: StringOverrides;
  readonly theme: Theme;
  /** Shows a conversation, as the shop wants it. */
  openConversation(conversation: Conversation): void;
  readonly signIn?: () => void;
}

export const MessagingContext = createContext<MessagingContextValue | null>(null);

export function useMessagingContext(): MessagingContextValue {
  const value = use(MessagingContext);
  if (!value) throw new Error("Messaging components and hooks need a <MessagingProvider> around them.");
  return value;
}
