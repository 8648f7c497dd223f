// French: the badge of unread messages.
import type { NotificationStrings } from "../notifications";

export const notifications: NotificationStrings = {
  badge: "Messages",
  badgeUnread: { one: "Messages, {count} non lu", other: "Messages, {count} non lus" },
};
