// Sessions of the demo: who a tab is, and that a refresh token is never used twice.
// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import { Refusal, type Accounts, type Granted } from "./accounts";
import { createSession, type Session } from "./session";
import type { Keeper } from "./stored-choice";

const quarterHour = 900;

/** The service's side of logins: each refresh token is good for one use, a second use ends its login. */
class Logins implements Accounts {
  readonly calls: string[] = [];
  expiresIn = quarterHour;
  isReachable = true;
  #count = 0;
  #good = new Set<string>();

  login(email: string, password: string): Promise<Granted> {
    if (email === "camille@demo.example" && password !== "demo") return this.#refuse("login");
    return this.#grant("login", email.split("@")[0] ?? "");
  }

  register(email: string, _password: string, displayName: string): Promise<Granted> {
    return this.#grant("register", email.split("@")[0] ?? "", displayName);
  }

  refresh(refreshToken: string): Promise<Granted> {
    if (this.isReachable && !this.#good.delete(refreshToken)) return this.#refuse("refresh");
    return this.#grant("refresh", refreshToken.split(":")[0] ?? "");
  }

  async logout(_accessToken: string, refreshToken: string): Promise<void> {
    this.calls.push("logout");
    if (!this.isReachable) throw new Refusal(null);
    this.#good.delete(refreshToken);
  }

  endAll(): void {
    this.#good.clear();
  }

  async #grant(call: string, id: string, displayName = id): Promise<Granted> {
    this.calls.push(call);
    await Promise.resolve();
    if (!this.isReachable) throw new Refusal(null);
    const refreshToken = `${id}:${++this.#count}`;
    this.#good.add(refreshToken);
    const { expiresIn } = this;
    return { user: { id, displayName }, accessToken: `access ${refreshToken}`, expiresIn, refreshToken };
  }

  async #refuse(call: string): Promise<never> {
    this.calls.push(call);
    await Promise.resolve();
    const problem = { type: "", title: "", status: 401, code: "unauthenticated", detail: "" } as const;
    throw new Refusal(problem);
  }
}

function keeper(): Keeper {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/** What `navigator.locks` does, for the tabs of one test. */
function locks() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(name: string, task: () => Promise<T>): Promise<T> => {
    const turn = (last.get(name) ?? Promise.resolve()).then(task, task);
    last.set(name, turn);
    return turn;
  };
}

