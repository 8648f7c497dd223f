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

/** A system message in words: the shop's phrase for its code, or that there is a notice. */
export function saidBySystem({ code, params }: Extract<Content, { kind: "system" }>, words: Words): string {
  const phrase = words.strings?.[`system_${code}`];
  return phrase ? say(phrase, words.locale, params) : words.t("systemNote");
}
