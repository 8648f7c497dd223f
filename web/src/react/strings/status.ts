// What the state of the connection is called.
import type { Phrase } from "../text";
import { status as en } from "./en/status";
import { status as fr } from "./fr/status";

export type StatusStrings = Record<keyof typeof en, Phrase>;

export const statusStrings = { en, fr };
