// The rows of a thread: messages, days, and the divider above what was unread; in blocks, so that the browser can
// leave out what is far out of sight, and React what has not changed.
import { memo, type RefObject, useLayoutEffect, useMemo, useRef } from "react";
import { dayName, dayOf } from "../format";
import { useMessagingContext } from "../messaging-context";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { useText } from "../use-text";
import { MessageRow, type RowActions } from "./message-row";
import { inBlocks, sameItems, type ThreadItem } from "./thread-layout";

export interface ThreadRowsProps {
  listRef: RefObject<HTMLDivElement | null>;
  items: readonly ThreadItem[];
  /** The block that what is written goes into. */
  tail: number;
  name: string;
  actions: RowActions;
}

export const ThreadRows = memo(function ThreadRows({ listRef, items, tail, name, actions }: ThreadRowsProps) {
  const t = useText(chatStrings);
  const blocks = useMemo(() => inBlocks(items, tail), [items, tail]);
  return (
    <div ref={listRef} className="msg-rows" role="list" aria-label={t("conversationWith", { name })}>
      {blocks.map(({ key, items }) => (
        <Block key={key} items={items} isTail={key === tail} name={name} actions={actions} />
      ))}
    </div>
  );
});

interface BlockProps {
  items: readonly ThreadItem[];
  isTail: boolean;
  name: string;
  actions: RowActions;
}

const Block = memo(
  function Block({ items, isTail, name, actions }: BlockProps) {
    const t = useText(chatStrings);
    const ref = useRef<HTMLDivElement>(null);
    useRest(ref, items, isTail);
    return (
      <div ref={ref} className="msg-block" role="none">
        {items.map((item) => {
          if (item.kind === "day") return <Day key={item.key} day={item.day} />;
          if (item.kind === "unread") {
            return (
              <div key={item.key} className="msg-unread" role="listitem" data-unread="">
                <span>{t("unreadDivider")}</span>
              </div>
            );
          }
          const { key, message, outgoing, own, starts, ends, progress } = item;
          return (
            <MessageRow
              key={key}
              message={message}
              outgoing={outgoing}
              own={own}
              starts={starts}
              ends={ends}
              author={own ? t("you") : name}
              progress={progress}
              actions={actions}
            />
          );
        })}
      </div>
    );
  },
  (a, b) =>
    a.isTail === b.isTail && a.name === b.name && a.actions === b.actions && sameItems(a.items, b.items),
);

function Day({ day }: { day: number }) {
  const t = useText(chatStrings);
  const { locale } = useMessagingContext();
  const today = dayOf(useClock(60_000));
  const name = day === today ? t("today") : day === today - 1 ? t("yesterday") : dayName(day, today, locale);
  return (
    <div className="msg-day" role="listitem" data-day="">
      <span>{name}</span>
    </div>
  );
}

/** Once a block has been drawn its height is known, and the browser may leave it out while it is out of sight. */
function useRest(ref: RefObject<HTMLDivElement | null>, items: readonly ThreadItem[], isTail: boolean): void {
  useLayoutEffect(() => {
    const block = ref.current;
    if (!block || isTail) return;
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        block.dataset.drawn = "";
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      delete block.dataset.drawn;
    };
  }, [ref, items, isTail]);
}
