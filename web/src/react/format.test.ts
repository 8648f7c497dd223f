import { describe, expect, test } from "vitest";
import { ago, dayName, dayOf, priceOf, shortDay, timeOfDay } from "./format";

const at = (day: number, hour = 12) => new Date(2026, 2, day, hour).toISOString();
const today = dayOf(at(20));
const spaces = (text: string | undefined) => text?.replace(/[\u00a0\u202f]/g, " ");

describe("times", () => {
  test("are as the reader's country writes them", () => {
    expect(spaces(timeOfDay(at(2, 14), "fr"))).toBe("14:00");
    expect(spaces(timeOfDay(at(2, 1), "fr"))).toBe("01:00");
    expect(spaces(timeOfDay(at(2, 14), "en-US"))).toBe("2:00 PM");
  });

  test("days grow by one, through a change of the clocks", () => {
    expect(dayOf(at(29, 23)) - dayOf(at(28, 0))).toBe(1);
    expect(dayOf(at(30, 0)) - dayOf(at(29, 23))).toBe(1);
  });

  test("a day of this week has its weekday, a later one its date", () => {
    expect(dayName(dayOf(at(17)), today, "en")).toBe("Tuesday");
    expect(dayName(dayOf(at(2)), today, "fr")).toBe("Lundi 2 mars");
    expect(dayName(dayOf(new Date(2024, 2, 2).toISOString()), today, "en-GB")).toBe("2 March 2024");
    expect(shortDay(dayOf(at(2)), today, "fr")).toBe("2 mars");
  });

  test("what was a moment ago is said so by whoever asks", () => {
    const now = Date.parse(at(20));
    expect(ago(at(20), now, "en")).toBeUndefined();
    expect(ago(new Date(now - 5 * 60_000).toISOString(), now, "fr")).toBe("il y a 5 minutes");
    expect(ago(at(19, 2), now, "en")).toBe("yesterday");
  });
});

describe("a price", () => {
  const product = { id: "p", sellerId: "s", status: "available" } as const;

  test("has as many digits as its currency", () => {
    expect(spaces(priceOf({ ...product, priceMinor: 18_050, currency: "EUR" }, "fr"))).toBe("180,50 €");
    expect(priceOf({ ...product, priceMinor: 500, currency: "JPY" }, "en")).toBe("¥500");
  });

  test("is left out when there is none or its currency is none", () => {
    expect(priceOf(product, "en")).toBeUndefined();
    expect(priceOf({ ...product, priceMinor: 1, currency: "nonsense" }, "en")).toBeUndefined();
  });
});
