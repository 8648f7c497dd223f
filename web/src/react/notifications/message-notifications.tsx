// For a page's header: how many messages wait, which are the latest, and a sound or notice when one comes.
import { type ComponentProps, lazy, Suspense, useEffect, useRef, useState } from "react";
import { ChatIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { useRootProps } from "../root-props";
import { notificationStrings } from "../strings/notifications";
import { useText } from "../use-text";
import { useUnread } from "../use-unread";
import { countLabel, showInTitle } from "./page-title";

const Panel = lazy(() => import("./panel"));

export interface MessageNotificationsProps extends Omit<ComponentProps<"div">, "children" | "title"> {
  /** Shows "See all messages", which calls this. */
  onSeeAll?(): void;
  /** Shows "See all messages", which leads there. */
  inboxHref?: string;
  /** Whether a message that comes is heard; an address plays that file instead. Default: false. */
  sound?: boolean | string;
  /** Whether notifications of the device may be turned on. Default: false. */
  desktop?: boolean;
  /** Whether the page's title begins with the count. Default: true. */
  pageTitle?: boolean;
}

export function MessageNotifications({
  onSeeAll,
  inboxHref,
  sound = false,
  desktop = false,
  pageTitle = true,
  className,
  ...rest
}: MessageNotificationsProps) {
  const { client, openConversation } = useMessagingContext();
  const t = useText(notificationStrings);
  const unread = useUnread();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => (pageTitle ? showInTitle(unread) : undefined), [pageTitle, unread]);

  useEffect(() => {
    if (!client || (!sound && !desktop)) return;
    let stop = () => {};
    let stopped = false;
    void import("./alerts").then(({ alertOf }) => {
      if (!stopped) stop = alertOf(client, { sound, desktop, onOpen: openConversation });
    });
    return () => {
      stopped = true;
      stop();
    };
  }, [client, sound, desktop, openConversation]);

  const name = unread > 0 ? t("badgeUnread", { count: unread }) : t("badge");
  return (
    <div {...rest} {...useRootProps("msg-notifications", className)} data-state={unread > 0 ? "unread" : "read"}>
      <button
        ref={button}
        type="button"
        className="msg-icon-button msg-notifications-button"
        aria-label={name}
        title={name}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <ChatIcon />
        {unread > 0 && (
          <span className="msg-badge" aria-hidden="true">
            {countLabel(unread)}
          </span>
        )}
      </button>
      {open && (
        <Suspense fallback={null}>
          <Panel
            anchor={button}
            desktop={desktop}
            inboxHref={inboxHref}
            onSeeAll={onSeeAll}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </div>
  );
}
