// A slim bar while what is shown may be old: the thread stays readable below it.
import { useState } from "react";
import { useMessagingContext } from "../messaging-context";
import { chatStrings } from "../strings/chat";
import { useMessagingState } from "../use-messaging";
import { useText } from "../use-text";

export function ConnectionBar() {
  const t = useText(chatStrings);
  const { reconnect } = useMessagingContext();
  const status = useMessagingState((state) => state.connection.status);
  // Each attempt to come back is no reason to go away and come again.
  const [wasOff, setWasOff] = useState(false);
  const isOff = status === "offline" || status === "stopped" || (wasOff && status === "connecting");
  if (isOff !== wasOff) setWasOff(isOff);
  return (
    <div className="msg-connection-bar" role="status" data-state={isOff ? status : "on"}>
      {isOff && (
        <>
          <span>{t(status === "stopped" ? "stoppedBar" : "offlineBar")}</span>
          <button
            type="button"
            className="msg-text-button"
            aria-disabled={status === "connecting"}
            onClick={() => reconnect()}
          >
            {t(status === "connecting" ? "reconnectingBar" : status === "offline" ? "tryAgain" : "reconnect")}
          </button>
        </>
      )}
    </div>
  );
}
