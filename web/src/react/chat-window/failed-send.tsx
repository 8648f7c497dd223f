// Below a message that was refused: why, and the ways out.
import type { OutgoingMessage } from "../../client/types";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useText } from "../use-text";
import type { RowActions } from "./message-row";

export interface FailedSendProps {
  outgoing: OutgoingMessage;
  actions: RowActions;
}

export function FailedSend({ outgoing, actions }: FailedSendProps) {
  const t = useText(chatStrings);
  const explain = useErrorText();
  return (
    <div className="msg-failed">
      <span className="msg-error-text">{t("failed", { reason: explain(outgoing.error) })}</span>
      <span className="msg-failed-actions">
        <button type="button" className="msg-text-button" onClick={() => actions.retry(outgoing)}>
          {t("failedRetry")}
        </button>
        <button type="button" className="msg-text-button" onClick={() => actions.takeBack(outgoing)}>
          {t("failedEdit")}
        </button>
        <button type="button" className="msg-text-button" onClick={() => actions.discard(outgoing)}>
          {t("failedDiscard")}
        </button>
      </span>
    </div>
  );
}
