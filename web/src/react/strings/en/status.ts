// English: how the connection stands.
export const status = {
  statusConnecting: "Connecting…",
  statusCatchingUp: "Catching up…",
  statusLive: "Live",
  statusPolling: "Updates every few seconds",
  statusOffline: "Offline",
  statusSignedOut: "Signed out",
  statusStopped: "Disconnected",
  statusTooMany: "Open in too many windows",
  statusRevoked: "This session was ended",
  statusRetryIn: "next try in {seconds} s",
  statusTryNow: "Try now",
  statusReconnect: "Reconnect",
  statusSignIn: "Sign in",
};
