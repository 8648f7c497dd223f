// French: the button that starts a conversation.
import type { StartStrings } from "../start";

export const start: StartStrings = {
  startLabel: "Écrire à {seller}",
  startBusy: "Ouverture de la conversation…",
  startSignIn: "Se connecter pour écrire",
  startOwn: "C’est votre propre annonce.",
  startBlocked: "Vous et {seller} ne pouvez pas vous écrire.",
  startUnknown: "{seller} n’est plus joignable ici.",
  startOffline: "Vous semblez être hors ligne.",
  startRetry: "Réessayer",
};
