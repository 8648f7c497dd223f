// A message's words as they were written: lines kept, addresses made links, and nothing ever read as markup.
import { memo } from "react";
import { linked } from "./links";

const rel = "noopener noreferrer nofollow ugc";

const picture = "\\p{Extended_Pictographic}(?:\\ufe0f|\\p{Emoji_Modifier})?";
const emoji = new RegExp(`^(?:(?:\\p{Regional_Indicator}{2}|${picture}(?:\\u200d${picture})*) ?){1,6}$`, "u");

export function isEmojiOnly(text: string): boolean {
  return text.length <= 60 && emoji.test(text);
}

export const MessageText = memo(function MessageText({ text }: { text: string }) {
  return (
    <span className="msg-text" data-emoji={isEmojiOnly(text) || undefined}>
      {linked(text).map((piece, index) =>
        typeof piece === "string" ? (
          piece
        ) : (
          <a key={index} className="msg-link" href={piece.href} target="_blank" rel={rel}>
            {piece.text}
          </a>
        ),
      )}
    </span>
  );
});
