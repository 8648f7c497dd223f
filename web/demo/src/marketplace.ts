// Who sells what here. The service seeds its database from the same file, so that the two always agree.
import {
  people as seededPeople,
  products as seededProducts,
} from "../../../crates/api/demo/marketplace.json";

/** Somebody whom a visitor can be with one click. */
export interface DemoPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** The language in which this person writes. */
  readonly locale: string;
}

export interface DemoProduct {
  readonly id: string;
  readonly seller: string;
  readonly title: string;
  readonly description: string;
  readonly place: string;
  readonly priceMinor: number;
  readonly currency: string;
  readonly status: "available" | "reserved" | "sold";
}

export const people: readonly DemoPerson[] = seededPeople;
export const products = (seededProducts as readonly DemoProduct[]).map((product) => ({
  ...product,
  title: unbroken(product.title),
  description: unbroken(product.description),
}));

/** With which every demo person logs in. It protects nothing. */
export const demoPassword = "demo-marketplace";

export function personOf(id: string): DemoPerson | undefined {
  return people.find((person) => person.id === id);
}

export function productOf(id: string): DemoProduct | undefined {
  return products.find((product) => product.id === id);
}

export function productsOf(seller: string): readonly DemoProduct[] {
  return products.filter((product) => product.seller === seller);
}

export function pictureOf(product: DemoProduct): string {
  return `/pictures/${product.id}.svg`;
}

/** Keeps numbers and their units on one line, and French punctuation with its word. */
function unbroken(text: string): string {
  return text
    .replace(/(\d) (?=\d{3}\b|(?:mm|m|kg|°C)(?!\p{L}))/gu, "$1\u00a0")
    .replace(/ (?=[;:!?»])/g, "\u202f");
}

export function firstNameOf(name: string): string {
  return name.split(" ", 1)[0] ?? name;
}

/** Somebody with whom this person has a conversation already: it is the one to look at from both sides. */
export function counterpartOf(id: string | undefined): DemoPerson {
  const partners: Record<string, string> = { camille: "oliver", noah: "oliver", priya: "oliver" };
  const partner = personOf(partners[id ?? ""] ?? "camille") ?? people[0];
  if (!partner) throw new Error("The demo has no people.");
  return partner;
}
