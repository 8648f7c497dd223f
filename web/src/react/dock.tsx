// A chat in the corner of the page, or over all of it on a phone: where the shop has no page for conversations.
import { useLayoutEffect, useRef } from "react";
import { ChatWindow } from "./chat-window/chat-window";
import { hasPopovers } from "./popover";
import { useRootProps } from "./root-props";
import { chatStrings } from "./strings/chat";
import { useText } from "./use-text";

export interface DockProps {
  conversationId: string;
  onClose(): void;
}

export default function Dock({ conversationId, onClose }: DockProps) {
  const ref = useRef<HTMLDivElement>(null);
  const t = useText(chatStrings);

  useLayoutEffect(() => {
    const dock = ref.current;
    const opener = document.activeElement;
    // The top layer: above whatever the page has, wherever the provider stands in it.
    if (hasPopovers && dock && !dock.matches(":popover-open")) dock.showPopover();
    return () => {
      if (opener instanceof HTMLElement && dock?.contains(document.activeElement)) opener.focus();
    };
  }, []);

  return (
    <div
      {...useRootProps("msg-dock")}
      ref={ref}
      popover={hasPopovers ? "manual" : undefined}
      role="dialog"
      aria-label={t("messages")}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        onClose();
      }}
    >
      <ChatWindow conversationId={conversationId} onClose={onClose} autoFocus />
    </div>
  );
}
