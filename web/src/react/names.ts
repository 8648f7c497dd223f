// Names of people and products as they may be shown: nothing in them disturbs what stands around them.
import type { Product, User } from "../wire";

// Directional controls and isolates, the invisible and the line-breaking.
const unruly = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** A letter may carry a few marks; a tower of them is somebody playing. */
const tower = /(\p{M}{3})\p{M}+/gu;

/** A name on one line, without what would turn its surroundings around. */
export function plain(name: string): string {
  return name.replace(unruly, " ").replace(tower, "$1").replace(/\s+/g, " ").trim();
}

export function nameOf(user: User, deleted: string, unnamed: string): string {
  return user.erased ? deleted : plain(user.displayName) || unnamed;
}

export function titleOf(product: Product): string {
  return plain(product.title ?? "") || product.id;
}

/** The first letters of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s\-–—]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return [first, last].map((word) => (word ? ([...word][0] ?? "") : "")).join("").toLocaleUpperCase();
}

/** Six quiet colours, the same one for the same person everywhere. */
export function hueOf(id: string): number {
  let sum = 7;
  for (let index = 0; index < id.length; index++) sum = (sum * 31 + id.charCodeAt(index)) >>> 0;
  return sum % 6;
}

/** An address that a link or picture may have; undefined for what would run or leak. */
export function safeUrl(url: string | undefined): string | undefined {
  if (!url) return undefined;
  try {
    const { protocol } = new URL(url, "https://relative.invalid");
    return protocol === "https:" || protocol === "http:" ? url : undefined;
  } catch {
    return undefined;
  }
}
