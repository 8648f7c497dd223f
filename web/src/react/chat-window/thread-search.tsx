// Looks for words in one conversation, and goes from match to match.
import { useEffect, useRef, useState } from "react";
import { IconButton } from "../icon-button";
import { CloseIcon, DownIcon, SearchIcon, UpIcon } from "../icons";
import { chatStrings } from "../strings/chat";
import { useErrorText } from "../use-error-text";
import { useSearch } from "../use-search";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";

export interface ThreadSearchProps {
  conversationId: string;
  onShow(seq: number): void;
  onClose(): void;
}

export function ThreadSearch({ conversationId, onShow, onClose }: ThreadSearchProps) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const t = useText(chatStrings);
  const explain = useErrorText();
  const field = useRef<HTMLInputElement>(null);
  const { status, hits, hasMore, loadMore, error } = useSearch(query, conversationId);
  const shown = hits[at]?.message.seq;
  const show = useStableCallback(onShow);

  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (status === "ready" && shown !== undefined) show(shown);
  }, [status, shown, show]);

  function go(step: 1 | -1) {
    if (at + step >= 0 && at + step < hits.length) setAt(at + step);
    if (hasMore && at + 3 >= hits.length) loadMore();
  }

  const position =
    status === "failed"
      ? explain(error)
      : status === "loading"
        ? t("searchBusy")
        : status === "idle"
          ? ""
          : hits.length === 0
            ? t("threadSearchNone")
            : t("threadSearchPosition", { index: at + 1, total: `${hits.length}${hasMore ? "+" : ""}` });
  return (
    <search
      className="msg-thread-search"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <SearchIcon />
      <input
        ref={field}
        className="msg-search-field"
        type="search"
        dir="auto"
        maxLength={200}
        value={query}
        aria-label={t("threadSearchLabel")}
        placeholder={t("searchPlaceholder")}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
          event.preventDefault();
          go(event.shiftKey ? -1 : 1);
        }}
      />
      <span className="msg-thread-search-position" role="status">
        {position}
      </span>
      <IconButton
        label={t("threadSearchOlder")}
        icon={<UpIcon />}
        off={at + 1 >= hits.length}
        onClick={() => go(1)}
      />
      <IconButton label={t("threadSearchNewer")} off={at === 0} onClick={() => go(-1)} icon={<DownIcon />} />
      <IconButton label={t("close")} onClick={onClose} icon={<CloseIcon />} />
    </search>
  );
}
