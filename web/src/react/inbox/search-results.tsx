// What a search in the inbox has found: conversations, then single messages.
import { ConversationRow } from "../conversation-list/conversation-row";
import type { Conversation, SearchHit } from "../../wire";
import { Avatar } from "../avatar";
import { EmptyState } from "../empty-state";
import { dayOf, fullTime, shortDay, timeOfDay } from "../format";
import { AlertIcon, SearchIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { writtenIn } from "../message-words";
import { nameOf } from "../names";
import { Skeleton } from "../skeleton";
import { chatStrings } from "../strings/chat";
import { useClock } from "../use-clock";
import { useErrorText } from "../use-error-text";
import type { Search } from "../use-search";
import { useStableCallback } from "../use-stable-callback";
import { useText } from "../use-text";
import { snippetOf } from "./snippet";

export interface SearchResultsProps {
  query: string;
  search: Search;
  selectedId: string | null;
  onSelect(conversation: Conversation, seq?: number): void;
}

export function SearchResults({ query, search, selectedId, onSelect }: SearchResultsProps) {
  const t = useText(chatStrings);
  const explain = useErrorText();
  const today = dayOf(useClock(60_000));
  const select = useStableCallback((conversation: Conversation) => onSelect(conversation));
  const { status, conversations, hits, error, retry } = search;
  const count = conversations.length + hits.length;
  return (
    <div className="msg-found" data-state={status} aria-busy={status === "loading"}>
      <p className="msg-hidden" role="status">
        {status === "ready" && count > 0 ? t("searchFound", { count }) : ""}
      </p>
      {status === "failed" ? (
        <EmptyState
          icon={<AlertIcon />}
          title={explain(error)}
          alert
          action={{ label: t("tryAgain"), run: retry }}
        />
      ) : count === 0 ? (
        status === "ready" ? (
          <div role="status">
            <EmptyState
              icon={<SearchIcon />}
              title={t("searchNothing", { query })}
              hint={t("searchNothingHint")}
            />
          </div>
        ) : (
          <Skeleton kind="list" label={t("searchBusy")} />
        )
      ) : (
        <>
          {conversations.length > 0 && (
            <section>
              <h2 className="msg-found-title">{t("searchConversations")}</h2>
              <ul className="msg-list-items" role="list">
                {conversations.map((conversation) => (
                  <ConversationRow
                    key={conversation.id}
                    conversation={conversation}
                    today={today}
                    selected={conversation.id === selectedId}
                    onSelect={select}
                  />
                ))}
              </ul>
            </section>
          )}
          {hits.length > 0 && (
            <section>
              <h2 className="msg-found-title">{t("searchMessages")}</h2>
              <ul className="msg-list-items" role="list">
                {hits.map((hit) => (
                  <FoundMessage
                    key={`${hit.conversation.id} ${hit.message.seq}`}
                    hit={hit}
                    today={today}
                    onSelect={onSelect}
                  />
                ))}
              </ul>
              {search.hasMore && (
                <div className="msg-list-more">
                  <button type="button" className="msg-text-button" onClick={search.loadMore}>
                    {t("loadMore")}
                  </button>
                </div>
              )}
            </section>
          )}
        </>
      )}
    </div>
  );
}

type FoundMessageProps = Pick<SearchResultsProps, "onSelect"> & { hit: SearchHit; today: number };

function FoundMessage({ hit: { message, conversation, highlights }, today, onSelect }: FoundMessageProps) {
  const t = useText(chatStrings);
  const { locale } = useMessagingContext();
  const { counterpart } = conversation;
  const name = nameOf(counterpart, t("deletedAccount"), t("unnamed"));
  const day = dayOf(message.createdAt);
  const text = writtenIn(message.content);
  return (
    <li className="msg-list-item">
      <button type="button" className="msg-list-row" onClick={() => onSelect(conversation, message.seq)}>
        <Avatar user={counterpart} name={name} />
        <span className="msg-list-who">
          <bdi className="msg-list-name">{name}</bdi>
        </span>
        <time className="msg-list-time" dateTime={message.createdAt} title={fullTime(message.createdAt, locale)}>
          {day === today ? timeOfDay(message.createdAt, locale) : shortDay(day, today, locale)}
        </time>
        <span className="msg-list-words msg-found-words" dir="auto">
          {message.senderId !== counterpart.id && <span className="msg-found-you">{t("you")} · </span>}
          {snippetOf(text, highlights).map((piece, index) =>
            piece.marked ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
          )}
        </span>
      </button>
    </li>
  );
}
