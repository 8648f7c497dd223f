// The market: a welcome, for visitors the people whom they can be, and everything that is for sale.
import { useCallback } from "react";
import { Refusal } from "../accounts";
import { Face } from "../face";
import { SidesIcon, WindowIcon } from "../icons";
import { counterpartOf, firstNameOf, pictureOf, productOf, products, type DemoPerson } from "../marketplace";
import { PeoplePicker } from "../people-picker";
import { ProductGrid } from "../product-grid";
import { Refused } from "../refused";
import { links } from "../route";
import type { Who } from "../session";
import { useWho } from "../state";
import { useWords } from "../words";

interface MarketPageProps {
  /** Whom a link asks the visitor to be. */
  arrivingAs: DemoPerson | undefined;
  refusal: Refusal | null;
}

export function MarketPage({ arrivingAs, refusal }: MarketPageProps) {
  const words = useWords();
  const who = useWho();
  return (
    <div className="page market">
      {arrivingAs ? (
        <Arrival person={arrivingAs} refusal={refusal} />
      ) : who ? (
        <Greeting who={who} />
      ) : (
        <Welcome />
      )}
      <section aria-labelledby="today">
        <h2 id="today">{words.today}</h2>
        <ProductGrid products={products} />
      </section>
    </div>
  );
}

function Welcome() {
  const { hero } = useWords();
  // The chosen card is gone with all others: the page goes on at its top.
  const toTop = useCallback(() => {
    window.scrollTo(0, 0);
    document.getElementById("content")?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <section className="hero">
        <div className="hero-words">
          <p className="eyebrow">{hero.eyebrow}</p>
          <h1>{hero.title}</h1>
          <p className="lead">{hero.text}</p>
        </div>
        <HeroPictures />
      </section>
      <section aria-labelledby="choose">
        <h2 id="choose">{hero.choose}</h2>
        <PeoplePicker onDone={toTop} look="cards" />
        <p className="after-people">
          <a href={links.signIn()}>{hero.ownAccount}</a>
        </p>
      </section>
    </>
  );
}

function HeroPictures() {
  return (
    <div className="hero-pictures" aria-hidden="true">
      {["desk-lamp", "velo-peugeot-1983", "leica-m3"].map((id) => {
        const product = productOf(id);
        return product && <img key={id} src={pictureOf(product)} alt="" width="800" height="600" />;
      })}
    </div>
  );
}

function Greeting({ who }: { who: Who }) {
  const { hero } = useWords();
  const other = counterpartOf(who.id);
  return (
    <section className="greeting">
      <div>
        <h1 dir="auto">{hero.hello(firstNameOf(who.name))}</h1>
        <p className="lead">{who.isDemo ? hero.bothSides : hero.newAccount}</p>
        <p className="greeting-ways">
          <a className="button" href={links.as(other.id)} target="_blank" rel="noopener">
            <WindowIcon />
            {hero.openWindow(firstNameOf(other.name))}
            <span className="visually-hidden"> {hero.newWindow}</span>
          </a>
          <a className="button" data-kind="quiet" href={links.sideBySide()}>
            <SidesIcon />
            {hero.sideBySide}
          </a>
        </p>
      </div>
      <div className="exchange" aria-hidden="true">
        {[other, who].map(({ id, name }) => (
          <div key={id} className="exchange-line">
            <Face id={id} name={name} />
            <div className="exchange-bubble">
              <i />
              <i />
            </div>
          </div>
        ))}
      </div>
    </section>
  );
}

function Arrival({ person, refusal }: { person: DemoPerson; refusal: Refusal | null }) {
  const words = useWords();
  return (
    <section className="greeting">
      <div>
        <h1>{words.hero.hello(firstNameOf(person.name))}</h1>
        {refusal ? (
          <Refused refusal={refusal} onRetry={() => location.reload()} />
        ) : (
          <p className="lead" role="status">
            {words.signingInAs(firstNameOf(person.name))}
          </p>
        )}
      </div>
    </section>
  );
}
