// Products as cards: picture, title, price, place, and whether they can still be had.
import { pictureOf, personOf, type DemoProduct } from "./marketplace";
import { formatPrice } from "./price";
import { links } from "./route";
import { useWho } from "./state";
import { useLocale, useWords } from "./words";

export function ProductGrid({ products }: { products: readonly DemoProduct[] }) {
  return (
    <ul className="products">
      {products.map((product) => (
        <li key={product.id}>
          <ProductCard product={product} />
        </li>
      ))}
    </ul>
  );
}

function ProductCard({ product }: { product: DemoProduct }) {
  const words = useWords();
  const locale = useLocale();
  const isOwn = useWho()?.id === product.seller;
  return (
    <a className="product-card" href={links.product(product.id)} data-status={product.status}>
      <span className="product-card-picture">
        <img src={pictureOf(product)} alt="" width="800" height="600" loading="lazy" />
        {product.status !== "available" && <span className="ribbon">{words.status[product.status]}</span>}
        {isOwn && product.status === "available" && (
          <span className="ribbon" data-kind="own">
            {words.yours}
          </span>
        )}
      </span>
      <h3 className="product-card-title" lang={personOf(product.seller)?.locale}>
        {product.title}
      </h3>
      <span className="product-card-facts">
        <span className="price">{formatPrice(product, locale)}</span>
        <span className="faint">{product.place}</span>
      </span>
    </a>
  );
}
