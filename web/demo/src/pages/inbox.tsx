// One's own messages, on a page of the shop.
import { Inbox } from "../../../src/react";
import { go, links } from "../route";
import { useWords } from "../words";

export function InboxPage({ conversationId }: { conversationId: string | null }) {
  const { inbox } = useWords();
  return (
    <div className="inbox-page">
      <h1 className="visually-hidden">{inbox.title}</h1>
      <Inbox conversationId={conversationId} onConversationChange={(id) => go(links.inbox(id))} />
    </div>
  );
}
