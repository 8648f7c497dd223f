// English: failures that may happen anywhere.
export const errors = {
  errorNetwork: "No answer from the service. Check your connection.",
  errorTooFast: "That was a little fast. Wait a moment, then try again.",
  errorBusy: "The service is busy. Try again in a moment.",
  errorSignedOut: "You are signed out.",
  errorOther: "That didn’t work.",
};
