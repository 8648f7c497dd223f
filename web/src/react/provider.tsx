// Gives the components below it their client and language, and docks a chat where the shop has no page for it.
import {
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { initialState } from "../client/initial";
import type { ClientOptions, MessagingClient } from "../client/types";
import type { Conversation } from "../wire";
import { held, hold, keyOf, notHeld, readyClient, tryNow } from "./client-registry";
import { speechFor, subscribeToLanguage } from "./locale";
import { MessagingContext, type MessagingContextValue, type Theme } from "./messaging-context";
import type { StringOverrides } from "./strings/types";

const Dock = lazy(() => import("./dock"));

interface Presentation {
  /** The reader's language, as a BCP 47 tag; the browser's when left out. */
  locale?: string;
  /** Phrases in place of the built-in ones, by key. */
  strings?: StringOverrides;
  /** Whether to follow the page's `color-scheme` or to force one. */
  theme?: Theme;
  /** How the shop shows a conversation; without it, a chat docks in the corner of the page. */
  onOpenConversation?(conversation: Conversation): void;
  /** What a "Sign in" button does. */
  onSignIn?(): void;
  children?: ReactNode;
}

interface WithClient {
  /** A client that the page has made. It is started, and never stopped. */
  client: MessagingClient;
}

interface WithOptions extends ClientOptions {
  client?: undefined;
  /** Who is signed in. Another one gets a client of their own, and the old one is stopped. */
  userKey?: string | null;
}

export type MessagingProviderProps = Presentation & (WithClient | WithOptions);

export function MessagingProvider(props: MessagingProviderProps) {
  const { locale, strings, theme = "inherit", onOpenConversation, onSignIn, children } = props;
  const source = useClient(props);
  const browserLocale = useSyncExternalStore(subscribeToLanguage, () => navigator.language, () => "en");
  const [docked, setDocked] = useState<string | null>(null);

  const openConversation = useCallback(
    (conversation: Conversation) => {
      if (onOpenConversation) onOpenConversation(conversation);
      else setDocked(conversation.id);
    },
    [onOpenConversation],
  );
  const value = useMemo<MessagingContextValue>(
    () => ({
      ...source,
      ...speechFor(locale ?? browserLocale, strings),
      strings,
      theme,
      openConversation,
      signIn: onSignIn,
    }),
    [source, locale, browserLocale, strings, theme, openConversation, onSignIn],
  );
  return (
    <MessagingContext value={value}>
      {children}
      {docked !== null && (
        <Suspense fallback={null}>
          <Dock conversationId={docked} onClose={() => setDocked(null)} />
        </Suspense>
      )}
    </MessagingContext>
  );
}

type Source = Pick<MessagingContextValue, "client" | "waiting" | "ready" | "reconnect">;

function useClient(props: WithClient | WithOptions): Source {
  const given = props.client;
  const options: ClientOptions | null = props.client ? null : props;
  const key = props.client ? "" : keyOf(props, props.userKey);

  // Tokens are asked for long after this render: the page's latest words about them count.
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const subscribe = useCallback(
    (listener: () => void) => {
      const first = latest.current;
      if (!first) return () => {};
      const getToken: ClientOptions["getToken"] = (reason) => (latest.current ?? first).getToken(reason);
      return hold(key, { ...pick(first), getToken }, listener);
    },
    [key],
  );
  const own = useSyncExternalStore(subscribe, () => held(key), () => notHeld);

  useEffect(() => given?.start(), [given]);

  return useMemo<Source>(
    () =>
      given
        ? {
            client: given,
            waiting: initialState,
            ready: () => Promise.resolve(given),
            reconnect: () => given.reconnect(),
          }
        : { ...own, ready: () => readyClient(key), reconnect: () => tryNow(key) },
    [given, own, key],
  );
}

function pick({ url, shareConnection, persist, fetch, WebSocket }: ClientOptions) {
  return { url, shareConnection, persist, fetch, WebSocket };
}
