// On a product's page: opens the visitor's conversation with its seller, or says why that cannot be.
import { type ComponentProps, useEffect, useId, useRef, useState } from "react";
import type { Conversation } from "../wire";
import { codeOf, generalPhrase } from "./client-error";
import { useMessagingContext } from "./messaging-context";
import { plain } from "./names";
import { useRootProps } from "./root-props";
import { errorStrings } from "./strings/errors";
import { startStrings } from "./strings/start";
import { useMessagingState } from "./use-messaging";
import { useText } from "./use-text";

export interface StartConversationButtonProps extends ComponentProps<"button"> {
  /** What the conversation is about; without it, it is about nothing in particular. */
  productId?: string;
  sellerId: string;
  sellerName: string;
  /** Called with the conversation, before it is opened. */
  onStarted?(conversation: Conversation): void;
}

export function StartConversationButton({
  productId,
  sellerId,
  sellerName,
  onStarted,
  onClick,
  className,
  children,
  disabled,
  ...rest
}: StartConversationButtonProps) {
  const { client, ready, openConversation, signIn } = useMessagingContext();
  const t = useText(startStrings);
  const general = useText(errorStrings);
  const me = useMessagingState((state) => state.me);
  const status = useMessagingState((state) => state.connection.status);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof codeOf>>();
  const mounted = useRef(true);
  const noteId = useId();
  const seller = plain(sellerName);

  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  // What failed for one seller, or before signing in, says nothing about the next.
  const [failedFor, setFailedFor] = useState("");
  const subject = `${productId} ${sellerId} ${me?.id}`;
  const failed = failedFor === subject ? failure : undefined;

  const state = busy
    ? "busy"
    : me?.id === sellerId || failed === "self_conversation"
      ? "own"
      : status === "signed-out" || failed === "signed_out" || failed === "unauthenticated"
        ? "signed-out"
        : failed === "blocked"
          ? "blocked"
          : failed
            ? "failed"
            : status === "offline"
              ? "offline"
              : "idle";

  async function start() {
    setBusy(true);
    setFailure(undefined);
    try {
      const conversation = await (client ?? (await ready())).startConversation({ productId, sellerId });
      if (!mounted.current) return;
      onStarted?.(conversation);
      openConversation(conversation);
    } catch (error) {
      setFailure(client || codeOf(error) !== "internal" ? codeOf(error) : "network");
      setFailedFor(subject);
    } finally {
      setBusy(false);
    }
  }

  const note =
    state === "own"
      ? t("startOwn")
      : state === "blocked"
        ? t("startBlocked", { seller })
        : state === "offline"
          ? t("startOffline")
          : state === "failed" && failed
            ? failed === "not_found"
              ? t("startUnknown", { seller })
              : general(generalPhrase(failed))
            : "";
  const label =
    state === "busy"
      ? t("startBusy")
      : state === "signed-out"
        ? t("startSignIn")
        : state === "failed"
          ? t("startRetry")
          : (children ?? t("startLabel", { seller }));
  const final = state === "own" || state === "blocked";

  return (
    <span {...useRootProps("msg-start")} data-state={state}>
      <button
        type="button"
        {...rest}
        className={`msg-button msg-start-button${className ? ` ${className}` : ""}`}
        data-kind="primary"
        data-state={state}
        disabled={disabled || final}
        aria-disabled={busy || undefined}
        aria-describedby={note ? noteId : rest["aria-describedby"]}
        onClick={(event) => {
          // The second press of a double one would open it twice.
          if (busy || event.detail > 1) return;
          onClick?.(event);
          if (event.defaultPrevented) return;
          if (state === "signed-out" && signIn) signIn();
          else void start();
        }}
      >
        <span className="msg-start-label" dir="auto">
          {label}
        </span>
      </button>
      <span id={noteId} className="msg-start-note" role="status" dir="auto">
        {note}
      </span>
    </span>
  );
}
