//! Products: how they are shown, and described by their marketplace.

use messaging_domain::{
    self as domain, Error, Fault, ProductId, ProductStatus, UserId,
    directory::{parse_currency, parse_title, parse_url},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::faults::Faults;

/// What a conversation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The marketplace's id.
    #[schema(min_length = 1, max_length = 128)]
    pub id: String,
    /// Who sells it.
    pub seller_id: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// Where a picture is: `http`, `https`, or a path of the page's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image_url: Option<String>,
    /// Where its page is: `http`, `https`, or a path of the page's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Its price in the currency's minor unit (cents).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub price_minor: Option<i64>,
    /// The price's currency (ISO 4217).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// Whether it can still be had.
    #[schema(value_type = Availability)]
    pub status: &'static str,
}

/// Whether a product can still be had.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Availability {
    /// For sale.
    Available,
    /// Promised to somebody.
    Reserved,
    /// Gone.
    Sold,
    /// The marketplace has not said.
    Unknown,
}

impl From<&domain::Product> for Product {
    fn from(product: &domain::Product) -> Self {
        Self {
            id: product.id.as_str().to_owned(),
            seller_id: product.seller.as_str().to_owned(),
            title: product.title.clone(),
            image_url: product.image_url.clone(),
            url: product.url.clone(),
            price_minor: product.price_minor,
            currency: product.currency.clone(),
            status: product.status.as_str(),
        }
    }
}

/// What a marketplace says about a product.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutProduct {
    /// Who sells it.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub seller_id: Option<String>,
    /// What it is called: 1 to 300 characters on one line.
    #[schema(value_type = String, min_length = 1, max_length = 300)]
    pub title: Option<String>,
    /// Where a picture is: an `http` or `https` URL, or a path of the page's own site, such as `/pictures/1.svg`.
    #[schema(
        max_length = 2_048,
        pattern = "^([Hh][Tt][Tt][Pp][Ss]?://[^\\s\\x00-\\x1f\\x7f-\\x9f]+|/([^/\\\\\\s\\x00-\\x1f\\x7f-\\x9f][^\\s\\x00-\\x1f\\x7f-\\x9f]*)?)$"
    )]
    pub image_url: Option<String>,
    /// Where its page is: an `http` or `https` URL, or a path of the page's own site, such as `/products/1`.
    #[schema(
        max_length = 2_048,
        pattern = "^([Hh][Tt][Tt][Pp][Ss]?://[^\\s\\x00-\\x1f\\x7f-\\x9f]+|/([^/\\\\\\s\\x00-\\x1f\\x7f-\\x9f][^\\s\\x00-\\x1f\\x7f-\\x9f]*)?)$"
    )]
    pub url: Option<String>,
    /// Its price in the currency's minor unit (cents).
    #[schema(minimum = 0)]
    pub price_minor: Option<i64>,
    /// The price's currency (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// Whether it can still be had; `available` if left out.
    #[schema(value_type = Option<Availability>)]
    pub status: Option<String>,
}

impl PutProduct {
    /// Takes the request, for the id in the path.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self, id: &str) -> Result<domain::Product, Error> {
        let mut faults = Faults::new();
        let id = faults.required("id", Some(id), ProductId::parse);
        let seller = faults.required("sellerId", self.seller_id, |id| UserId::parse(&id));
        let title = faults.required("title", self.title, |title| parse_title(&title));
        let image_url = faults.optional("imageUrl", self.image_url, |url| parse_url(&url));
        let url = faults.optional("url", self.url, |url| parse_url(&url));
        let price_minor = faults.optional("priceMinor", self.price_minor, parse_price);
        let currency = faults.optional("currency", self.currency, |currency| {
            parse_currency(&currency)
        });
        let status = faults.optional("status", self.status, |status| {
            ProductStatus::parse(&status)
        });
        let product = id.zip(seller).map(|(id, seller)| domain::Product {
            title,
            image_url,
            url,
            price_minor,
            currency,
            status: status.unwrap_or(ProductStatus::Available),
            ..domain::Product::unknown(id, seller)
        });
        faults.finish(product)
    }
}

fn parse_price(price: i64) -> Result<i64, Fault> {
    if price >= 0 {
        Ok(price)
    } else {
        Err(Fault::invalid("a price is 0 or more"))
    }
}
