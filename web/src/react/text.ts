// Puts values into a phrase and picks the plural form that the reader's language wants.

/** Forms by the language's plural category; `other` serves where there is no better one. */
export type Plural = { readonly other: string } & Partial<Readonly<Record<Intl.LDMLPluralRule, string>>>;

/** Words with `{name}` for what is filled in. A `Plural` chooses by the value called `count`. */
export type Phrase = string | Plural;

export type Values = Readonly<Record<string, string | number>>;

const rules = new Map<string, Intl.PluralRules>();
const numbers = new Map<string, Intl.NumberFormat>();

export function say(phrase: Phrase, locale: string, values: Values = {}): string {
  const words = typeof phrase === "string" ? phrase : formOf(phrase, locale, Number(values.count));
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? inDigits(value, locale) : value;
  });
}

function formOf(plural: Plural, locale: string, count: number): string {
  const rule = rules.get(locale) ?? new Intl.PluralRules(locale);
  rules.set(locale, rule);
  return plural[rule.select(count)] ?? plural.other;
}

export function inDigits(value: number, locale: string): string {
  const format = numbers.get(locale) ?? new Intl.NumberFormat(locale);
  numbers.set(locale, format);
  return format.format(value);
}
