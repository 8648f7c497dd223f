// The whole of it: the list and the thread, side by side where there is room, else one after the other.
import { type ComponentProps, useEffect, useRef, useState } from "react";
import type { Conversation } from "../../wire";
import { ChatWindow, type MessageTarget } from "../chat-window/chat-window";
import { ConnectionBar } from "../chat-window/connection-bar";
import { ConversationList } from "../conversation-list/conversation-list";
import { EmptyState } from "../empty-state";
import { IconButton } from "../icon-button";
import { ChatIcon, CloseIcon, SearchIcon } from "../icons";
import { useRootProps } from "../root-props";
import { chatStrings } from "../strings/chat";
import { useMessagingState } from "../use-messaging";
import { useSearch } from "../use-search";
import { useText } from "../use-text";
import { SearchResults } from "./search-results";

export interface InboxProps extends Omit<ComponentProps<"div">, "children"> {
  /** Which conversation is shown, where the page decides; null for none. */
  conversationId?: string | null;
  /** Which one is shown first, where the page does not. */
  defaultConversationId?: string | null;
  onConversationChange?(id: string | null): void;
}

type Target = MessageTarget & { conversationId: string };

export function Inbox({
  conversationId,
  defaultConversationId = null,
  onConversationChange,
  className,
  ...rest
}: InboxProps) {
  const t = useText(chatStrings);
  const [chosen, setChosen] = useState(defaultConversationId);
  const [target, setTarget] = useState<Target | null>(null);
  const [pressed, setPressed] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const signedOut = useMessagingState((state) => state.connection.status === "signed-out");
  const current = conversationId === undefined ? chosen : conversationId;

  function change(id: string | null) {
    setChosen(id);
    setPressed(id !== null);
    if (id !== current) onConversationChange?.(id);
  }
  function select(conversation: Conversation, seq?: number) {
    setTarget(seq === undefined ? null : { conversationId: conversation.id, seq });
    change(conversation.id);
  }

  // Back in the list, the focus is where one left it.
  const last = useRef<string | null>(null);
  useEffect(() => {
    const left = last.current;
    last.current = current;
    if (!left || current) return;
    const rows = list.current?.querySelectorAll<HTMLElement>("[data-id]") ?? [];
    (rows.length > 0 ? ([...rows].find((row) => row.dataset.id === left) ?? rows[0]) : undefined)?.focus();
  }, [current]);

  return (
    <div {...rest} {...useRootProps("msg-inbox", className)} data-view={current ? "thread" : "list"}>
      <div className="msg-inbox-panes">
        <div ref={list} className="msg-inbox-list">
          <Sidebar selectedId={current} signedOut={signedOut} onSelect={select} />
        </div>
        <div className="msg-inbox-thread">
          {current ? (
            <ChatWindow
              conversationId={current}
              onBack={() => change(null)}
              autoFocus={pressed && !target}
              target={target?.conversationId === current ? target : null}
            />
          ) : (
            !signedOut && <EmptyState icon={<ChatIcon />} title={t("noneSelected")} hint={t("noneSelectedHint")} />
          )}
        </div>
      </div>
    </div>
  );
}

interface SidebarProps {
  selectedId: string | null;
  signedOut: boolean;
  onSelect(conversation: Conversation, seq?: number): void;
}

function Sidebar({ selectedId, signedOut, onSelect }: SidebarProps) {
  const t = useText(chatStrings);
  const [query, setQuery] = useState("");
  const [archived, setArchived] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const search = useSearch(query);
  const clear = () => {
    setQuery("");
    field.current?.focus();
  };
  return (
    <>
      <div className="msg-inbox-top" hidden={signedOut}>
        <search className="msg-search">
          <SearchIcon />
          <input
            ref={field}
            className="msg-search-field"
            type="search"
            dir="auto"
            maxLength={200}
            value={query}
            aria-label={t("searchLabel")}
            placeholder={t("searchPlaceholder")}
            onChange={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape" || query === "") return;
              event.preventDefault();
              clear();
            }}
          />
          {query !== "" && <IconButton label={t("searchClear")} icon={<CloseIcon />} onClick={clear} />}
        </search>
        {search.status === "idle" && (
          <div className="msg-switch" role="group" aria-label={t("conversations")}>
            <button type="button" aria-pressed={!archived} onClick={() => setArchived(false)}>
              {t("inbox")}
            </button>
            <button type="button" aria-pressed={archived} onClick={() => setArchived(true)}>
              {t("archive")}
            </button>
          </div>
        )}
      </div>
      {selectedId === null && <ConnectionBar />}
      {search.status === "idle" ? (
        <ConversationList
          key={String(archived)}
          selectedId={selectedId}
          onSelect={onSelect}
          archived={archived}
          className="msg-inbox-scroller"
        />
      ) : (
        <div className="msg-inbox-scroller">
          <SearchResults query={query.trim()} search={search} selectedId={selectedId} onSelect={onSelect} />
        </div>
      )}
    </>
  );
}
