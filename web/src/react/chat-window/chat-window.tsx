// One conversation: its header, its messages, and where one writes.
import { type ComponentProps, useEffect, useMemo, useRef, useState } from "react";
import type { Conversation, Message, Settings } from "../../wire";
import { ConfirmDialog } from "../confirm-dialog";
import { EmptyState } from "../empty-state";
import { IconButton } from "../icon-button";
import { AlertIcon, BackIcon, CloseIcon, PersonIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { nameOf } from "../names";
import { hasFinePointer } from "../pointer";
import { useRootProps } from "../root-props";
import { Skeleton } from "../skeleton";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useKeyboardInset } from "../use-keyboard-inset";
import { useMessaging, useMessagingState } from "../use-messaging";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";
import { view } from "../viewing";
import { Announcer } from "./announcer";
import { ChatHeader } from "./chat-header";
import { Composer, type ComposerHandle } from "./composer";
import { ConnectionBar } from "./connection-bar";
import { MessageList, type MessageListHandle } from "./message-list";
import type { RowActions } from "./message-row";
import { ThreadSearch } from "./thread-search";

/** A message to go to; a new object each time it is to be gone to. */
export interface MessageTarget {
  readonly seq: number;
}

export interface ChatWindowProps extends Omit<ComponentProps<"section">, "children"> {
  conversationId: string;
  /** Shows a button that leads back, where the window takes the place of a list. */
  onBack?(): void;
  /** Shows a button that closes the window. */
  onClose?(): void;
  /** Whether writing can begin at once; with a finger, the title has the focus instead. */
  autoFocus?: boolean;
  /** A message to show and point out. */
  target?: MessageTarget | null;
}

export function ChatWindow({
  conversationId,
  onBack,
  onClose,
  autoFocus,
  target,
  className,
  ...rest
}: ChatWindowProps) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const window = useRef<HTMLElement>(null);
  const conversation = useMessagingState((state) => state.conversations[conversationId]);
  useKeyboardInset(window);

  useEffect(() => {
    if (!client) return;
    const close = client.open(conversationId);
    const lookAway = view(client, conversationId);
    return () => {
      lookAway();
      close();
    };
  }, [client, conversationId]);

  const name = conversation && nameOf(conversation.counterpart, t("deletedAccount"), t("unnamed"));
  return (
    <section
      {...rest}
      {...useRootProps("msg-chat", className)}
      ref={window}
      aria-label={name ? t("conversationWith", { name }) : t("messages")}
    >
      {conversation ? (
        <Chat
          key={conversationId}
          conversation={conversation}
          onBack={onBack}
          onClose={onClose}
          autoFocus={autoFocus}
          target={target ?? undefined}
        />
      ) : (
        <NoConversation id={conversationId} onBack={onBack} onClose={onClose} />
      )}
    </section>
  );
}

interface ChatProps {
  conversation: Conversation;
  onBack?(): void;
  onClose?(): void;
  autoFocus?: boolean;
  target?: MessageTarget;
}

