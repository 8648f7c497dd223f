// The demo's phrases in French. Narrow no-break spaces stand before the high punctuation.
import type { Words } from "./types";

export const fr: Words = {
  skipToContent: "Aller au contenu",
  nav: { label: "Principale", market: "Le marché", messages: "Messages", sideBySide: "Côte à côte" },
  signIn: "Se connecter",

  hero: {
    eyebrow: "Un marché d’occasion, pour essayer",
    title: "Devenez quelqu’un, dénichez un objet, écrivez à qui le vend.",
    text:
      "Les objets sont dessinés, les conversations sont vraies. Un clic fait de vous l’une de ces huit " +
      "personnes\u202f; une seconde fenêtre, celle qui vous répond.",
    choose: "Qui voulez-vous être\u202f?",
    ownAccount: "Ou utilisez votre propre compte",
    hello: (name) => `Bonjour, ${name}.`,
    bothSides: "Une conversation a deux côtés. Voyez l’autre en direct\u202f:",
    newAccount:
      "Votre compte est prêt. Choisissez un objet ci-dessous et écrivez à qui le vend\u202f; puis regardez " +
      "votre message de l’autre côté.",
    openWindow: (name) => `Ouvrir une fenêtre en tant que ${name}`,
    sideBySide: "Voir les deux côte à côte",
    newWindow: "(ouvre une nouvelle fenêtre)",
  },
  continueAs: (name) => `Devenir ${name}`,
  signingInAs: (name) => `Connexion en tant que ${name}…`,
  about: {
    camille: "vend des vélos et des livres à Lyon",
    oliver: "restaure des appareils photo à Bristol",
    ines: "déménage et vend ses meubles",
    noah: "achète plus de disques qu’il n’a d’étagères",
    margaux: "fait de la céramique à Nantes",
    amara: "grimpe, et use son matériel",
    theo: "collectionne les jeux de société",
    priya: "meuble son premier appartement",
  },

  today: "Aujourd’hui sur le marché",
  status: { available: "Disponible", reserved: "Réservé", sold: "Vendu" },
  yours: "À vous",

  product: {
    back: "Tout le marché",
    soldBy: "En vente par",
    soldNote: "L’objet a trouvé preneur. Vous pouvez tout de même écrire.",
    reservedNote: "Quelqu’un a été plus rapide, mais on ne sait jamais.",
    moreFrom: (name) => `Aussi chez ${name}`,
    missing: "Cet objet n’est plus sur le marché.",
  },

  inbox: { title: "Messages" },

  sides: {
    title: "Côte à côte",
    text: "Deux personnes, un écran\u202f: écrivez d’un côté, regardez l’autre.",
    left: "Personne de gauche",
    right: "Personne de droite",
    show: "Côté à montrer",
    unread: (count) => (count < 2 ? `${count} non lu` : `${count} non lus`),
    opening: (name) => `Ouverture des messages de ${name}…`,
  },

  account: {
    logIn: "Heureux de vous revoir",
    register: "Votre propre compte",
    text: "Il vit dans la base de données de ce service, et nulle part ailleurs.",
    email: "Adresse e-mail",
    password: "Mot de passe",
    passwordHint: "8 caractères au moins",
    displayName: "Votre nom",
    displayNameHint: "Celui que verront les autres",
    submitLogIn: "Se connecter",
    submitRegister: "Créer le compte",
    busy: "Un instant…",
    noAccount: "Pas encore de compte\u202f?",
    toRegister: "En créer un",
    haveAccount: "Déjà un compte\u202f?",
    toLogIn: "Se connecter",
    orDemo: "Ou devenez l’un d’eux, en un clic",
    alreadyIn: (name) =>
      `Vous êtes connecté en tant que ${name}. Se connecter ici change qui vous êtes dans cet onglet.`,
  },

  menu: {
    open: (name) => `${name}\u202f: compte et réglages`,
    openSignedOut: "Réglages",
    you: "Vous êtes",
    ownAccount: "votre propre compte",
    switchTo: "Devenir quelqu’un d’autre",
    language: "Langue",
    languageAuto: "Auto",
    theme: "Aspect",
    themeSystem: "Auto",
    themeLight: "Clair",
    themeDark: "Sombre",
    cut: "Couper la connexion",
    cutHint: "Simule une panne de réseau, dans tous les onglets",
    signOut: "Se déconnecter",
  },

  cut: {
    title: "La connexion est coupée.",
    text: "Vos messages attendent son retour.",
    restore: "La rétablir",
    refused: "Personne ne peut se connecter tant que le réseau est coupé. Rétablissez-le et réessayez.",
  },
  footer: {
    text: "Brocante est une démonstration\u202f: rien n’y est à vendre.",
    reference: "Référence de l’API",
    contract: "Contrat OpenAPI",
  },
  missing: {
    title: "Rien ici",
    text: "Cette page n’existe pas, ou n’existe plus.",
    back: "Retour au marché",
  },

  refused(problem) {
    if (!problem) return "Le service est injoignable. Tourne-t-il, et êtes-vous en ligne\u202f?";
    if (problem.code === "unauthenticated") return "Cette adresse et ce mot de passe ne vont pas ensemble.";
    if (problem.code === "rate_limited") {
      return `Trop d’essais. Réessayez dans ${seconds(problem.retryAfterMs)}.`;
    }
    if (problem.code === "overloaded") return "Le service est très occupé. Réessayez dans un instant.";
    return problem.errors?.length ? "Merci de revoir les champs signalés." : problem.detail;
  },
  fieldError(field, problem) {
    if (field === "email") {
      return problem.status === 409
        ? "Il existe déjà un compte avec cette adresse."
        : "Ce n’est pas une adresse e-mail.";
    }
    if (field === "password") return "Un mot de passe a au moins 8 caractères.";
    if (field === "displayName") return "Un nom a de 1 à 200 caractères.";
    return null;
  },
  tryAgain: "Réessayer",
};

function seconds(milliseconds = 10_000): string {
  const count = Math.max(1, Math.ceil(milliseconds / 1_000));
  return count === 1 ? "une seconde" : `${count} secondes`;
}
