// The demo's phrases in English.
import type { Words } from "./types";

export const en: Words = {
  skipToContent: "Skip to the content",
  nav: { label: "Main", market: "Market", messages: "Messages", sideBySide: "Side by side" },
  signIn: "Sign in",

  hero: {
    eyebrow: "A second-hand market, for trying things out",
    title: "Be somebody, find something, and write to its seller.",
    text:
      "The goods are painted, the conversations are real. One click makes you one of these eight people; " +
      "a second window makes you the person at the other end.",
    choose: "Who would you like to be?",
    ownAccount: "Or use an account of your own",
    hello: (name) => `Hello, ${name}.`,
    bothSides: "A conversation has two sides. See the other one live:",
    newAccount:
      "Your account is ready. Choose something below and write to its seller; then look at your message " +
      "from the other side.",
    openWindow: (name) => `Open a window as ${name}`,
    sideBySide: "See both side by side",
    newWindow: "(opens a new window)",
  },
  continueAs: (name) => `Continue as ${name}`,
  signingInAs: (name) => `Signing in as ${name}…`,
  about: {
    camille: "sells bicycles and books in Lyon",
    oliver: "restores cameras in Bristol",
    ines: "is moving house and sells furniture",
    noah: "buys more records than he has shelves",
    margaux: "makes ceramics in Nantes",
    amara: "climbs, and outgrows her gear",
    theo: "collects board games",
    priya: "is furnishing her first flat",
  },

  today: "On the market today",
  status: { available: "Available", reserved: "Reserved", sold: "Sold" },
  yours: "Yours",

  product: {
    back: "All of the market",
    soldBy: "Sold by",
    soldNote: "It has found a new home. You can still write to the seller.",
    reservedNote: "Somebody was faster, but you never know.",
    moreFrom: (name) => `More from ${name}`,
    missing: "This is no longer on the market.",
  },

  inbox: { title: "Messages" },

  sides: {
    title: "Side by side",
    text: "Two people, one screen: write on one side, and watch the other.",
    left: "Person on the left",
    right: "Person on the right",
    show: "Which side to show",
    unread: (count) => `${count} unread`,
    opening: (name) => `Opening ${name}’s messages…`,
  },

  account: {
    logIn: "Welcome back",
    register: "An account of your own",
    text: "It lives in this service’s database, and nowhere else.",
    email: "E-mail",
    password: "Password",
    passwordHint: "8 characters at least",
    displayName: "Your name",
    displayNameHint: "What sellers see",
    submitLogIn: "Log in",
    submitRegister: "Create the account",
    busy: "One moment…",
    noAccount: "No account yet?",
    toRegister: "Create one",
    haveAccount: "Have an account?",
    toLogIn: "Log in",
    orDemo: "Or be one of them, with one click",
    alreadyIn: (name) => `You are signed in as ${name}. Signing in here changes who you are in this tab.`,
  },

  menu: {
    open: (name) => `${name}: account and settings`,
    openSignedOut: "Settings",
    you: "You are",
    ownAccount: "an account of your own",
    switchTo: "Be somebody else",
    language: "Language",
    languageAuto: "Auto",
    theme: "Look",
    themeSystem: "Auto",
    themeLight: "Light",
    themeDark: "Dark",
    cut: "Cut the connection",
    cutHint: "Plays a lost network, in all tabs",
    signOut: "Sign out",
  },

  cut: {
    title: "The connection is cut.",
    text: "Your messages wait until it is back.",
    restore: "Restore it",
    refused: "Nobody can sign in while the connection is cut. Restore it, and try again.",
  },
  footer: {
    text: "Brocante is a demonstration: nothing here is for sale.",
    reference: "API reference",
    contract: "OpenAPI contract",
  },
  missing: { title: "Nothing here", text: "This page does not exist, or no longer.", back: "Back to the market" },

  refused(problem) {
    if (!problem) return "The service cannot be reached. Is it running, and are you online?";
    if (problem.code === "unauthenticated") return "This e-mail address and this password do not belong together.";
    if (problem.code === "rate_limited") {
      return `Too many attempts. Try again in ${seconds(problem.retryAfterMs)}.`;
    }
    if (problem.code === "overloaded") return "The service is busy. Try again in a moment.";
    return problem.errors?.length ? "Please look at the marked fields." : problem.detail;
  },
  fieldError(field, problem) {
    if (field === "email") {
      return problem.status === 409
        ? "There is an account with this address already."
        : "This is not an e-mail address.";
    }
    if (field === "password") return "A password has 8 characters at least.";
    if (field === "displayName") return "A name has 1 to 200 characters.";
    return null;
  },
  tryAgain: "Try again",
};

function seconds(milliseconds = 10_000): string {
  const count = Math.max(1, Math.ceil(milliseconds / 1_000));
  return count === 1 ? "a second" : `${count} seconds`;
}
