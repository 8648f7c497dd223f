// English: the badge of unread messages.
export const notifications = {
  badge: "Messages",
  badgeUnread: { one: "Messages, {count} unread", other: "Messages, {count} unread" },
};
