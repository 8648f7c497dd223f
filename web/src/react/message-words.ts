// What is said in place of contents that are no text.
import { useMemo } from "react";
import type { Content } from "../wire";
import { useMessagingContext } from "./messaging-context";
import { chatStrings, type ChatStrings } from "./strings/chat";
import type { StringOverrides } from "./strings/types";
import { say } from "./text";
import { type Translate, useText } from "./use-text";

export interface Words {
  readonly t: Translate<keyof ChatStrings>;
  readonly locale: string;
  readonly strings?: StringOverrides;
}

export function useWords(): Words {
  const t = useText(chatStrings);
  const { locale, strings } = useMessagingContext();
  return useMemo(() => ({ t, locale, strings }), [t, locale, strings]);
}

/** What a person wrote, whatever the kind: to be found, told and read out. Nothing in what nobody wrote. */
export function writtenIn(content: Content): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "system":
    case "deleted":
      return "";
    default:
      return unknown(content, "");
  }
}

/**
 * What to make of a kind that only a newer service knows. Of one that the contract has, the compiler asks for
 * something better.
 */
export function unknown(_: never, instead: string): string {
  return instead;
}

/** A system message in words: the shop's phrase for its code, or that there is a notice. */
export function saidBySystem({ code, params }: Extract<Content, { kind: "system" }>, words: Words): string {
  const phrase = words.strings?.[`system_${code}`];
  return phrase ? say(phrase, words.locale, params) : words.t("systemNote");
}
