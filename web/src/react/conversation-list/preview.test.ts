import { describe, expect, test } from "vitest";
import type { Words } from "../message-words";
import { ines, me, ScriptedService } from "../scripted-service.test.support";
import { chatStrings } from "../strings/chat";
import { say } from "../text";
import { previewOf } from "./preview";

const words: Words = { t: (key, values) => say(chatStrings.en[key], "en", values), locale: "en" };
const quiet = { draft: undefined, typing: false };
const conversation = (text: string) => new ScriptedService().converse(ines, [text]);

describe("the last words of a conversation", () => {
  test("are on one line, and say whose they are", () => {
    expect(previewOf(conversation("a\n\n  b"), quiet, words)).toEqual({ kind: "other", text: "a b" });
    expect(previewOf(conversation("me: a"), quiet, words)).toEqual({ kind: "own", text: "You: a" });
  });

  test("give way to a draft, and a draft to somebody who is writing", () => {
    expect(previewOf(conversation("a"), { draft: "b ", typing: false }, words).text).toBe("Draft: b");
    expect(previewOf(conversation("a"), { draft: "b", typing: true }, words).kind).toBe("typing");
    expect(previewOf(conversation("a"), { draft: " \n", typing: false }, words).text).toBe("a");
  });

  test("stand for what is no text", () => {
    const one = conversation("a");
    const last = (content: object, senderId = ines.id) =>
      ({ ...one, lastMessage: { ...one.lastMessage, content, senderId } }) as typeof one;
    expect(previewOf(last({ kind: "deleted" }, me.id), quiet, words).text).toBe("You deleted this message");
    expect(previewOf(last({ kind: "offer" }), quiet, words).text).toBe("This kind of message can’t be shown here");
    const sold = { ...words, strings: { system_sold: "Sold for {price}" } };
    expect(previewOf(last({ kind: "system", code: "sold", params: { price: "€5" } }), quiet, sold).text).toBe("Sold for €5");
    expect(previewOf(last({ kind: "system", code: "else", params: {} }), quiet, sold).text).toBe("A notice from the marketplace");
  });
});
