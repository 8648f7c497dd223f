// What stands where messages are not: before they have come, at the ends of what is here, and the way back down.
import { useState } from "react";
import type { ThreadState } from "../../client/types";
import type { Message } from "../../wire";
import { EmptyState } from "../empty-state";
import { AlertIcon, ChatIcon, DownIcon } from "../icons";
import { Skeleton } from "../skeleton";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useText } from "../use-text";

export interface NoMessagesProps {
  thread: ThreadState | undefined;
  name: string;
  onRetry(): void;
}

export function NoMessages({ thread, name, onRetry }: NoMessagesProps) {
  const t = useText(chatStrings);
  const explain = useErrorText();
  if (thread?.status === "failed") {
    return (
      <EmptyState
        icon={<AlertIcon />}
        title={t("threadFailed")}
        hint={explain(thread.error)}
        alert
        action={{ label: t("tryAgain"), run: onRetry }}
      />
    );
  }
  if (thread?.status !== "ready") return <Skeleton kind="thread" label={t("loading")} />;
  return <EmptyState icon={<ChatIcon />} title={t("emptyThread", { name })} hint={t("emptyThreadHint")} />;
}

export interface ThreadEdgeProps {
  thread: ThreadState | undefined;
  side: "before" | "after";
  more: boolean;
  onLoad(side: "before" | "after"): void;
  onRetry(): void;
}

export function ThreadEdge({ thread, side, more, onLoad, onRetry }: ThreadEdgeProps) {
  const t = useText(chatStrings);
  if (!thread) return null;
  // What is here may be old when it could not be fetched anew; that is said once, at the end.
  const isStale = thread.status === "failed" && side === "after";
  if (!isStale && !more) return null;
  const failed = isStale || (thread.error !== undefined && !thread.fetching);
  return (
    <div className="msg-thread-edge" data-state={failed ? "failed" : "loading"}>
      {failed ? (
        <>
          <span>{t("moreFailed")}</span>
          <button type="button" className="msg-text-button" onClick={() => (isStale ? onRetry() : onLoad(side))}>
            {t("tryAgain")}
          </button>
        </>
      ) : (
        <span className="msg-spinner" role="img" aria-label={t("loading")} />
      )}
    </div>
  );
}

export interface ToLatestProps {
  messages: readonly Message[];
  counterpartId: string;
  /** How many are unread, where the newest are not among the messages. */
  unread?: number;
  onPress(): void;
}

/** Shown while the end is out of sight; counts what has come since it went. */
export function ToLatest({ messages, counterpartId, unread, onPress }: ToLatestProps) {
  const t = useText(chatStrings);
  const [since] = useState(messages.at(-1)?.seq ?? 0);
  const isNew = (message: Message) => message.seq > since && message.senderId === counterpartId;
  const count = unread ?? messages.filter(isNew).length;
  return (
    <button
      type="button"
      className="msg-pill"
      data-state={count > 0 ? "new" : "quiet"}
      aria-label={count > 0 ? undefined : t("toLatest")}
      title={t("toLatest")}
      onClick={onPress}
    >
      {count > 0 && <span>{t("newPill", { count })}</span>}
      <DownIcon />
    </button>
  );
}
