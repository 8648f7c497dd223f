// One message: its bubble, when and how far it went, and what can be done with it.
import { memo, useState } from "react";
import type { OutgoingMessage } from "../../client/types";
import type { Content, Message } from "../../wire";
import { fullTime, timeOfDay } from "../format";
import { Menu, type MenuItem } from "../menu";
import { saidBySystem, unknown, useWords, writtenIn } from "../message-words";
import { type Progress, Ticks } from "../ticks";
import { FailedSend } from "./failed-send";
import { MessageText } from "./message-text";

export interface RowActions {
  /** Whether it is not too late, and still allowed. */
  canEdit(message: Message): boolean;
  edit(message: Message): void;
  remove(message: Message): void;
  retry(outgoing: OutgoingMessage): void;
  discard(outgoing: OutgoingMessage): void;
  /** Takes a failed message back into the composer. */
  takeBack(outgoing: OutgoingMessage): void;
}

export interface MessageRowProps {
  message?: Message;
  outgoing?: OutgoingMessage;
  own: boolean;
  starts: boolean;
  ends: boolean;
  /** Who is said to have written it. */
  author: string;
  progress?: Progress;
  actions: RowActions;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, outgoing, own, starts, ends, author, progress, actions } = props;
  const words = useWords();
  const { t, locale } = words;
  const content = message?.content ?? outgoing?.content;
  const time = message?.createdAt ?? outgoing?.createdAt;
  if (!content || !time) return null;

  if (content.kind === "system") {
    return (
      <div className="msg-note" role="listitem" data-seq={message?.seq} tabIndex={-1}>
        <span dir="auto">{saidBySystem(content, words)}</span>
      </div>
    );
  }
  const written = writtenIn(content);
  return (
    <div
      className="msg-row"
      role="listitem"
      data-own={own || undefined}
      data-starts={starts || undefined}
      data-ends={ends || undefined}
      data-kind={content.kind}
      data-state={progress}
      data-seq={message?.seq}
      tabIndex={-1}
      onAnimationEnd={(event) => {
        if (event.animationName === "msg-flash") delete event.currentTarget.dataset.flash;
      }}
    >
      <div className="msg-row-line">
        <div className="msg-bubble" tabIndex={-1}>
          <bdi className="msg-hidden">{author}</bdi>
          {/* The direction of the words decides where lines begin; the time is where the last one ends. */}
          <div dir="auto">
            <Said content={content} own={own} />
            <span className="msg-meta">
              {message?.editedAt && written && (
                <span title={fullTime(message.editedAt, locale)}>{t("edited")}</span>
              )}
              <time dateTime={time} title={fullTime(time, locale)}>
                {timeOfDay(time, locale)}
              </time>
              {own && progress && written && <Ticks status={progress} />}
            </span>
          </div>
        </div>
        <div className="msg-row-actions">
          {message && written && <RowMenu message={message} text={written} own={own} actions={actions} />}
        </div>
      </div>
      {outgoing?.status === "failed" && <FailedSend outgoing={outgoing} actions={actions} />}
    </div>
  );
});

type SaidProps = { content: Exclude<Content, { kind: "system" }>; own: boolean };

function Said({ content, own }: SaidProps) {
  const { t } = useWords();
  switch (content.kind) {
    case "text":
      return <MessageText text={content.text} />;
    case "deleted":
      return <span className="msg-text">{t(own ? "deletedOwn" : "deleted")}</span>;
    default:
      return <span className="msg-text">{unknown(content, t("unknownKind"))}</span>;
  }
}

type RowMenuProps = { message: Message; text: string; own: boolean; actions: RowActions };

function RowMenu({ message, text, own, actions }: RowMenuProps) {
  const { t } = useWords();
  // What may be done is decided when the menu opens: time goes by without a render.
  const [items, setItems] = useState<readonly MenuItem[] | null>(null);

  function itemsNow(): MenuItem[] {
    const copy = { key: "copy", label: t("copy"), onSelect: () => void navigator.clipboard?.writeText(text) };
    if (!own) return [copy];
    const edit = { key: "edit", label: t("edit"), onSelect: () => actions.edit(message) };
    const remove = { key: "remove", label: t("remove"), danger: true, onSelect: () => actions.remove(message) };
    return message.content.kind === "text" && actions.canEdit(message) ? [copy, edit, remove] : [copy, remove];
  }

  return (
    <Menu
      label={t("messageMenu")}
      items={items ?? []}
      open={items !== null}
      onOpenChange={(open) => setItems(open ? itemsNow() : null)}
    />
  );
}
