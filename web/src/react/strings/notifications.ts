// What the badge of unread messages says.
import type { Phrase } from "../text";
import { notifications as en } from "./en/notifications";
import { notifications as fr } from "./fr/notifications";

export type NotificationStrings = Record<keyof typeof en, Phrase>;

export const notificationStrings = { en, fr };
