// Prices in the reader's way of writing them.
import type { DemoProduct } from "./marketplace";

/** Without minor units where there are none: "180 €", not "180,00 €". */
export function formatPrice({ priceMinor, currency }: DemoProduct, locale: string): string {
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    trailingZeroDisplay: "stripIfInteger",
  });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(priceMinor / 10 ** digits);
}
