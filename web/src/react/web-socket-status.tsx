// How the connection stands, in a dot and words: green only when everything is here and comes at once.
import type { ComponentProps } from "react";
import type { Connection } from "../client/types";
import { useMessagingContext } from "./messaging-context";
import { useRootProps } from "./root-props";
import { type StatusStrings, statusStrings } from "./strings/status";
import { useClock } from "./use-clock";
import { useMessagingState } from "./use-messaging";
import { useText } from "./use-text";

export interface WebSocketStatusProps extends Omit<ComponentProps<"div">, "children"> {
  /** Only the dot; the words are its name and its title. */
  compact?: boolean;
}

const words: Record<Exclude<Connection["status"], "stopped">, keyof StatusStrings> = {
  connecting: "statusConnecting",
  "catching-up": "statusCatchingUp",
  live: "statusLive",
  polling: "statusPolling",
  offline: "statusOffline",
  "signed-out": "statusSignedOut",
};

export function WebSocketStatus({ compact = false, className, ...rest }: WebSocketStatusProps) {
  const { reconnect, signIn } = useMessagingContext();
  const connection = useMessagingState((state) => state.connection);
  const t = useText(statusStrings);
  const { status, retryAt } = connection;
  const name = t(status === "stopped" ? reasonFor(connection.closeCode) : words[status]);
  const action =
    status === "offline"
      ? { label: t("statusTryNow"), run: reconnect }
      : status === "stopped"
        ? { label: t("statusReconnect"), run: reconnect }
        : status === "signed-out" && signIn
          ? { label: t("statusSignIn"), run: signIn }
          : undefined;
  return (
    <div
      {...rest}
      {...useRootProps("msg-status", className)}
      data-state={status}
      data-compact={compact || undefined}
    >
      <span className="msg-status-now" role="status" title={compact ? name : undefined}>
        <span className="msg-status-dot" aria-hidden="true" />
        <span className={compact ? "msg-hidden" : undefined}>{name}</span>
      </span>
      {!compact && status === "offline" && retryAt !== undefined && <Countdown until={retryAt} />}
      {!compact && action && (
        <button type="button" className="msg-text-button" onClick={() => action.run()}>
          {action.label}
        </button>
      )}
    </div>
  );
}

/** Apart from the status, so that it is not read out each second. */
function Countdown({ until }: { until: number }) {
  const t = useText(statusStrings);
  const seconds = Math.ceil((until - useClock(1_000)) / 1_000);
  return seconds > 0 ? <span className="msg-status-countdown">{t("statusRetryIn", { seconds })}</span> : null;
}

function reasonFor(closeCode: number | undefined): keyof StatusStrings {
  if (closeCode === 4014) return "statusTooMany";
  return closeCode === 4010 || closeCode === 4011 ? "statusRevoked" : "statusStopped";
}
