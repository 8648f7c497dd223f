// The calls that begin, prolong and end a login.
import type { Problem } from "../../src/wire";

/** What the service gives to whoever has logged in. */
export interface Granted {
  readonly user: { readonly id: string; readonly displayName: string };
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/** Why a call came to nothing. */
export class Refusal extends Error {
  /** `problem` is null when the service could not be reached, or did not say why. */
  constructor(readonly problem: Problem | null) {
    super(problem?.detail ?? "The service cannot be reached.");
    this.name = "Refusal";
  }
}

export interface Accounts {
  login(email: string, password: string): Promise<Granted>;
  register(email: string, password: string, displayName: string): Promise<Granted>;
  refresh(refreshToken: string): Promise<Granted>;
  logout(accessToken: string, refreshToken: string): Promise<void>;
}

/** All of these reject with a `Refusal`. */
export function createAccounts(fetch: typeof globalThis.fetch): Accounts {
  async function call(name: string, body: object, accessToken?: string): Promise<unknown> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(`/api/auth/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
      answer = response.status === 204 ? null : await response.json();
    } catch {
      throw new Refusal(null);
    }
    if (response.ok) return answer;
    throw new Refusal(isProblem(answer) ? answer : null);
  }

  return {
    login: async (email, password) => (await call("login", { email, password })) as Granted,
    register: async (email, password, displayName) =>
      (await call("register", { email, password, displayName })) as Granted,
    refresh: async (refreshToken) => (await call("refresh", { refreshToken })) as Granted,
    logout: async (accessToken, refreshToken) => void (await call("logout", { refreshToken }, accessToken)),
  };
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === "object" && answer !== null && "code" in answer && "detail" in answer;
}
