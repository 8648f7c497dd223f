// The short list below the badge: what is unread first, then the latest.
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Conversation } from "../../wire";
import { ConversationRow } from "../conversation-list/conversation-row";
import { EmptyState } from "../empty-state";
import { dayOf } from "../format";
import { AlertIcon, ChatIcon, PersonIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { Popover } from "../popover";
import { useRootProps } from "../root-props";
import { Skeleton } from "../skeleton";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { useConversations } from "../use-conversations";
import { useErrorText } from "../use-error-text";
import { useMessagingState } from "../use-messaging";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";

export interface PanelProps {
  anchor: RefObject<HTMLButtonElement | null>;
  desktop: boolean;
  inboxHref?: string;
  onSeeAll?(): void;
  onClose(): void;
}

const shown = 6;

export default function Panel({ anchor, desktop, inboxHref, onSeeAll, onClose }: PanelProps) {
  const t = useText(chatStrings);
  const { openConversation } = useMessagingContext();
  const { conversations } = useConversations();
  const today = dayOf(useClock(60_000));
  const panel = useRef<HTMLDivElement>(null);
  const root = useRootProps("msg-panel");
  const latest = useMemo(() => {
    const waits = (one: Conversation) => Number(one.unreadCount > 0 && !one.muted);
    return [...conversations].sort((a, b) => waits(b) - waits(a)).slice(0, shown);
  }, [conversations]);
  const select = useStableCallback((conversation: Conversation) => {
    onClose();
    openConversation(conversation);
  });

  useEffect(() => panel.current?.focus(), []);

  return (
    <Popover anchor={anchor} onClose={onClose} className="msg-popover-layer">
      <div {...root} ref={panel} role="dialog" aria-label={t("panelTitle")} tabIndex={-1}>
        <h2 className="msg-panel-title">{t("panelTitle")}</h2>
        <div className="msg-panel-body">
          {latest.length > 0 ? (
            <ul className="msg-list-items" role="list">
              {latest.map((conversation) => (
                <ConversationRow
                  key={conversation.id}
                  conversation={conversation}
                  today={today}
                  selected={false}
                  onSelect={select}
                />
              ))}
            </ul>
          ) : (
            <Nothing />
          )}
        </div>
        {desktop && <DesktopSwitch />}
        {inboxHref ? (
          <a className="msg-panel-all" href={inboxHref} onClick={onClose}>
            {t("seeAll")}
          </a>
        ) : (
          onSeeAll && (
            <button
              type="button"
              className="msg-panel-all"
              onClick={() => {
                onClose();
                onSeeAll();
              }}
            >
              {t("seeAll")}
            </button>
          )
        )}
      </div>
    </Popover>
  );
}

function Nothing() {
  const t = useText(chatStrings);
  const explain = useErrorText();
  const { signIn } = useMessagingContext();
  const { status, error, retry } = useConversations();
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  if (signedOut) {
    const action = signIn && { label: t("signIn"), run: signIn };
    return <EmptyState icon={<PersonIcon />} title={t("signedOut")} hint={t("signedOutHint")} action={action} />;
  }
  if (status === "failed") {
    const action = { label: t("tryAgain"), run: retry };
    return <EmptyState icon={<AlertIcon />} title={t("listFailed")} hint={explain(error)} action={action} alert />;
  }
  if (status !== "ready") return <Skeleton kind="list" label={t("loading")} />;
  return <EmptyState icon={<ChatIcon />} title={t("panelEmpty")} hint={t("emptyInboxHint")} />;
}

/** Browsers ask a person only right after a press, and only once. */
function DesktopSwitch() {
  const t = useText(chatStrings);
  const [askable, setAskable] = useState(() => "Notification" in window && Notification.permission === "default");
  if (!askable) return null;
  return (
    <button
      type="button"
      className="msg-text-button msg-panel-desktop"
      onClick={() => void Notification.requestPermission().then(() => setAskable(false))}
    >
      {t("desktopOn")}
    </button>
  );
}
