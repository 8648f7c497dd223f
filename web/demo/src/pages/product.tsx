// One product: its picture, what is to be known about it, and the way to its seller.
import { StartConversationButton } from "../../../src/react";
import { Face } from "../face";
import { BackIcon, PlaceIcon } from "../icons";
import { firstNameOf, personOf, pictureOf, productOf, productsOf } from "../marketplace";
import { formatPrice } from "../price";
import { ProductGrid } from "../product-grid";
import { links } from "../route";
import { useWho } from "../state";
import { useLocale, useWords } from "../words";

export function ProductPage({ id }: { id: string }) {
  const words = useWords();
  const locale = useLocale();
  const who = useWho();
  const product = productOf(id);
  const seller = product && personOf(product.seller);
  if (!product || !seller) {
    return (
      <section className="page missing">
        <h1>{words.missing.title}</h1>
        <p>{words.product.missing}</p>
        <a className="button" href={links.market()}>
          {words.missing.back}
        </a>
      </section>
    );
  }
  const more = productsOf(seller.id).filter((other) => other.id !== id);
  const notes = { available: null, reserved: words.product.reservedNote, sold: words.product.soldNote };
  const note = who?.id === seller.id ? null : notes[product.status];
  return (
    <div className="page product">
      <p>
        <a className="back" href={links.market()}>
          <BackIcon />
          {words.product.back}
        </a>
      </p>
      <article className="product-sheet">
        <img className="product-picture" src={pictureOf(product)} alt="" width="800" height="600" />
        <div className="product-words">
          <p className="status-chip" data-status={product.status}>
            {words.status[product.status]}
          </p>
          <h1 lang={seller.locale}>{product.title}</h1>
          <div className="product-facts">
            <p className="price">{formatPrice(product, locale)}</p>
            <p className="place faint">
              <PlaceIcon />
              {product.place}
            </p>
          </div>
          <div className="seller">
            <Face id={seller.id} name={seller.name} size="large" />
            <p>
              <span className="faint">{words.product.soldBy}</span>
              <strong>{seller.name}</strong>
              <span className="faint">{words.about[seller.id]}</span>
            </p>
            <div className="seller-contact">
              <StartConversationButton
                productId={product.id}
                sellerId={seller.id}
                sellerName={firstNameOf(seller.name)}
              />
              {note && <p className="faint">{note}</p>}
            </div>
          </div>
          <p className="description" lang={seller.locale}>
            {product.description}
          </p>
        </div>
      </article>
      {more.length > 0 && (
        <section aria-labelledby="more">
          <h2 id="more">{words.product.moreFrom(firstNameOf(seller.name))}</h2>
          <ProductGrid products={more} />
        </section>
      )}
    </div>
  );
}