function Chat({ conversation, onBack, onClose, autoFocus = false, target }: ChatProps) {
  const { id, counterpart } = conversation;
  const client = useMessaging();
  const t = useText(chatStrings);
  const explain = useErrorText();
  const title = useRef<HTMLHeadingElement>(null);
  const list = useRef<MessageListHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const [searching, setSearching] = useState(false);
  const [editing, setEditing] = useState<Message | null>(null);
  const [asking, setAsking] = useState<{ about: "block" } | { about: "remove"; message: Message } | null>(null);
  const [failure, setFailure] = useState<unknown>();
  // The divider stays where it was when the conversation was opened.
  const [unreadAfter] = useState(conversation.unreadCount > 0 ? conversation.readSeq : undefined);
  const name = nameOf(counterpart, t("deletedAccount"), t("unnamed"));

  useEffect(() => {
    if (!autoFocus) return;
    if (hasFinePointer()) composer.current?.focus();
    else title.current?.focus({ preventScroll: true });
  }, [autoFocus]);
  useEffect(() => {
    if (target) list.current?.goTo({ to: "message", seq: target.seq, focus: true });
  }, [target]);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (editing || wasEditing.current) composer.current?.focus();
    wasEditing.current = editing !== null;
  }, [editing]);

  const wasAsking = useRef(false);
  useEffect(() => {
    // The button that a dialog was opened from may have gone with its message.
    if (!asking && wasAsking.current && document.activeElement === document.body) list.current?.focus();
    wasAsking.current = asking !== null;
  }, [asking]);

  const configure = (settings: Settings) => {
    setFailure(undefined);
    client?.configure(id, settings).catch(setFailure);
  };
  const canEdit = useStableCallback((message: Message) => {
    const open = conversation.blocked === "none" && !conversation.closed;
    const age = Date.now() - Date.parse(message.createdAt);
    return open && client !== null && age < client.getState().editWindowMs;
  });
  const actions = useMemo<RowActions>(
    () => ({
      canEdit,
      edit: setEditing,
      remove: (message) => setAsking({ about: "remove", message }),
      retry: ({ clientId }) => client?.retry(clientId),
      discard: ({ clientId }) => client?.discard(clientId),
      takeBack: ({ clientId, content }) => {
        const draft = client?.getState().drafts[id];
        client?.discard(clientId);
        client?.setDraft(id, draft ? `${content.text}\n${draft}` : content.text);
        composer.current?.focus();
      },
    }),
    [client, id, canEdit],
  );
  function editLast() {
    const isOwnText = ({ senderId, content }: Message) => senderId !== counterpart.id && content.kind === "text";
    const last = client?.getState().threads[id]?.messages.findLast(isOwnText);
    if (last && canEdit(last)) setEditing(last);
  }

  return (
    <>
      <ChatHeader
        titleRef={title}
        conversation={conversation}
        onBack={onBack}
        onClose={onClose}
        onSearch={() => setSearching(true)}
        onBlock={() => setAsking({ about: "block" })}
        onConfigure={configure}
      />
      <ConnectionBar />
      {searching && (
        <ThreadSearch
          conversationId={id}
          onShow={(seq) => list.current?.goTo({ to: "message", seq, focus: false })}
          onClose={() => {
            setSearching(false);
            list.current?.focus();
          }}
        />
      )}
      <MessageList
        ref={list}
        conversation={conversation}
        actions={actions}
        unreadAfter={unreadAfter}
        startsAt={target?.seq}
      />
      {failure !== undefined && (
        <p className="msg-failure" role="alert">
          <span>{explain(failure)}</span>
          <IconButton label={t("dismiss")} icon={<CloseIcon />} onClick={() => setFailure(undefined)} />
        </p>
      )}
      <Composer
        ref={composer}
        conversation={conversation}
        editing={editing}
        onEditingDone={() => setEditing(null)}
        onEditLast={editLast}
        onSent={() => list.current?.goTo({ to: "end" })}
        onUnblock={() => configure({ blocked: false })}
      />
      <Announcer id={id} />
      {asking?.about === "block" && (
        <ConfirmDialog
          title={t("blockTitle", { name })}
          body={t("blockBody")}
          action={t("blockConfirm")}
          onConfirm={async () => client?.configure(id, { blocked: true })}
          onClose={() => setAsking(null)}
        />
      )}
      {asking?.about === "remove" && (
        <ConfirmDialog
          title={t("removeTitle")}
          body={t("removeBody")}
          action={t("removeConfirm")}
          onConfirm={async () => client?.remove(asking.message)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

interface NoConversationProps {
  id: string;
  onBack?(): void;
  onClose?(): void;
}

function NoConversation({ id, onBack, onClose }: NoConversationProps) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const explain = useErrorText();
  const { signIn } = useMessagingContext();
  const thread = useMessagingState((state) => state.threads[id]);
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  const absent = thread?.error?.code === "not_found";
  return (
    <>
      <header className="msg-chat-header">
        <div className="msg-chat-bar">
          {onBack && <IconButton className="msg-back" label={t("back")} icon={<BackIcon />} onClick={onBack} />}
          <span className="msg-chat-who" />
          {onClose && <IconButton label={t("close")} icon={<CloseIcon />} onClick={onClose} />}
        </div>
      </header>
      <ConnectionBar />
      <div className="msg-thread">
        {signedOut ? (
          <EmptyState
            icon={<PersonIcon />}
            title={t("signedOut")}
            hint={t("signedOutHint")}
            action={signIn && { label: t("signIn"), run: signIn }}
          />
        ) : thread?.status === "failed" ? (
          <EmptyState
            icon={<AlertIcon />}
            title={t(absent ? "notFound" : "threadFailed")}
            hint={absent ? undefined : explain(thread.error)}
            alert
            action={absent ? undefined : { label: t("tryAgain"), run: () => void client?.showMessages(id) }}
          />
        ) : (
          <Skeleton kind="thread" label={t("loading")} />
        )}
      </div>
    </>
  );
}
