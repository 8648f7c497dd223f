import { describe, expect, test } from "vitest";
import { hueOf, initialsOf, nameOf, plain, safeUrl } from "./names";

describe("a name", () => {
  test("is on one line and turns nothing around", () => {
    expect(plain("a\u202eb\u2066c\u0000\nd\u200b")).toBe("a b c d");
    expect(plain("Z\u0316\u0317\u0318\u0319\u031Aalgo")).toBe("Z\u0316\u0317\u0318algo");
  });

  test("keeps what joins letters and emoji", () => {
    expect(plain("می\u200cخواهم 👨\u200d👩\u200d👧")).toBe("می\u200cخواهم 👨\u200d👩\u200d👧");
  });

  test("of nothing, or of an erased person, has words in its place", () => {
    expect(nameOf({ id: "x", displayName: "\u200b" }, "Deleted account", "Someone")).toBe("Someone");
    expect(nameOf({ id: "x", displayName: "Old", erased: true }, "Deleted account", "Someone")).toBe("Deleted account");
  });

  test("has initials in any script", () => {
    expect(["Inès Moreau", "Jean-Paul", "محمد", "<b>", "élise de la tour"].map(initialsOf)).toEqual(["IM", "JP", "م", "", "ÉT"]);
  });

  test("has the same colour everywhere", () => {
    expect(hueOf("camille")).toBe(hueOf("camille"));
    expect(new Set(["a", "b", "c", "d", "e", "f", "g", "h"].map(hueOf)).size).toBeGreaterThan(3);
  });
});

test("an address that would run something is none", () => {
  expect(["javascript:alert(1)", " java\nscript:x", "data:text/html,x", ""].map(safeUrl)).toEqual([undefined, undefined, undefined, undefined]);
  expect(safeUrl("/products/1")).toBe("/products/1");
  expect(safeUrl("https://a.example/x")).toBe("https://a.example/x");
});
