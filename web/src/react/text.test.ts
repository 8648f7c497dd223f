import { describe, expect, test } from "vitest";
import { say } from "./text";

const unread = { one: "{count} message non lu", other: "{count} messages non lus" };

describe("a phrase", () => {
  test("takes its values, numbers in the reader's digits", () => {
    expect(say("{name}, {count}", "en", { name: "Inès", count: 1_234 })).toBe("Inès, 1,234");
  });

  test("keeps a place for which there is no value, and a value's own braces", () => {
    expect(say("{name} {what}", "en", { name: "{what}" })).toBe("{what} {what}");
  });

  test("has the plural of its language", () => {
    expect(say(unread, "fr", { count: 0 })).toBe("0 message non lu");
    expect(say(unread, "en", { count: 0 })).toBe("0 messages non lus");
  });
});
