// What the conversation is about: picture, title, price, and whether it can still be had.
import { useState } from "react";
import type { Product } from "../../wire";
import { priceOf } from "../format";
import { BoxIcon } from "../icons";
import { useMessagingContext } from "../messaging-context";
import { safeUrl, titleOf } from "../names";
import { chatStrings } from "../strings/chat";
import { useText } from "../use-text";

export function ProductStrip({ product }: { product: Product }) {
  const t = useText(chatStrings);
  const { locale } = useMessagingContext();
  const [failed, setFailed] = useState<string>();
  const image = safeUrl(product.imageUrl);
  const href = safeUrl(product.url);
  const price = priceOf(product, locale);
  const content = (
    <>
      <span className="msg-product-image">
        {image && image !== failed ? (
          <img src={image} alt="" loading="lazy" referrerPolicy="no-referrer" onError={() => setFailed(image)} />
        ) : (
          <BoxIcon />
        )}
      </span>
      <span className="msg-product-words">
        <span className="msg-hidden">{t("product")}</span>
        <span className="msg-product-title">
          <bdi>{titleOf(product)}</bdi>
        </span>
        {price && (
          <span className="msg-product-price">
            <bdi>{price}</bdi>
          </span>
        )}
      </span>
      {(product.status === "reserved" || product.status === "sold") && (
        <span className="msg-tag" data-state={product.status}>
          {t(product.status)}
        </span>
      )}
    </>
  );
  return href ? (
    <a className="msg-product" href={href}>
      {content}
    </a>
  ) : (
    <div className="msg-product">{content}</div>
  );
}
