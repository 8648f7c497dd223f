// Writes, edits, or says why nothing can be written here.
import { type Ref, useImperativeHandle, useRef, useState } from "react";
import type { Conversation, Message } from "../../wire";
import { IconButton } from "../icon-button";
import { CheckIcon, CloseIcon, PencilIcon, SendIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { nameOf } from "../names";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useMessaging, useMessagingState } from "../use-messaging";
import { useText } from "../use-text";
import { TextField, type TextFieldHandle } from "./text-field";

export interface ComposerHandle {
  focus(): void;
}

export interface ComposerProps {
  ref: Ref<ComposerHandle>;
  conversation: Conversation;
  /** The message that is being edited instead of writing a new one. */
  editing: Message | null;
  onEditingDone(): void;
  /** Arrow up in an empty field: edits what one wrote last. */
  onEditLast(): void;
  onSent(): void;
  onUnblock(): void;
}

export function Composer(props: ComposerProps) {
  const { ref, conversation, editing, onUnblock } = props;
  const field = useRef<TextFieldHandle>(null);
  const t = useText(chatStrings);
  const { signIn } = useMessagingContext();
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  const name = nameOf(conversation.counterpart, t("deletedAccount"), t("unnamed"));
  useImperativeHandle(ref, () => ({ focus: () => field.current?.focus() }));

  if (conversation.closed) return <Closed words={t("closed", { name })} />;
  if (conversation.blocked === "byMe") {
    return <Closed words={t("blockedByMe", { name })} action={{ label: t("unblock"), run: onUnblock }} />;
  }
  if (conversation.blocked === "byCounterpart") return <Closed words={t("blockedByCounterpart", { name })} />;
  if (signedOut) {
    return <Closed words={t("signedOutHint")} action={signIn && { label: t("signIn"), run: signIn }} />;
  }
  return (
    <div className="msg-composer" data-state={editing ? "editing" : "writing"}>
      {editing ? (
        <EditField key={editing.clientId} {...props} field={field} message={editing} />
      ) : (
        <DraftField {...props} field={field} label={t("composerLabel", { name })} />
      )}
    </div>
  );
}

type FieldProps = ComposerProps & { field: Ref<TextFieldHandle> };

function DraftField({ field, label, conversation: { id }, onEditLast, onSent }: FieldProps & { label: string }) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const stored = useMessagingState((state) => state.drafts[id] ?? "");
  const [text, setText] = useState(stored);
  const [known, setKnown] = useState(stored);
  // A draft that was kept before, or is written in another window, comes when it comes.
  if (stored !== known) {
    setKnown(stored);
    setText(stored);
  }
  return (
    <TextField
      ref={field}
      value={text}
      label={label}
      placeholder={t("composerPlaceholder")}
      submitLabel={t("send")}
      submitIcon={<SendIcon />}
      onChange={(value) => {
        setText(value);
        client?.setDraft(id, value);
        client?.setTyping(id, value.trim() !== "");
      }}
      onBlur={() => client?.setTyping(id, false)}
      onKey={(event) => {
        if (event.key !== "ArrowUp" || text !== "") return;
        event.preventDefault();
        onEditLast();
      }}
      onSubmit={() => {
        if (!client) return;
        client.send(id, text);
        client.setTyping(id, false);
        client.setDraft(id, "");
        setText("");
        onSent();
      }}
    />
  );
}

function EditField({ field, message, onEditingDone }: FieldProps & { message: Message }) {
  const client = useMessaging();
  const t = useText(chatStrings);
  const explain = useErrorText();
  const before = message.content.kind === "text" ? message.content.text : "";
  const [text, setText] = useState(before);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  async function save() {
    if (!client || text.trim() === before) {
      onEditingDone();
      return;
    }
    setBusy(true);
    try {
      await client.edit(message, text);
      onEditingDone();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  }

  return (
    <>
      <div className="msg-editing">
        <PencilIcon />
        <span>{t("editing")}</span>
        <IconButton label={t("cancel")} icon={<CloseIcon />} onClick={onEditingDone} />
      </div>
      <TextField
        ref={field}
        value={text}
        label={t("editing")}
        placeholder={t("composerPlaceholder")}
        submitLabel={t("save")}
        submitIcon={<CheckIcon />}
        busy={busy}
        error={error === undefined ? undefined : explain(error)}
        onChange={setText}
        onKey={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          onEditingDone();
        }}
        onSubmit={() => void save()}
      />
    </>
  );
}

function Closed({ words, action }: { words: string; action?: { label: string; run(): void } }) {
  return (
    <div className="msg-composer" data-state="closed">
      <p dir="auto">{words}</p>
      {action && (
        <button type="button" className="msg-text-button" onClick={() => action.run()}>
          {action.label}
        </button>
      )}
    </div>
  );
}
