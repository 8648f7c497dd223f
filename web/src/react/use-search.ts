// Looks for what is typed, a moment after the last key, and lets go of answers that nobody waits for any more.
import { useEffect, useState } from "react";
import type { Conversation, SearchHit } from "../wire";
import { useMessaging } from "./use-messaging";

export interface Search {
  readonly status: "idle" | "loading" | "ready" | "failed";
  readonly error?: unknown;
  readonly conversations: readonly Conversation[];
  /** Latest first. While `loading`, those of the words before. */
  readonly hits: readonly SearchHit[];
  readonly hasMore: boolean;
  loadMore(): void;
  retry(): void;
}

interface Found {
  query: string;
  error?: unknown;
  conversations: readonly Conversation[];
  hits: readonly SearchHit[];
  nextCursor?: string;
}

const pauseMs = 200;
const nothing: Found = { query: "", conversations: [], hits: [] };

/** `conversationId` keeps it to one conversation; without it, conversations are looked for too. */
export function useSearch(words: string, conversationId?: string): Search {
  const client = useMessaging();
  const query = [...words.trim()].slice(0, 200).join("");
  const [found, setFound] = useState(nothing);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (!client || !query) return;
    const { signal, abort } = abortable();
    const timer = setTimeout(() => {
      Promise.all([
        client.search(query, { conversationId, signal }),
        conversationId ? undefined : client.findConversations(query, signal),
      ]).then(
        ([page, inbox]) => {
          if (signal.aborted) return;
          setFound({ query, conversations: inbox?.items ?? [], hits: page.items, nextCursor: page.nextCursor });
        },
        (error: unknown) => {
          if (!signal.aborted) setFound({ ...nothing, query, error });
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      abort();
    };
  }, [client, query, conversationId, attempt]);

  const isCurrent = query !== "" && found.query === query;
  const { nextCursor } = found;
  return {
    status: query === "" ? "idle" : !isCurrent ? "loading" : found.error === undefined ? "ready" : "failed",
    error: found.error,
    conversations: query === "" ? [] : found.conversations,
    hits: query === "" ? [] : found.hits,
    hasMore: isCurrent && nextCursor !== undefined,
    loadMore() {
      if (!client || nextCursor === undefined) return;
      client.search(query, { conversationId, cursor: nextCursor }).then(
        (page) =>
          setFound((now) =>
            now.query === query && now.nextCursor === nextCursor
              ? { ...now, hits: [...now.hits, ...page.items], nextCursor: page.nextCursor }
              : now,
          ),
        // What was found stays; the button is there to be pressed again.
        () => {},
      );
    },
    retry() {
      setFound(nothing);
      setAttempt(attempt + 1);
    },
  };
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
