// The part of a found text around its first match, with the matches marked.

export interface SnippetPiece {
  readonly text: string;
  readonly marked: boolean;
}

const before = 28;
const longest = 140;

/** `highlights` are code points of `text`, end exclusive. */
export function snippetOf(text: string, highlights: readonly (readonly number[])[]): SnippetPiece[] {
  const points = [...text];
  const first = Math.min(...highlights.map(([start = 0]) => start), points.length);
  const from = first > before ? wordStart(points, first - before, first) : 0;
  const to = Math.min(points.length, from + longest);
  const pieces: SnippetPiece[] = [];
  const add = (start: number, end: number, marked: boolean) => {
    const part = points.slice(start, end).join("").replace(/\s+/g, " ");
    if (part) pieces.push({ text: part, marked });
  };
  let at = from;
  for (const [start = 0, end = 0] of [...highlights].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) {
    if (start < at || start >= to) continue;
    add(at, start, false);
    add(start, Math.min(end, to), true);
    at = Math.min(end, to);
  }
  add(at, to, false);
  if (from > 0) pieces.unshift({ text: "…", marked: false });
  if (to < points.length) pieces.push({ text: "…", marked: false });
  return pieces;
}

/** Begins after a space, if there is one. */
function wordStart(points: readonly string[], from: number, first: number): number {
  for (let at = from; at < first; at++) if (/\s/.test(points[at] ?? "")) return at + 1;
  return from;
}
