// What stands around every page: header, navigation, the word that the connection is cut, footer.
import { useEffect, useRef, type ReactNode } from "react";
import { MessageNotifications, useUnread, WebSocketStatus } from "../../src/react";
import { CutIcon, MarketIcon, MessagesIcon, SidesIcon } from "./icons";
import { PersonMenu } from "./person-menu";
import { links, type Route } from "./route";
import { network, useIsCut, useWho } from "./state";
import { useWords } from "./words";

export function Shell({ route, children }: { route: Route; children: ReactNode }) {
  const words = useWords();
  const who = useWho();
  const main = useFocusOnNewPage(route);
  const isFull = route.page === "inbox" || route.page === "side-by-side";
  const isThread = route.page === "inbox" && route.conversationId !== null;
  return (
    <div className="shell" data-full={isFull || undefined} data-thread={isThread || undefined}>
      <a
        className="skip"
        href="#content"
        onClick={(event) => {
          // The address names the page, so that it cannot also name a place on it.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {words.skipToContent}
      </a>
      <div className="top">
        <CutBanner />
        <header className="header">
          <div className="header-inner">
            <a className="brand" href={links.market()}>
              <img src="/favicon.svg" alt="" width="32" height="32" />
              <span>Brocante</span>
            </a>
            <Navigation route={route} place="top" />
            <div className="header-tools">
              {who && <WebSocketStatus className="status-words" />}
              {who && <WebSocketStatus className="status-dot" compact />}
              {who && <MessageNotifications inboxHref={links.inbox()} sound desktop />}
              {!who && route.page !== "sign-in" && (
                <a className="button" data-kind="quiet" href={links.signIn()}>
                  {words.signIn}
                </a>
              )}
              <PersonMenu />
            </div>
          </div>
        </header>
      </div>
      <main id="content" ref={main} tabIndex={-1}>
        {children}
      </main>
      {!isFull && <Footer />}
      <Navigation route={route} place="bottom" />
    </div>
  );
}

function Navigation({ route, place }: { route: Route; place: "top" | "bottom" }) {
  const words = useWords();
  const unread = useUnread();
  const items = [
    { page: "market", href: links.market(), label: words.nav.market, icon: <MarketIcon /> },
    { page: "inbox", href: links.inbox(), label: words.nav.messages, icon: <MessagesIcon /> },
    { page: "side-by-side", href: links.sideBySide(), label: words.nav.sideBySide, icon: <SidesIcon /> },
  ];
  return (
    <nav className={`nav nav-${place}`} aria-label={words.nav.label}>
      {items.map(({ page, href, label, icon }) => (
        <a key={page} href={href} aria-current={route.page === page ? "page" : undefined}>
          <span className="nav-icon">
            {icon}
            {page === "inbox" && unread > 0 && <span className="nav-dot" />}
          </span>
          {label}
        </a>
      ))}
    </nav>
  );
}

function CutBanner() {
  const words = useWords();
  const isCut = useIsCut();
  return (
    <div className="cut-banner" role="status" hidden={!isCut}>
      {isCut && (
        <>
          <CutIcon />
          <span>
            {words.cut.title} <span className="cut-more">{words.cut.text}</span>
          </span>
          <button type="button" onClick={() => network.cut(false)}>
            {words.cut.restore}
          </button>
        </>
      )}
    </div>
  );
}

function Footer() {
  const words = useWords();
  return (
    <footer className="footer">
      <p>{words.footer.text}</p>
      <p>
        <a href="/docs">{words.footer.reference}</a>
        <a href="/openapi.json">{words.footer.contract}</a>
      </p>
    </footer>
  );
}

/** Somebody who follows a link starts at the top of the new page, with eyes and with a screen reader. */
function useFocusOnNewPage(route: Route) {
  const main = useRef<HTMLElement>(null);
  const page = route.page === "product" ? `product ${route.id}` : route.page;
  const previous = useRef(page);
  useEffect(() => {
    if (previous.current === page) return;
    previous.current = page;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [page]);
  return main;
}
