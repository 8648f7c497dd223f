// The messages of a conversation, oldest first: fetched as one scrolls, and steady under whatever comes.
import { type Ref, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { outgoingOf } from "../../client/selectors";
import type { Conversation } from "../../wire";
import { nameOf } from "../names";
import { chatStrings } from "../strings/chat";
import { useMessaging, useMessagingState } from "../use-messaging";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";
import type { RowActions } from "./message-row";
import { NoMessages, ThreadEdge, ToLatest } from "./thread-edges";
import { blockOf, layOut } from "./thread-layout";
import { ThreadRows } from "./thread-rows";
import { TypingBubble } from "./typing-bubble";
import { useReadMarking } from "./use-read-marking";
import { type Goal, useThreadScroll } from "./use-thread-scroll";

export interface MessageListHandle {
  goTo(goal: Goal): void;
  focus(): void;
}

export interface MessageListProps {
  ref: Ref<MessageListHandle>;
  conversation: Conversation;
  actions: RowActions;
  unreadAfter?: number;
  /** A message to begin at, instead of the end. */
  startsAt?: number;
}

const noMessages: never[] = [];

/** How many messages a page holds, and how many it keeps when there are more. */
const mostMessages = 400;
const keptMessages = 200;

export function MessageList({ ref, conversation, actions, unreadAfter, startsAt }: MessageListProps) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const { id, counterpart } = conversation;
  const thread = useMessagingState((state) => state.threads[id]);
  const outgoing = useMessagingState((state) => outgoingOf(state, id));
  const messages = thread?.messages ?? noMessages;
  const hasBefore = thread?.hasBefore ?? false;
  const hasAfter = thread?.hasAfter ?? false;
  const name = nameOf(counterpart, t("deletedAccount"), t("unnamed"));
  const end = useRef<HTMLDivElement>(null);

  const items = useMemo(
    () =>
      layOut({
        messages,
        // What is on its way comes after the end of the thread, which is not here.
        outgoing: hasAfter ? noMessages : outgoing,
        conversation,
        hasBefore,
        unreadAfter,
      }),
    [messages, outgoing, hasAfter, conversation, hasBefore, unreadAfter],
  );
  const [tail, setTail] = useState<number>();
  if (tail === undefined && thread?.status === "ready" && !hasAfter) setTail(blockOf(messages.at(-1)?.seq ?? 0));
  const load = useStableCallback((which: "before" | "after") => void client?.loadMessages(id, which));
  const { scroller, content, list, atEnd, goTo } = useThreadScroll({
    isComplete: !hasAfter,
    isEmpty: items.length === 0,
    isLoading: thread?.status !== "ready" && thread?.status !== "failed",
    onNear: (which) => {
      const more = which === "before" ? hasBefore : hasAfter;
      if (more && thread?.status === "ready" && !thread.fetching && !thread.error) load(which);
    },
  });
  // Where the block it began in is gone, it begins anew: one block must not grow for as long as a page is open.
  if (tail !== undefined && atEnd && blockOf(messages[0]?.seq ?? 0) > tail) setTail(blockOf(messages.at(-1)?.seq ?? 0));
  const show = useStableCallback(() => void client?.showMessages(id));
  const reach = useStableCallback((goal: Goal) => {
    if (goal.to === "message") void client?.showMessages(id, goal.seq);
    else if (hasAfter) void client?.showMessages(id);
    goTo(goal);
  });
  useImperativeHandle(
    ref,
    () => ({ goTo: reach, focus: () => scroller.current?.focus({ preventScroll: true }) }),
    [reach, scroller],
  );
  const lastShown = messages.at(-1)?.seq ?? 0;
  useReadMarking(hasAfter ? undefined : conversation, lastShown, end);

  // What comes for hours, or is scrolled through, must not pile up: what is farther from the reader goes.
  useEffect(() => {
    const view = scroller.current;
    if (!client || !view || messages.length <= mostMessages || thread?.status !== "ready" || thread.fetching) return;
    // Somebody is at work with one of them.
    if (list.current?.contains(document.activeElement)) return;
    const above = view.scrollTop;
    const below = view.scrollHeight - view.clientHeight - above;
    client.trimMessages(id, above > below ? "before" : "after", keptMessages);
  }, [client, id, messages, thread, scroller, list]);

  // A thread that was left in the middle is opened at its end.
  useEffect(() => {
    if (client?.getState().threads[id]?.hasAfter && !startsAt) reach({ to: "unread" });
  }, [client, id, startsAt, reach]);

  return (
    <div className="msg-thread" data-state={thread?.status ?? "idle"}>
      <div ref={scroller} className="msg-thread-scroller" role="group" aria-label={t("messages")} tabIndex={0}>
        <div ref={content} className="msg-thread-content">
          {items.length === 0 ? (
            <NoMessages thread={thread} name={name} onRetry={show} />
          ) : (
            <ThreadEdge thread={thread} side="before" more={hasBefore} onLoad={load} onRetry={show} />
          )}
          <ThreadRows listRef={list} items={items} tail={tail ?? Infinity} name={name} actions={actions} />
          {items.length > 0 && (
            <ThreadEdge thread={thread} side="after" more={hasAfter} onLoad={load} onRetry={show} />
          )}
          {!hasAfter && <TypingBubble id={id} name={name} />}
          <div ref={end} className="msg-thread-end" />
        </div>
      </div>
      {(!atEnd || hasAfter) && items.length > 0 && (
        <ToLatest
          messages={messages}
          counterpartId={counterpart.id}
          unread={hasAfter ? conversation.unreadCount : undefined}
          onPress={() => reach({ to: "end" })}
        />
      )}
    </div>
  );
}
