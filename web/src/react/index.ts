// The React package: what a shop puts into its pages, and hooks for whoever builds their own.
export { ChatWindow, type ChatWindowProps, type MessageTarget } from "./chat-window/chat-window";
export { ConversationList, type ConversationListProps } from "./conversation-list/conversation-list";
export { Inbox, type InboxProps } from "./inbox/inbox";
export type { Theme } from "./messaging-context";
export { MessageNotifications, type MessageNotificationsProps } from "./notifications/message-notifications";
export { MessagingProvider, type MessagingProviderProps } from "./provider";
export { StartConversationButton, type StartConversationButtonProps } from "./start-conversation-button";
export type { StringOverrides, Strings } from "./strings/types";
export type { Phrase, Plural } from "./text";
export { type ConversationHook, useConversation } from "./use-conversation";
export { type Conversations, useConversations } from "./use-conversations";
export { useMessaging, useMessagingState } from "./use-messaging";
export { useUnread } from "./use-unread";
export { useWebSocket, type WebSocketHook } from "./use-web-socket";
export { WebSocketStatus, type WebSocketStatusProps } from "./web-socket-status";
