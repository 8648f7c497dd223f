// What failures that may happen anywhere are called.
import type { Phrase } from "../text";
import { errors as en } from "./en/errors";
import { errors as fr } from "./fr/errors";

export type ErrorStrings = Record<keyof typeof en, Phrase>;

export const errorStrings = { en, fr };
