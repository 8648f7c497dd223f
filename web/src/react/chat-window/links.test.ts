import { describe, expect, test } from "vitest";
import { linked } from "./links";

const hrefs = (text: string) => linked(text).flatMap((piece) => (typeof piece === "string" ? [] : [piece.href]));
const texts = (text: string) => linked(text).flatMap((piece) => (typeof piece === "string" ? [] : [piece.text]));

describe("links in a text", () => {
  test("addresses of the web and of mail become links", () => {
    expect(hrefs("see https://a.example/x and http://b.example or mailto:me@c.example")).toEqual([
      "https://a.example/x",
      "http://b.example/",
      "mailto:me@c.example",
    ]);
  });

  test("an address that begins with www is one of https", () => {
    expect(hrefs("www.a.example/x")).toEqual(["https://www.a.example/x"]);
    expect(hrefs("www. or www.nothing")).toEqual([]);
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://x.example", "//x.example"])(
    "%s stays text",
    (text) => expect(linked(text)).toEqual([text]),
  );

  test("what reads like one place and leads to another stays text", () => {
    expect(hrefs("https://bank.example@thief.example/")).toEqual([]);
    expect(hrefs("https://a.example/\u202egpj.exe")).toEqual(["https://a.example/"]);
  });

  test("a sentence keeps its punctuation, and brackets around an address stay around it", () => {
    expect(texts("(see https://a.example/x).")).toEqual(["https://a.example/x"]);
    expect(texts("https://a.example/wiki/B_(c)!")).toEqual(["https://a.example/wiki/B_(c)"]);
    expect(texts("« https://a.example/é », https://b.example/?q=1&r=2;")).toEqual([
      "https://a.example/é",
      "https://b.example/?q=1&r=2",
    ]);
  });

  test("the middle of a word is no address", () => {
    expect(hrefs("xhttps://a.example mewww.b.example")).toEqual([]);
  });

  test("the pieces together are the text", () => {
    const text = "a https://x.example/(b)), www.c.example.\n<b>mailto:d@e.example</b>";
    expect(linked(text).map((piece) => (typeof piece === "string" ? piece : piece.text)).join("")).toBe(text);
  });

  test("a hostile text takes no longer than others", () => {
    for (const text of ["https://a.example/" + ")".repeat(4_000), "www.".repeat(1_000), "http://".repeat(600), "(".repeat(4_000)]) {
      const began = performance.now();
      linked(text);
      expect(performance.now() - began).toBeLessThan(100);
    }
  });
});
