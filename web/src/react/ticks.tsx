// How far one's own message has come: waiting, sent, delivered, read, or not sent.
import type { MessageStatus } from "../wire";
import { AlertIcon, ClockIcon, TickIcon } from "./icons";
import { type ChatStrings, chatStrings } from "./strings/chat";
import { useText } from "./use-text";

export type Progress = MessageStatus | "queued" | "sending" | "failed";

const words: Record<Progress, keyof ChatStrings> = {
  queued: "tickQueued",
  sending: "tickSending",
  sent: "tickSent",
  delivered: "tickDelivered",
  read: "tickRead",
  failed: "tickFailed",
};

export function Ticks({ status }: { status: Progress }) {
  const t = useText(chatStrings);
  const name = t(words[status]);
  return (
    <span className="msg-ticks" data-state={status} title={name}>
      {status === "queued" || status === "sending" ? (
        <ClockIcon />
      ) : status === "failed" ? (
        <AlertIcon />
      ) : (
        <TickIcon double={status !== "sent"} />
      )}
      <span className="msg-hidden">{name}</span>
    </span>
  );
}
