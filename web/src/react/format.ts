// Dates, times and prices in the reader's language. Formatters are slow to make, so each is made once.
import type { Product } from "../wire";

const dates = new Map<string, Intl.DateTimeFormat>();
const prices = new Map<string, Intl.NumberFormat>();
const distances = new Map<string, Intl.RelativeTimeFormat>();

const dayMs = 86_400_000;

function date(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const format = dates.get(key) ?? new Intl.DateTimeFormat(locale, options);
  dates.set(key, format);
  return format;
}

/** 14:05 or 2:05 PM, with as many digits as the language writes: 02:05 in French. */
export function timeOfDay(time: string, locale: string): string {
  return date(locale, { timeStyle: "short" }).format(new Date(time));
}

/** Date and time in full, for a title. */
export function fullTime(time: string, locale: string): string {
  return date(locale, { dateStyle: "full", timeStyle: "short" }).format(new Date(time));
}

/** The local calendar day of a time, as a number that grows by one each day. */
export function dayOf(time: string | number): number {
  const at = new Date(time);
  return Math.round(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / dayMs);
}

/** A calendar day as a separator shows it. Today and yesterday have words of their own. */
export function dayName(day: number, today: number, locale: string): string {
  const at = new Date(day * dayMs);
  const timeZone = "UTC";
  if (today - day < 7 && day <= today) {
    return capital(date(locale, { weekday: "long", timeZone }).format(at), locale);
  }
  const sameYear = at.getUTCFullYear() === new Date(today * dayMs).getUTCFullYear();
  return capital(
    date(locale, {
      weekday: sameYear ? "long" : undefined,
      day: "numeric",
      month: "long",
      year: sameYear ? undefined : "numeric",
      timeZone,
    }).format(at),
    locale,
  );
}

/** A day in the narrow column of a list. */
export function shortDay(day: number, today: number, locale: string): string {
  const at = new Date(day * dayMs);
  const timeZone = "UTC";
  if (today - day < 7 && day <= today) return date(locale, { weekday: "short", timeZone }).format(at);
  const sameYear = at.getUTCFullYear() === new Date(today * dayMs).getUTCFullYear();
  const options = sameYear ? ({ day: "numeric", month: "short" } as const) : ({ dateStyle: "short" } as const);
  return date(locale, { ...options, timeZone }).format(at);
}

/** "5 minutes ago", "yesterday"; undefined for less than a minute. */
export function ago(time: string, now: number, locale: string): string | undefined {
  const minutes = Math.floor((now - Date.parse(time)) / 60_000);
  if (minutes < 1) return undefined;
  const format = distances.get(locale) ?? new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  distances.set(locale, format);
  if (minutes < 60) return format.format(-minutes, "minute");
  const days = dayOf(now) - dayOf(time);
  if (days === 0 || minutes < 6 * 60) return format.format(-Math.floor(minutes / 60), "hour");
  return days < 30 ? format.format(-days, "day") : format.format(-Math.floor(days / 30), "month");
}

/** A product's price; undefined when it has none, or a currency that is none. */
export function priceOf(product: Product, locale: string): string | undefined {
  const { priceMinor, currency } = product;
  if (priceMinor === undefined || !currency) return undefined;
  const key = `${locale} ${currency}`;
  try {
    const format = prices.get(key) ?? new Intl.NumberFormat(locale, { style: "currency", currency });
    prices.set(key, format);
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(priceMinor / 10 ** digits);
  } catch {
    return undefined;
  }
}

function capital(words: string, locale: string): string {
  const first = [...words][0] ?? "";
  return first.toLocaleUpperCase(locale) + words.slice(first.length);
}
