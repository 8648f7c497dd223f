// Who this tab is, and the logins of this browser.
//
// A real shop keeps the session that it has (a cookie, as a rule) and has its own back end hand out access
// tokens that live for minutes; its `getToken` is one `fetch`. The demo has no back end but the service, so
// it keeps refresh tokens where any script of the page could read them. That is right for a demo only.
import { Refusal, type Accounts, type Granted } from "./accounts";
import type { Keeper } from "./stored-choice";

/** Somebody who is signed in. */
export interface Who {
  readonly id: string;
  readonly name: string;
  readonly isDemo: boolean;
}

export interface Session {
  /** Who this tab is; the same object until that changes. */
  who(): Who | null;
  subscribe(listener: () => void): () => void;
  /** Makes sure that a demo person has a login in this browser. Rejects with a `Refusal`. */
  admit(id: string): Promise<void>;
  /** Makes this tab a demo person. Rejects with a `Refusal`. */
  continueAs(id: string): Promise<void>;
  /** Makes this tab the owner of an account. Rejects with a `Refusal`. */
  logIn(email: string, password: string): Promise<void>;
  register(email: string, password: string, displayName: string): Promise<void>;
  /** Ends this person's login, for all tabs. */
  signOut(): Promise<void>;
  /** A good access token of a person, or null when there is no login. Rejects when it cannot be had now. */
  tokenOf(id: string, reason: { expired: boolean }): Promise<string | null>;
}

interface Login {
  readonly name: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** By this machine's clock, in milliseconds. */
  readonly grantedAt: number;
  readonly expiresAt: number;
}

export interface SessionOptions {
  accounts: Accounts;
  /** The credentials of somebody of the demo. */
  demo(id: string): { email: string; password: string } | undefined;
  /** What the tabs of the browser share, and what is this tab's own. */
  shared: Keeper;
  own: Keeper;
  /** Runs one task of that name at a time, in all tabs. */
  alone?<T>(name: string, task: () => Promise<T>): Promise<T>;
}

const PERSON = "brocante.person";
const LOGIN = "brocante.login.";

/** The service tells the client a minute before a token ends: a new one has to be given by then. */
const MARGIN = 90_000;

export function createSession(options: SessionOptions): Session {
  const { accounts, demo, shared, own, alone = oneAtATime() } = options;
  const listeners = new Set<() => void>();
  /** The last token that was given out for each person: if it was refused, it must not be given again. */
  const given = new Map<string, string>();
  // A new tab is whoever was signed in last; from then on it is itself.
  let present = whoIs(own.getItem(PERSON) ?? shared.getItem(PERSON));

  window.addEventListener("storage", (event) => {
    if (present && (event.key === LOGIN + present.id || event.key === null)) {
      if (!loginOf(present.id)) become(null);
    }
  });

  function loginOf(id: string): Login | null {
    const text = shared.getItem(LOGIN + id);
    return text === null ? null : (JSON.parse(text) as Login);
  }

  function keep({ user, accessToken, refreshToken, expiresIn }: Granted): Login {
    const grantedAt = Date.now();
    const expiresAt = grantedAt + expiresIn * 1_000;
    const login = { name: user.displayName, accessToken, refreshToken, grantedAt, expiresAt };
    shared.setItem(LOGIN + user.id, JSON.stringify(login));
    return login;
  }

  function whoIs(id: string | null): Who | null {
    const login = id === null ? null : loginOf(id);
    return id === null || !login ? null : { id, name: login.name, isDemo: demo(id) !== undefined };
  }

  function become(id: string | null): void {
    if (id === null) {
      if (shared.getItem(PERSON) === present?.id) shared.removeItem(PERSON);
      own.removeItem(PERSON);
    } else {
      own.setItem(PERSON, id);
      shared.setItem(PERSON, id);
    }
    present = whoIs(id);
    for (const listener of [...listeners]) listener();
  }

  function end(id: string): void {
    shared.removeItem(LOGIN + id);
    if (present?.id === id) become(null);
  }

  function admit(id: string): Promise<void> {
    return alone(LOGIN + id, async () => {
      const credentials = demo(id);
      if (!credentials || loginOf(id)) return;
      keep(await accounts.login(credentials.email, credentials.password));
    });
  }

  function isGood(id: string, login: Login, expired: boolean): boolean {
    const margin = Math.min(MARGIN, (login.expiresAt - login.grantedAt) / 2);
    return Date.now() < login.expiresAt - margin && !(expired && login.accessToken === given.get(id));
  }

  async function renewed(id: string, login: Login): Promise<Login | null> {
    try {
      return keep(await accounts.refresh(login.refreshToken));
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || thrown.problem?.code !== "unauthenticated") throw thrown;
    }
    const credentials = demo(id);
    if (credentials) return keep(await accounts.login(credentials.email, credentials.password));
    end(id);
    return null;
  }

  async function tokenOf(id: string, { expired }: { expired: boolean }): Promise<string | null> {
    const give = (login: Login | null): string | null => {
      if (login) given.set(id, login.accessToken);
      return login && login.accessToken;
    };
    const login = loginOf(id);
    if (!login || isGood(id, login, expired)) return give(login);
    // A refresh token is good for one use, and a second use counts as theft: of all tabs only one refreshes,
    // and the others find its new login when it is their turn.
    return alone(LOGIN + id, async () => {
      const latest = loginOf(id);
      return give(!latest || isGood(id, latest, expired) ? latest : await renewed(id, latest));
    });
  }

  async function signOut(): Promise<void> {
    if (!present) return;
    const { id } = present;
    // The page does not wait for the service, and is signed out even if that cannot be reached.
    become(null);
    await alone(LOGIN + id, async () => {
      const login = loginOf(id);
      shared.removeItem(LOGIN + id);
      if (!login) return;
      try {
        // Logging out wants a good access token too.
        const latest = isGood(id, login, false) ? login : await accounts.refresh(login.refreshToken);
        await accounts.logout(latest.accessToken, latest.refreshToken);
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown;
      }
    });
  }

  return {
    who: () => present,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    admit,
    async continueAs(id) {
      await admit(id);
      become(id);
    },
    async logIn(email, password) {
      const granted = await accounts.login(email, password);
      keep(granted);
      become(granted.user.id);
    },
    async register(email, password, displayName) {
      const granted = await accounts.register(email, password, displayName);
      keep(granted);
      become(granted.user.id);
    },
    signOut,
    tokenOf,
  };
}

/** Web Locks hold for all tabs; where a page has none (plain HTTP but for localhost) a tab minds itself. */
function oneAtATime(): NonNullable<SessionOptions["alone"]> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks) return async (name, task) => await locks.request(name, task);
  const last = new Map<string, Promise<unknown>>();
  return (name, task) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(task, task);
    last.set(name, turn);
    return turn;
  };
}
