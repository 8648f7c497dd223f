// One conversation in a list: who, about what, the last words, and whether something is unread.
import { memo, type ReactNode } from "react";
import type { Conversation } from "../../wire";
import { statusOf } from "../../client/selectors";
import { Avatar } from "../avatar";
import { dayOf, fullTime, shortDay, timeOfDay } from "../format";
import { BellOffIcon } from "../icons";
import { type Words, useWords } from "../message-words";
import { nameOf, titleOf } from "../names";
import { Ticks } from "../ticks";
import { useMessagingState } from "../use-messaging";
import { type Preview, previewOf } from "./preview";

export interface ConversationRowProps {
  conversation: Conversation;
  today: number;
  selected: boolean;
  onSelect(conversation: Conversation): void;
  /** In place of the last words: what a search found. */
  found?: ReactNode;
}

export const ConversationRow = memo(function ConversationRow({
  conversation,
  today,
  selected,
  onSelect,
  found,
}: ConversationRowProps) {
  const words = useWords();
  const { t, locale } = words;
  const draft = useMessagingState((state) => state.drafts[conversation.id]);
  const typing = useMessagingState((state) => state.typing[conversation.id] ?? false);
  const online = useMessagingState((state) => state.presence[conversation.id]?.online ?? false);
  const { counterpart, product, unreadCount, lastActivityAt } = conversation;
  const name = nameOf(counterpart, t("deletedAccount"), t("unnamed"));
  return (
    <li className="msg-list-item">
      <button
        type="button"
        className="msg-list-row"
        aria-current={selected || undefined}
        data-id={conversation.id}
        data-state={unreadCount > 0 ? "unread" : "read"}
        onClick={() => onSelect(conversation)}
      >
        <Avatar user={counterpart} name={name} online={online} />
        <span className="msg-list-who">
          <bdi className="msg-list-name">{name}</bdi>
          {conversation.muted && (
            <span className="msg-list-muted">
              <BellOffIcon />
              <span className="msg-hidden">{t("muted")}</span>
            </span>
          )}
        </span>
        <time className="msg-list-time" dateTime={lastActivityAt} title={fullTime(lastActivityAt, locale)}>
          {when(lastActivityAt, today, words)}
        </time>
        {product && (
          <span className="msg-list-product" data-state={product.status}>
            <bdi>{titleOf(product)}</bdi>
          </span>
        )}
        <LastWords
          conversation={conversation}
          preview={previewOf(conversation, { draft, typing }, words)}
          found={found}
        />
        {unreadCount > 0 && (
          <span className="msg-badge msg-list-badge" data-muted={conversation.muted || undefined}>
            <span aria-hidden="true">{unreadCount > 99 ? "99+" : unreadCount}</span>
            <span className="msg-hidden">{t("unreadCount", { count: unreadCount })}</span>
          </span>
        )}
      </button>
    </li>
  );
});

type LastWordsProps = { conversation: Conversation; preview: Preview; found: ReactNode };

function LastWords({ conversation, preview, found }: LastWordsProps) {
  const { lastMessage } = conversation;
  if (found) return <span className="msg-list-words">{found}</span>;
  return (
    <span className="msg-list-words" data-kind={preview.kind}>
      {preview.kind === "own" && lastMessage && (
        <Ticks status={statusOf(lastMessage, conversation)} />
      )}
      <bdi>{preview.text}</bdi>
    </span>
  );
}

function when(time: string, today: number, { t, locale }: Words): string {
  const day = dayOf(time);
  if (day === today) return timeOfDay(time, locale);
  return day === today - 1 ? t("yesterday") : shortDay(day, today, locale);
}
