// Whom one talks to, whether they are there, what it is about, and what can be done with the conversation.
import { type Ref, useState } from "react";
import type { Presence } from "../../client/types";
import type { Conversation, Settings } from "../../wire";
import { Avatar } from "../avatar";
import { ago } from "../format";
import { IconButton } from "../icon-button";
import { BackIcon, BellOffIcon, CloseIcon } from "../icons";
import { Menu } from "../menu";
import { useMessagingContext } from "../messaging-context";
import { nameOf } from "../names";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { useMessagingState } from "../use-messaging";
import { useText } from "../use-text";
import { ProductStrip } from "./product-strip";

export interface ChatHeaderProps {
  titleRef: Ref<HTMLHeadingElement>;
  conversation: Conversation;
  onBack?(): void;
  onClose?(): void;
  onSearch(): void;
  onBlock(): void;
  onConfigure(settings: Settings): void;
}

export function ChatHeader(props: ChatHeaderProps) {
  const { titleRef, conversation, onBack, onClose } = props;
  const t = useText(chatStrings);
  const presence = useMessagingState((state) => state.presence[conversation.id]);
  const { counterpart, product, muted } = conversation;
  const name = nameOf(counterpart, t("deletedAccount"), t("unnamed"));
  return (
    <header className="msg-chat-header">
      <div className="msg-chat-bar">
        {onBack && <IconButton className="msg-back" label={t("back")} icon={<BackIcon />} onClick={onBack} />}
        <Avatar user={counterpart} name={name} online={presence?.online} />
        <div className="msg-chat-who">
          <h2 ref={titleRef} className="msg-chat-name" tabIndex={-1}>
            <bdi>{name}</bdi>
            {muted && (
              <span className="msg-list-muted">
                <BellOffIcon />
                <span className="msg-hidden">{t("muted")}</span>
              </span>
            )}
          </h2>
          {presence && !counterpart.erased && <PresenceWords presence={presence} />}
        </div>
        <ConversationMenu {...props} name={name} />
        {onClose && <IconButton label={t("close")} icon={<CloseIcon />} onClick={onClose} />}
      </div>
      {product && <ProductStrip product={product} />}
    </header>
  );
}

function PresenceWords({ presence }: { presence: Presence }) {
  const t = useText(chatStrings);
  const { locale } = useMessagingContext();
  const now = useClock(60_000);
  const { online, lastSeenAt } = presence;
  const words = online
    ? t("online")
    : lastSeenAt && t("lastSeen", { time: ago(lastSeenAt, now, locale) ?? t("justNow") });
  return words ? (
    <p className="msg-chat-presence" data-state={online ? "online" : "away"}>
      {words}
    </p>
  ) : null;
}

type ConversationMenuProps = ChatHeaderProps & { name: string };

function ConversationMenu({ conversation, name, onSearch, onBlock, onConfigure }: ConversationMenuProps) {
  const t = useText(chatStrings);
  const [open, setOpen] = useState(false);
  const { archived, muted, blocked, closed } = conversation;
  const items = [
    { key: "search", label: t("menuSearch"), onSelect: onSearch },
    { key: "mute", label: t(muted ? "menuUnmute" : "menuMute"), onSelect: () => onConfigure({ muted: !muted }) },
    {
      key: "archive",
      label: t(archived ? "menuUnarchive" : "menuArchive"),
      onSelect: () => onConfigure({ archived: !archived }),
    },
  ];
  const block =
    blocked === "byMe"
      ? { key: "block", label: t("menuUnblock", { name }), onSelect: () => onConfigure({ blocked: false }) }
      : { key: "block", label: t("menuBlock", { name }), danger: true, onSelect: onBlock };
  return (
    <Menu label={t("menu")} items={closed ? items : [...items, block]} open={open} onOpenChange={setOpen} />
  );
}
