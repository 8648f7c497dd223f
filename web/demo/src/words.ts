// The language of the demo's own phrases: the visitor's choice, or else the browser's.
import { useSyncExternalStore } from "react";
import { languageChoice, useChoice } from "./state";
import { en } from "./words/en";
import { fr } from "./words/fr";
import type { Words } from "./words/types";

const dictionaries = { en, fr };

type Language = keyof typeof dictionaries;

/** The language as a BCP 47 tag, with the reader's region where that is known: dates and prices show it. */
export function useLocale(): string {
  const choice = useChoice(languageChoice);
  return useSyncExternalStore(subscribe, () => localeFor(choice, navigator.languages));
}

export function useWords(): Words {
  return dictionaries[languageOf(useLocale()) ?? "en"];
}

/** The first of a reader's languages that the demo speaks and that was chosen; English when there is none. */
export function localeFor(choice: "auto" | Language, languages: readonly string[]): string {
  const spoken = languages.find((tag) => {
    const language = languageOf(tag);
    return language !== undefined && (choice === "auto" || choice === language);
  });
  return spoken ?? (choice === "auto" ? "en" : choice);
}

function languageOf(tag: string): Language | undefined {
  const language = tag.split("-", 1)[0]?.toLowerCase();
  return language === "en" || language === "fr" ? language : undefined;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("languagechange", listener);
  return () => window.removeEventListener("languagechange", listener);
}
