// Asks before something that cannot be taken back, or that the other side will feel.
import { useId, useLayoutEffect, useRef, useState } from "react";
import { chatStrings } from "./strings/chat";
import { useErrorText } from "./use-error-text";
import { useRootProps } from "./root-props";
import { useText } from "./use-text";

export interface ConfirmDialogProps {
  title: string;
  body: string;
  action: string;
  /** Closes the dialog once it is done; a failure is shown in it. */
  onConfirm(): Promise<unknown>;
  onClose(): void;
}

export function ConfirmDialog({ title, body, action, onConfirm, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const root = useRootProps("msg-dialog");
  const id = useId();
  const t = useText(chatStrings);
  const explain = useErrorText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (typeof element.showModal === "function") element.showModal();
    else element.setAttribute("open", "");
    // Closing gives the focus back to where it was.
    return () => element.close?.();
  }, []);

  async function confirm() {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  }

  return (
    <dialog
      {...root}
      ref={dialog}
      aria-labelledby={`${id}title`}
      aria-describedby={`${id}body`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={(event) => {
        if (!event.currentTarget.open) onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 id={`${id}title`} className="msg-dialog-title" dir="auto">
        {title}
      </h2>
      <p id={`${id}body`}>{body}</p>
      {error !== undefined && (
        <p className="msg-error-text" role="alert">
          {explain(error)}
        </p>
      )}
      <div className="msg-dialog-actions">
        <button type="button" className="msg-button" onClick={onClose}>
          {t("cancel")}
        </button>
        <button
          type="button"
          className="msg-button"
          data-kind="danger"
          aria-disabled={busy}
          onClick={() => {
            if (!busy) void confirm();
          }}
        >
          {action}
        </button>
      </div>
    </dialog>
  );
}
