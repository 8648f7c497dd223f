// Reads out what comes, politely and once; what is in the thread already is never read again.
import { useEffect, useState } from "react";
import { outgoingOf } from "../../client/selectors";
import { writtenIn } from "../message-words";
import { nameOf, plain } from "../names";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useMessaging } from "../use-messaging";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";

const clearMs = 8_000;

export function Announcer({ id }: { id: string }) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const explain = useErrorText();
  const [words, setWords] = useState<{ text: string; turn: number }>({ text: "", turn: 0 });

  const speak = useStableCallback((text: string) => setWords(({ turn }) => ({ text, turn: turn + 1 })));
  const hear = useStableCallback((text: string, name: string) => speak(t("says", { name, text })));
  const fail = useStableCallback((error: unknown) => speak(t("failed", { reason: explain(error) })));

  useEffect(
    () =>
      client?.onIncoming(({ message, conversation }) => {
        const written = writtenIn(message.content);
        if (conversation.id !== id || !written) return;
        const name = nameOf(conversation.counterpart, t("deletedAccount"), t("unnamed"));
        hear(plain(written).slice(0, 400), name);
      }),
    [client, id, t, hear],
  );

  useEffect(() => {
    if (!client) return;
    const failedOnes = () => outgoingOf(client.getState(), id).filter(({ status }) => status === "failed");
    let known = new Set(failedOnes().map(({ clientId }) => clientId));
    return client.subscribe(() => {
      const now = failedOnes();
      const fresh = now.find(({ clientId }) => !known.has(clientId));
      known = new Set(now.map(({ clientId }) => clientId));
      if (fresh) fail(fresh.error);
    });
  }, [client, id, fail]);

  useEffect(() => {
    if (!words.text) return;
    const timer = setTimeout(() => setWords(({ turn }) => ({ text: "", turn })), clearMs);
    return () => clearTimeout(timer);
  }, [words]);

  return (
    <div className="msg-hidden" aria-live="polite" aria-atomic="true">
      {/* The same words twice are two messages. */}
      <span key={words.turn} dir="auto">
        {words.text}
      </span>
    </div>
  );
}
