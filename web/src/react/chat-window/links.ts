// Finds the addresses in a text that may safely become links. Takes time in proportion to the text.

export interface Link {
  readonly text: string;
  readonly href: string;
}

// Quotes, brackets and directional controls end an address; what precedes it must not be part of a word.
const candidate = /(?:https?:\/\/|mailto:|www\.)[^\s<>"“”«»\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
const wordBefore = /[\p{L}\p{N}_@/.-]$/u;
const sentenceEnd = new Set(".,;:!?'’*_~…");
const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const longest = 2_048;

/** The text in order: plain pieces, and links. */
export function linked(text: string): (string | Link)[] {
  const pieces: (string | Link)[] = [];
  let done = 0;
  for (const match of text.matchAll(candidate)) {
    const found = withoutPunctuation(match[0]);
    const href = addressOf(found);
    if (!href || wordBefore.test(text.slice(Math.max(0, match.index - 2), match.index))) continue;
    if (match.index > done) pieces.push(text.slice(done, match.index));
    pieces.push({ text: found, href });
    done = match.index + found.length;
  }
  if (done < text.length) pieces.push(text.slice(done));
  return pieces;
}

/** Leaves a sentence its full stop, and the brackets around an address theirs. */
function withoutPunctuation(found: string): string {
  const counts = new Map<string, number>();
  for (const sign of found) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let end = found.length;
  for (; end > 0; end--) {
    const sign = found.charAt(end - 1);
    const opening = pairs[sign];
    if (opening) {
      const closed = counts.get(sign) ?? 0;
      if (closed <= (counts.get(opening) ?? 0)) break;
      counts.set(sign, closed - 1);
    } else if (!sentenceEnd.has(sign)) break;
  }
  return found.slice(0, end);
}

function addressOf(found: string): string | undefined {
  if (found.length > longest) return undefined;
  try {
    const url = new URL(/^www\./i.test(found) ? `https://${found}` : found);
    if (url.protocol === "mailto:") return /.@./.test(url.pathname) ? url.href : undefined;
    // "https://bank.example@thief.example" reads as the first and leads to the second.
    if (url.username || url.password || !url.hostname) return undefined;
    if (/^www\./i.test(found) && !/^www\.[^.]+\../i.test(url.hostname)) return undefined;
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
