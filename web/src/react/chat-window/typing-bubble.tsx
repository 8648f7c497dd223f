// Three dots while the counterpart is writing.
import { chatStrings } from "../strings/chat";
import { useMessagingState } from "../use-messaging";
import { useText } from "../use-text";

export function TypingBubble({ id, name }: { id: string; name: string }) {
  const t = useText(chatStrings);
  const typing = useMessagingState((state) => state.typing[id] ?? false);
  return (
    <div className="msg-typing" role="status" data-state={typing ? "typing" : "idle"}>
      {typing && (
        <>
          <span className="msg-hidden">{t("typing", { name })}</span>
          <span className="msg-typing-bubble" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
        </>
      )}
    </div>
  );
}
