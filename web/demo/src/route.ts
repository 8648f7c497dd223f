// Which page the address names: everything after the `#`.
import { useMemo, useSyncExternalStore } from "react";

export type Route =
  /** `as` names whom a link asks the visitor to be. */
  | { page: "market"; as: string | null }
  | { page: "product"; id: string }
  | { page: "inbox"; conversationId: string | null }
  | { page: "side-by-side"; left: string | null; right: string | null }
  /** `next` is where to go afterwards. */
  | { page: "sign-in"; next: string | null }
  | { page: "missing" };

export const links = {
  market: () => "#/",
  as: (person: string) => `#/?as=${encodeURIComponent(person)}`,
  product: (id: string) => `#/products/${encodeURIComponent(id)}`,
  inbox: (conversationId?: string | null) =>
    conversationId ? `#/inbox/${encodeURIComponent(conversationId)}` : "#/inbox",
  sideBySide: (left?: string, right?: string) =>
    left && right ? `#/side-by-side?${new URLSearchParams({ left, right })}` : "#/side-by-side",
  signIn: (next?: string) => (next ? `#/sign-in?${new URLSearchParams({ next })}` : "#/sign-in"),
};

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const fields = new URLSearchParams(query);
  const [page = "", id, ...rest] = path.split("/").filter(Boolean).map(decoded);
  if (rest.length > 0) return { page: "missing" };
  if (page === "" && id === undefined) return { page: "market", as: fields.get("as") };
  if (page === "products" && id !== undefined) return { page: "product", id };
  if (page === "inbox") return { page: "inbox", conversationId: id ?? null };
  if (page === "side-by-side" && id === undefined) {
    return { page: "side-by-side", left: fields.get("left"), right: fields.get("right") };
  }
  if (page === "sign-in" && id === undefined) return { page: "sign-in", next: fields.get("next") };
  return { page: "missing" };
}

export function go(link: string): void {
  location.hash = link;
}

/** Goes there without leaving the present page in the history. */
export function replace(link: string): void {
  history.replaceState(null, "", link);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
