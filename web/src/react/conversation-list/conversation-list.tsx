// The conversations of the inbox or the archive, latest first; more are fetched as one scrolls.
import { type ComponentProps, type KeyboardEvent, useEffect, useRef } from "react";
import type { Conversation } from "../../wire";
import { EmptyState } from "../empty-state";
import { dayOf } from "../format";
import { AlertIcon, BoxIcon, ChatIcon, PersonIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { useRootProps } from "../root-props";
import { Skeleton } from "../skeleton";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { type Conversations, useConversations } from "../use-conversations";
import { useErrorText } from "../use-error-text";
import { useMessagingState } from "../use-messaging";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";
import { ConversationRow } from "./conversation-row";

export interface ConversationListProps extends Omit<ComponentProps<"div">, "children" | "onSelect"> {
  selectedId?: string | null;
  onSelect(conversation: Conversation): void;
  /** The archive instead of the inbox. */
  archived?: boolean;
}

export function ConversationList({
  selectedId,
  onSelect,
  archived = false,
  className,
  ...rest
}: ConversationListProps) {
  const list = useConversations({ archived });
  const t = useText(chatStrings);
  const today = dayOf(useClock(60_000));
  const select = useStableCallback(onSelect);
  const { conversations } = list;
  return (
    <div {...rest} {...useRootProps("msg-list", className)} data-state={list.status}>
      {conversations.length > 0 ? (
        <>
          <ul
            className="msg-list-items"
            role="list"
            aria-label={t(archived ? "archivedConversations" : "conversations")}
            onKeyDown={walk}
          >
            {conversations.map((conversation) => (
              <ConversationRow
                key={conversation.id}
                conversation={conversation}
                today={today}
                selected={conversation.id === selectedId}
                onSelect={select}
              />
            ))}
          </ul>
          {list.hasMore && <More list={list} />}
        </>
      ) : (
        <Nothing list={list} archived={archived} />
      )}
    </div>
  );
}

function Nothing({ list, archived }: { list: Conversations; archived: boolean }) {
  const t = useText(chatStrings);
  const explain = useErrorText();
  const { signIn } = useMessagingContext();
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  if (signedOut) {
    return (
      <EmptyState
        icon={<PersonIcon />}
        title={t("signedOut")}
        hint={t("signedOutHint")}
        action={signIn && { label: t("signIn"), run: signIn }}
      />
    );
  }
  if (list.status === "failed") {
    return (
      <EmptyState
        icon={<AlertIcon />}
        title={t("listFailed")}
        hint={explain(list.error)}
        alert
        action={{ label: t("tryAgain"), run: list.retry }}
      />
    );
  }
  if (list.status !== "ready" || list.hasMore) return <Skeleton kind="list" label={t("loading")} />;
  return archived ? (
    <EmptyState icon={<BoxIcon />} title={t("emptyArchive")} hint={t("emptyArchiveHint")} />
  ) : (
    <EmptyState icon={<ChatIcon />} title={t("emptyInbox")} hint={t("emptyInboxHint")} />
  );
}

/** Fetches the next page once it comes near; a failure waits for a press. */
function More({ list }: { list: Conversations }) {
  const ref = useRef<HTMLDivElement>(null);
  const t = useText(chatStrings);
  const { status, loadMore } = list;
  useEffect(() => {
    const end = ref.current;
    if (!end || status !== "ready" || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) loadMore();
      },
      { rootMargin: "300px" },
    );
    observer.observe(end);
    return () => observer.disconnect();
  }, [status, loadMore]);
  return (
    <div ref={ref} className="msg-list-more">
      {status === "failed" && <span role="alert">{t("moreFailed")}</span>}
      <button type="button" className="msg-text-button" aria-disabled={status === "loading"} onClick={loadMore}>
        {t(status === "loading" ? "loading" : status === "failed" ? "tryAgain" : "loadMore")}
      </button>
    </div>
  );
}

function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = step === undefined || at < 0 ? undefined : rows[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
