// French: how the connection stands.
import type { StatusStrings } from "../status";

export const status: StatusStrings = {
  statusConnecting: "Connexion…",
  statusCatchingUp: "Mise à jour…",
  statusLive: "En direct",
  statusPolling: "Actualisé toutes les quelques secondes",
  statusOffline: "Hors ligne",
  statusSignedOut: "Déconnecté",
  statusStopped: "Connexion arrêtée",
  statusTooMany: "Ouvert dans trop de fenêtres",
  statusRevoked: "Cette session a été fermée",
  statusRetryIn: "nouvel essai dans {seconds} s",
  statusTryNow: "Essayer maintenant",
  statusReconnect: "Se reconnecter",
  statusSignIn: "Se connecter",
};
