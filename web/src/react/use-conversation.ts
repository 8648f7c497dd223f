// Everything about one conversation, for a page that builds its own thread.
import { useEffect, useMemo } from "react";
import { outgoingOf } from "../client/selectors";
import type { ClientError, Loading, OutgoingMessage, Presence } from "../client/types";
import type { Conversation, Message, Settings } from "../wire";
import { useMessaging, useMessagingState } from "./use-messaging";

export interface ConversationHook {
  readonly conversation: Conversation | undefined;
  /** In rising `seq`. */
  readonly messages: readonly Message[];
  /** What is on its way and not in `messages` yet. */
  readonly outgoing: readonly OutgoingMessage[];
  readonly typing: boolean;
  readonly presence: Presence | undefined;
  readonly status: Loading["status"];
  readonly error: ClientError | undefined;
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  readonly draft: string;
  loadBefore(): void;
  loadAfter(): void;
  showAround(seq: number): void;
  showLatest(): void;
  send(text: string): OutgoingMessage | undefined;
  retry(clientId: string): void;
  discard(clientId: string): void;
  edit(message: Message, text: string): Promise<Message | undefined>;
  remove(message: Message): Promise<Message | undefined>;
  markRead(seq: number): void;
  setTyping(active: boolean): void;
  setDraft(text: string): void;
  configure(settings: Settings): Promise<Conversation | undefined>;
}

const noMessages: readonly Message[] = [];

/** Opens the conversation while the component is mounted. */
export function useConversation(id: string): ConversationHook {
  const client = useMessaging();
  const conversation = useMessagingState((state) => state.conversations[id]);
  const thread = useMessagingState((state) => state.threads[id]);
  const outbox = useMessagingState((state) => outgoingOf(state, id));
  const typing = useMessagingState((state) => state.typing[id] ?? false);
  const presence = useMessagingState((state) => state.presence[id]);
  const draft = useMessagingState((state) => state.drafts[id] ?? "");

  useEffect(() => client?.open(id), [client, id]);

  const messages = thread?.messages ?? noMessages;
  const outgoing = useMemo(() => {
    const isStored = ({ clientId }: OutgoingMessage) => messages.some((message) => message.clientId === clientId);
    return outbox.some(isStored) ? outbox.filter((message) => !isStored(message)) : outbox;
  }, [outbox, messages]);
  const actions = useMemo(
    () => ({
      loadBefore: () => void client?.loadMessages(id, "before"),
      loadAfter: () => void client?.loadMessages(id, "after"),
      showAround: (seq: number) => void client?.showMessages(id, seq),
      showLatest: () => void client?.showMessages(id),
      send: (text: string) => client?.send(id, text),
      retry: (clientId: string) => client?.retry(clientId),
      discard: (clientId: string) => client?.discard(clientId),
      edit: async (message: Message, text: string) => client?.edit(message, text),
      remove: async (message: Message) => client?.remove(message),
      markRead: (seq: number) => client?.markRead(id, seq),
      setTyping: (active: boolean) => client?.setTyping(id, active),
      setDraft: (text: string) => client?.setDraft(id, text),
      configure: async (settings: Settings) => client?.configure(id, settings),
    }),
    [client, id],
  );
  return useMemo(
    () => ({
      conversation,
      messages,
      outgoing,
      typing,
      presence,
      status: thread?.status ?? "idle",
      error: thread?.error,
      hasBefore: thread?.hasBefore ?? false,
      hasAfter: thread?.hasAfter ?? false,
      draft,
      ...actions,
    }),
    [conversation, messages, outgoing, typing, presence, thread, draft, actions],
  );
}
