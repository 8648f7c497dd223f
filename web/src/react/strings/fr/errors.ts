// French: failures that may happen anywhere.
import type { ErrorStrings } from "../errors";

export const errors: ErrorStrings = {
  errorNetwork: "Le service ne répond pas. Vérifiez votre connexion.",
  errorTooFast: "C’était un peu rapide. Patientez un instant, puis réessayez.",
  errorBusy: "Le service est très sollicité. Réessayez dans un instant.",
  errorSignedOut: "Vous êtes déconnecté.",
  errorOther: "Cela n’a pas fonctionné.",
};
