// Which language to speak, from what the shop or the browser says.
import type { StringOverrides } from "./strings/types";

export interface Speech {
  readonly language: "en" | "fr";
  readonly locale: string;
}

/**
 * English and French are here. Another language is spoken once the shop gives its phrases; until then dates
 * stay in the language of the words around them.
 */
export function speechFor(wanted: string, strings?: StringOverrides): Speech {
  const tag = canonical(wanted);
  const base = tag.split("-")[0];
  const language = base === "fr" ? "fr" : "en";
  return { language, locale: base === language || strings ? tag : language };
}

function canonical(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll("_", "-"))[0] ?? "en";
  } catch {
    return "en";
  }
}

export function subscribeToLanguage(listener: () => void): () => void {
  window.addEventListener("languagechange", listener);
  return () => window.removeEventListener("languagechange", listener);
}
