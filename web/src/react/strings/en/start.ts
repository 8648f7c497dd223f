// English: the button that starts a conversation.
export const start = {
  startLabel: "Write to {seller}",
  startBusy: "Opening the conversation…",
  startSignIn: "Sign in to write",
  startOwn: "This is your own listing.",
  startBlocked: "You and {seller} can’t write to each other.",
  startUnknown: "{seller} can’t be reached here any more.",
  startOffline: "You seem to be offline.",
  startRetry: "Try again",
};
