import { expect, test } from "vitest";
import { speechFor } from "./locale";

test("the reader's language is spoken where it is known, with the habits of their country", () => {
  expect(speechFor("fr-CA")).toEqual({ language: "fr", locale: "fr-CA" });
  expect(speechFor("fr_FR")).toEqual({ language: "fr", locale: "fr-FR" });
  expect(speechFor("en-GB")).toEqual({ language: "en", locale: "en-GB" });
});

test("another language is English throughout, until the shop gives its phrases", () => {
  expect(speechFor("de")).toEqual({ language: "en", locale: "en" });
  expect(speechFor("de", { send: "Senden" })).toEqual({ language: "en", locale: "de" });
});

test("what is no language is English", () => {
  expect(speechFor("not a tag!")).toEqual({ language: "en", locale: "en" });
});
