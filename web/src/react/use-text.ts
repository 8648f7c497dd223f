// Phrases in the reader's language, with what the shop has replaced.
import { useCallback } from "react";
import { useMessagingContext } from "./messaging-context";
import { type Phrase, say, type Values } from "./text";

/** The phrases of one part of the interface. */
export interface Area<Key extends string> {
  readonly en: Readonly<Record<Key, Phrase>>;
  readonly fr: Readonly<Record<Key, Phrase>>;
}

export type Translate<Key extends string> = (key: Key, values?: Values) => string;

export function useText<Key extends string>(area: Area<Key>): Translate<Key> {
  const { language, locale, strings } = useMessagingContext();
  return useCallback(
    (key, values) => {
      const replaced = (strings as Readonly<Record<string, Phrase | undefined>> | undefined)?.[key];
      return say(replaced ?? area[language][key], locale, values);
    },
    [area, language, locale, strings],
  );
}
