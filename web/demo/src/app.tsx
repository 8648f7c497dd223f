// The whole page: the messaging provider around the shell, and in it the page that the address names.
import { useCallback, useEffect, useState } from "react";
import { MessagingProvider } from "../../src/react";
import { Refusal } from "./accounts";
import { personOf, productOf } from "./marketplace";
import { InboxPage } from "./pages/inbox";
import { MarketPage } from "./pages/market";
import { MissingPage } from "./pages/missing";
import { ProductPage } from "./pages/product";
import { SideBySidePage } from "./pages/side-by-side";
import { SignInPage } from "./pages/sign-in";
import { go, links, replace, useRoute, type Route } from "./route";
import { Shell } from "./shell";
import { network, session, themeChoice, useChoice, useWho } from "./state";
import { useLocale, useWords } from "./words";
import type { Words } from "./words/types";

export function App() {
  const route = useRoute();
  const who = useWho();
  const locale = useLocale();
  const theme = useChoice(themeChoice);
  const words = useWords();
  const id = who?.id ?? null;
  const refusal = useAs(route);

  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    document.title = titleOf(route, words);
  }, [route, words]);

  const getToken = useCallback(
    (reason: { expired: boolean }) => (id === null ? null : session.tokenOf(id, reason)),
    [id],
  );

  return (
    <MessagingProvider
      userKey={id}
      getToken={getToken}
      locale={locale}
      theme={theme === "system" ? "inherit" : theme}
      onOpenConversation={(conversation) => go(links.inbox(conversation.id))}
      onSignIn={() => go(links.signIn(location.hash))}
      fetch={network.fetch}
      WebSocket={network.WebSocket}
    >
      <Shell route={route}>
        <Page route={route} refusal={refusal} />
      </Shell>
    </MessagingProvider>
  );
}

function Page({ route, refusal }: { route: Route; refusal: Refusal | null }) {
  switch (route.page) {
    case "market":
      return <MarketPage arrivingAs={personOf(route.as ?? "")} refusal={refusal} />;
    case "product":
      return <ProductPage key={route.id} id={route.id} />;
    case "inbox":
      return <InboxPage conversationId={route.conversationId} />;
    case "side-by-side":
      return <SideBySidePage left={route.left} right={route.right} />;
    case "sign-in":
      return <SignInPage next={route.next} />;
    case "missing":
      return <MissingPage />;
  }
}

/** Does what a link like `#/?as=oliver` asks: the visitor becomes that person. */
function useAs(route: Route): Refusal | null {
  const person = route.page === "market" ? personOf(route.as ?? "") : undefined;
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => {
    if (!person) return;
    let isWanted = true;
    session.continueAs(person.id).then(
      () => isWanted && replace(links.market()),
      (thrown: unknown) => isWanted && setRefusal(thrown instanceof Refusal ? thrown : new Refusal(null)),
    );
    return () => {
      isWanted = false;
      setRefusal(null);
    };
  }, [person]);
  return refusal;
}

function titleOf(route: Route, words: Words): string {
  const name = "Brocante";
  switch (route.page) {
    case "market":
      return name;
    case "product":
      return `${productOf(route.id)?.title ?? words.missing.title} · ${name}`;
    case "inbox":
      return `${words.nav.messages} · ${name}`;
    case "side-by-side":
      return `${words.sides.title} · ${name}`;
    case "sign-in":
      return `${words.signIn} · ${name}`;
    case "missing":
      return `${words.missing.title} · ${name}`;
  }
}