describe("a session", () => {
  let accounts: Logins;
  let shared: Keeper;
  let alone: ReturnType<typeof locks>;

  function tab(own = keeper()): Session {
    const demo = (id: string) =>
      id === "camille" || id === "oliver" ? { email: `${id}@demo.example`, password: "demo" } : undefined;
    return createSession({ accounts, demo, shared, own, alone });
  }

  beforeEach(() => {
    accounts = new Logins();
    shared = keeper();
    alone = locks();
  });

  it("begins with nobody", async () => {
    const session = tab();
    expect(session.who()).toBeNull();
    expect(await session.tokenOf("camille", { expired: false })).toBeNull();
    expect(accounts.calls).toEqual([]);
  });

  it("makes the tab a demo person with one call", async () => {
    const session = tab();
    await session.continueAs("camille");
    expect(session.who()).toEqual({ id: "camille", name: "camille", isDemo: true });
    expect(await session.tokenOf("camille", { expired: false })).toBe("access camille:1");
    expect(accounts.calls).toEqual(["login"]);
  });

  it("tells its listeners, and gives the same object until something changes", async () => {
    const session = tab();
    let told = 0;
    session.subscribe(() => (told += 1));
    await session.continueAs("camille");
    expect(told).toBe(1);
    expect(session.who()).toBe(session.who());
  });

  it("is whoever was signed in last when a tab is new, and stays itself through a reload", async () => {
    const own = keeper();
    await tab(own).continueAs("camille");
    await tab().continueAs("oliver");
    expect(tab().who()?.id).toBe("oliver");
    expect(tab(own).who()?.id).toBe("camille");
  });

  it("uses the login that the browser has already", async () => {
    await tab().continueAs("camille");
    await tab().continueAs("camille");
    expect(accounts.calls).toEqual(["login"]);
  });

  it("refreshes a token that is about to end", async () => {
    accounts.expiresIn = 0;
    const session = tab();
    await session.continueAs("camille");
    accounts.expiresIn = quarterHour;
    expect(await session.tokenOf("camille", { expired: false })).toBe("access camille:2");
    expect(await session.tokenOf("camille", { expired: false })).toBe("access camille:2");
    expect(accounts.calls).toEqual(["login", "refresh"]);
  });

  it("gives another token when the last one was refused", async () => {
    const session = tab();
    await session.continueAs("camille");
    const first = await session.tokenOf("camille", { expired: false });
    expect(await session.tokenOf("camille", { expired: true })).not.toBe(first);
  });

  it("takes the token that another tab has got meanwhile, rather than refresh again", async () => {
    const [one, two] = [tab(), tab()];
    await one.continueAs("camille");
    await two.continueAs("camille");
    await one.tokenOf("camille", { expired: false });
    await two.tokenOf("camille", { expired: false });
    const tokens = await Promise.all([
      one.tokenOf("camille", { expired: true }),
      two.tokenOf("camille", { expired: true }),
    ]);
    expect(new Set(tokens)).toEqual(new Set(["access camille:2"]));
    expect(accounts.calls).toEqual(["login", "refresh"]);
  });

  it("refreshes once when ten tabs want a token at the same time", async () => {
    accounts.expiresIn = 0;
    await tab().continueAs("camille");
    accounts.expiresIn = quarterHour;
    const tabs = Array.from({ length: 10 }, () => tab());
    await Promise.all(tabs.map((each) => each.tokenOf("camille", { expired: false })));
    expect(accounts.calls).toEqual(["login", "refresh"]);
  });

  it("logs a demo person in anew when the refresh is refused", async () => {
    const session = tab();
    await session.continueAs("camille");
    await session.tokenOf("camille", { expired: false });
    accounts.endAll();
    expect(await session.tokenOf("camille", { expired: true })).toBe("access camille:2");
    expect(accounts.calls).toEqual(["login", "refresh", "login"]);
    expect(session.who()?.id).toBe("camille");
  });

  it("signs the owner of an account out when the refresh is refused", async () => {
    const session = tab();
    await session.register("zoe@example.org", "a long password", "Zoé");
    expect(session.who()).toEqual({ id: "zoe", name: "Zoé", isDemo: false });
    await session.tokenOf("zoe", { expired: false });
    accounts.endAll();
    expect(await session.tokenOf("zoe", { expired: true })).toBeNull();
    expect(session.who()).toBeNull();
  });

  it("keeps the login while the service cannot be reached", async () => {
    const session = tab();
    await session.logIn("zoe@example.org", "a long password");
    await session.tokenOf("zoe", { expired: false });
    accounts.isReachable = false;
    await expect(session.tokenOf("zoe", { expired: true })).rejects.toBeInstanceOf(Refusal);
    accounts.isReachable = true;
    expect(await session.tokenOf("zoe", { expired: true })).toBe("access zoe:2");
    expect(session.who()?.id).toBe("zoe");
  });

  it("says why a sign-in came to nothing, and changes nothing", async () => {
    const session = tab();
    await session.continueAs("oliver");
    await expect(session.logIn("camille@demo.example", "wrong")).rejects.toMatchObject({
      problem: { code: "unauthenticated" },
    });
    expect(session.who()?.id).toBe("oliver");
  });

  it("ends the login for all tabs of that person, and for no one else", async () => {
    const [one, two, other] = [tab(), tab(), tab()];
    await one.continueAs("camille");
    await two.continueAs("camille");
    await other.continueAs("oliver");
    await one.signOut();
    // What the browser tells its other tabs.
    window.dispatchEvent(new StorageEvent("storage", { key: "brocante.login.camille" }));
    expect([one.who(), two.who(), other.who()?.id]).toEqual([null, null, "oliver"]);
    expect(await two.tokenOf("camille", { expired: false })).toBeNull();
    expect(accounts.calls.at(-1)).toBe("logout");
  });

  it("signs out on this device even if the service cannot be reached", async () => {
    const session = tab();
    await session.continueAs("camille");
    accounts.isReachable = false;
    await session.signOut();
    expect(session.who()).toBeNull();
    expect(tab().who()).toBeNull();
  });

  it("lets a second person in without changing who the tab is", async () => {
    const session = tab();
    await session.continueAs("camille");
    await session.admit("oliver");
    expect(session.who()?.id).toBe("camille");
    expect(await session.tokenOf("oliver", { expired: false })).toBe("access oliver:2");
  });
});
