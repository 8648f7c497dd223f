// What the button that starts a conversation says.
import type { Phrase } from "../text";
import { start as en } from "./en/start";
import { start as fr } from "./fr/start";

export type StartStrings = Record<keyof typeof en, Phrase>;

export const startStrings = { en, fr };
