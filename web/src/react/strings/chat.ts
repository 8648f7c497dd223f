// What lists, threads, the composer and search say.
import type { Phrase } from "../text";
import { chat as en } from "./en/chat";
import { chat as fr } from "./fr/chat";

export type ChatStrings = Record<keyof typeof en, Phrase>;

export const chatStrings = { en, fr };
