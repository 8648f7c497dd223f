import { describe, expect, test } from "vitest";
import type { Phrase } from "../text";
import { chatStrings } from "./chat";
import { errorStrings } from "./errors";
import { notificationStrings } from "./notifications";
import { startStrings } from "./start";
import { statusStrings } from "./status";

const areas: Record<string, { en: Record<string, Phrase>; fr: Record<string, Phrase> }> = {
  chat: chatStrings,
  errors: errorStrings,
  notifications: notificationStrings,
  start: startStrings,
  status: statusStrings,
};
const all = Object.values(areas).flatMap(({ en, fr }) => Object.keys(en).map((key) => ({ key, en: en[key], fr: fr[key] })));

function forms(phrase: Phrase | undefined): string[] {
  return typeof phrase === "string" ? [phrase] : Object.values(phrase ?? {});
}

function places(phrase: Phrase | undefined): string[] {
  return [...new Set(forms(phrase).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();
}

describe("the phrases", () => {
  test.each(Object.keys(areas))("of %s are the same in both languages", (name) => {
    expect(Object.keys(areas[name]?.fr ?? {})).toEqual(Object.keys(areas[name]?.en ?? {}));
  });

  test("are under a key of their own", () => {
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  });

  test.each(all)("$key says something and has the same places in both languages", ({ en, fr }) => {
    for (const form of [...forms(en), ...forms(fr)]) expect(form.trim()).not.toBe("");
    expect(places(fr)).toEqual(places(en));
    expect(typeof fr).toBe(typeof en);
  });

  test("French has narrow no-break spaces where they belong, and no straight apostrophes", () => {
    for (const { fr } of all) {
      for (const form of forms(fr)) expect(form).not.toMatch(/[^\u202f][?!;:»]|«[^\u202f]|'/);
    }
  });
});
