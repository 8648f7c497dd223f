// What a list shows of a conversation in one line.
import type { Conversation, Message } from "../../wire";
import { type Words, saidBySystem, unknown, writtenIn } from "../message-words";

export interface Preview {
  readonly kind: "typing" | "draft" | "own" | "other" | "none";
  readonly text: string;
}

const longest = 160;

export function previewOf(
  conversation: Conversation,
  { draft, typing }: { draft: string | undefined; typing: boolean },
  words: Words,
): Preview {
  if (typing) return { kind: "typing", text: words.t("typingShort") };
  if (draft?.trim()) return { kind: "draft", text: words.t("draftPrefix", { text: oneLine(draft) }) };
  const message = conversation.lastMessage;
  if (!message) return { kind: "none", text: words.t("panelEmpty") };
  const own = message.senderId !== conversation.counterpart.id;
  const text = wordsOf(message, own, words);
  return writtenIn(message.content) && own
    ? { kind: "own", text: words.t("youPrefix", { text }) }
    : { kind: own ? "own" : "other", text };
}

function wordsOf({ content }: Message, own: boolean, words: Words): string {
  switch (content.kind) {
    case "text":
      return oneLine(content.text);
    case "deleted":
      return words.t(own ? "deletedOwn" : "deleted");
    case "system":
      return saidBySystem(content, words);
    default:
      return unknown(content, words.t("unknownKind"));
  }
}

function oneLine(text: string): string {
  return text.slice(0, longest * 2).replace(/\s+/g, " ").trim().slice(0, longest);
}
