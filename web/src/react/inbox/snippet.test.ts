import { describe, expect, test } from "vitest";
import { snippetOf } from "./snippet";

const shown = (text: string, highlights: number[][]) =>
  snippetOf(text, highlights).map(({ text, marked }) => (marked ? `[${text}]` : text)).join("");

describe("a snippet", () => {
  test("marks matches by code points, not by code units", () => {
    expect(shown("🎉🎉 vélo 🎉 bleu", [[3, 7], [10, 14]])).toBe("🎉🎉 [vélo] 🎉 [bleu]");
  });

  test("is the part around the first match, from the beginning of a word", () => {
    const text = `${"mot ".repeat(50)}vélo ${"mot ".repeat(50)}`;
    const snippet = shown(text, [[200, 204]]);
    expect(snippet).toMatch(/^…mot (mot )+\[vélo\] mot/);
    expect(snippet).toMatch(/…$/);
    expect([...snippet].length).toBeLessThan(160);
  });

  test("is on one line", () => {
    expect(shown("a\n\n b vélo", [[6, 10]])).toBe("a b [vélo]");
  });

  test("bears matches out of order, overlapping or beyond the text", () => {
    expect(shown("abcdef", [[3, 5], [0, 2], [4, 6], [10, 12]])).toBe("[ab]c[de]f");
    expect(shown("abc", [])).toBe("abc");
  });
});
