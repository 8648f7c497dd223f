// What the page has one of: its network, its session, and what the visitor has chosen; with a hook for each.
import { useSyncExternalStore } from "react";
import { createAccounts } from "./accounts";
import { demoPassword, personOf } from "./marketplace";
import { createNetwork } from "./network";
import { createSession, type Who } from "./session";
import { kept, storedChoice, type StoredChoice } from "./stored-choice";

export const network = createNetwork({ fetch: window.fetch, WebSocket: window.WebSocket });

export const session = createSession({
  accounts: createAccounts(network.fetch),
  demo(id) {
    const person = personOf(id);
    return person && { email: person.email, password: demoPassword };
  },
  shared: kept("localStorage"),
  own: kept("sessionStorage"),
});

export const languageChoice = storedChoice("brocante.language", ["auto", "en", "fr"]);
export const themeChoice = storedChoice("brocante.theme", ["system", "light", "dark"]);

/** Who this tab is; null for a visitor who is not signed in. */
export function useWho(): Who | null {
  return useSyncExternalStore(session.subscribe, session.who);
}

export function useIsCut(): boolean {
  return useSyncExternalStore(network.subscribe, network.isCut);
}

export function useChoice<T extends string>(choice: StoredChoice<T>): T {
  return useSyncExternalStore(choice.subscribe, choice.get);
}
