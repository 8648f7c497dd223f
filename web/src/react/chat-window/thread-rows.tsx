// The rows of a thread: messages, days, and the divider above what was unread.
import { memo, type RefObject, useEffect } from "react";
import { statusOf } from "../../client/selectors";
import type { Conversation } from "../../wire";
import { dayName, dayOf } from "../format";
import { useMessagingContext } from "../messaging-context";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { useText } from "../use-text";
import { MessageRow, type RowActions } from "./message-row";
import type { ThreadItem } from "./thread-layout";

export interface ThreadRowsProps {
  listRef: RefObject<HTMLOListElement | null>;
  items: readonly ThreadItem[];
  conversation: Conversation;
  name: string;
  actions: RowActions;
}

export const ThreadRows = memo(function ThreadRows({ listRef, items, conversation, name, actions }: ThreadRowsProps) {
  const t = useText(chatStrings);
  useRestfulRows(listRef, items);
  return (
    <ol ref={listRef} className="msg-rows" role="list" aria-label={t("conversationWith", { name })}>
      {items.map((item) => {
        if (item.kind === "day") return <Day key={item.key} day={item.day} />;
        if (item.kind === "unread") {
          return (
            <li key={item.key} className="msg-unread" data-unread="">
              <span>{t("unreadDivider")}</span>
            </li>
          );
        }
        const { key, message, outgoing, own, starts, ends } = item;
        return (
          <MessageRow
            key={key}
            message={message}
            outgoing={outgoing}
            own={own}
            starts={starts}
            ends={ends}
            author={own ? t("you") : name}
            progress={outgoing?.status ?? (own && message ? statusOf(message, conversation) : undefined)}
            actions={actions}
          />
        );
      })}
    </ol>
  );
});

function Day({ day }: { day: number }) {
  const t = useText(chatStrings);
  const { locale } = useMessagingContext();
  const today = dayOf(useClock(60_000));
  const name = day === today ? t("today") : day === today - 1 ? t("yesterday") : dayName(day, today, locale);
  return (
    <li className="msg-day" data-day="">
      <span>{name}</span>
    </li>
  );
}

/** Once a row has been drawn its height is known, and the browser may skip it while it is out of sight. */
function useRestfulRows(list: RefObject<HTMLOListElement | null>, items: readonly ThreadItem[]): void {
  useEffect(() => {
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        list.current?.querySelectorAll<HTMLElement>(":scope > .msg-row:not([data-drawn])").forEach((row) => {
          row.dataset.drawn = "";
        });
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [list, items]);
}
