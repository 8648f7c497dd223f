//! The demo marketplace: a few people, what they sell, and what they have said so far.
//!
//! It is seeded once, into a database that nobody has put anything into. A seeding that was interrupted
//! goes on at the next start.

use std::time::Duration;

use messaging_domain::{
    Accounts, ClientId, Content, Conversations, Cursor, Directory, DisplayName, Email, Error,
    Fault, NewAccount, Opening, Product, ProductId, ProductStatus, Profile, Seq, Text, Timestamp,
    UserId,
    directory::{parse_currency, parse_title, parse_url},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::Store;

/// The web's demo reads the same file, for what its pages say besides.
const MARKETPLACE: &str = include_str!("../demo/marketplace.json");

#[derive(Debug, Deserialize)]
struct Marketplace {
    password: String,
    people: Vec<Person>,
    products: Vec<Offer>,
    conversations: Vec<Talk>,
}

#[derive(Debug, Deserialize)]
struct Person {
    id: String,
    name: String,
    email: String,
    locale: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    id: String,
    seller: String,
    title: String,
    price_minor: i64,
    currency: String,
    status: String,
    url: String,
    image_url: String,
}

#[derive(Debug, Deserialize)]
struct Talk {
    product: String,
    buyer: String,
    read: Read,
    /// Who, how many minutes ago, and what.
    messages: Vec<(Speaker, u64, String)>,
}

/// Up to where each has read.
#[derive(Debug, Deserialize)]
struct Read {
    buyer: i64,
    seller: i64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    Buyer,
    Seller,
}

fn marketplace() -> Result<Marketplace, Error> {
    serde_json::from_str(MARKETPLACE)
        .map_err(|error| Error::field("demo", Fault::invalid(error.to_string())))
}

/// With which every demo person logs in. It protects nothing.
///
/// # Errors
/// When the embedded data does not parse, which a test rules out.
pub fn password() -> Result<String, Error> {
    Ok(marketplace()?.password)
}

/// Puts the demo into a store that asked for it ([`Store::begin_seeding`]). Every account gets this
/// password hash. Each step may be repeated: what an interrupted seeding has left is found again.
///
/// # Errors
/// Those of the store.
pub async fn seed(store: &Store, password_hash: String) -> Result<(), Error> {
    let Marketplace {
        people,
        products,
        conversations,
        ..
    } = marketplace()?;
    for person in &people {
        add_person(store, person, password_hash.clone()).await?;
    }
    for offer in &products {
        store.put_product(product(offer)?).await?;
    }
    let now = Timestamp::now();
    for talk in &conversations {
        if let Some(offer) = products.iter().find(|offer| offer.id == talk.product) {
            hold(store, talk, offer, now).await?;
        }
    }
    store.finish_seeding().await
}

fn user(id: &str) -> Result<UserId, Error> {
    UserId::parse(id).map_err(|fault| Error::field("demo.person", fault))
}

async fn add_person(store: &Store, person: &Person, password_hash: String) -> Result<(), Error> {
    let id = user(&person.id)?;
    let display_name =
        DisplayName::parse(&person.name).map_err(|fault| Error::field("demo.name", fault))?;
    let email = Email::parse(&person.email).map_err(|fault| Error::field("demo.email", fault))?;
    let account = NewAccount {
        user: id.clone(),
        email,
        password_hash,
        display_name: display_name.clone(),
        first_login: None,
    };
    match store.register(account).await {
        Ok(_) | Err(Error::EmailTaken) => {}
        Err(error) => return Err(error),
    }
    let profile = Profile {
        id,
        display_name,
        avatar_url: None,
        locale: Some(person.locale.clone()),
    };
    store.put_user(profile).await?;
    Ok(())
}

fn product(offer: &Offer) -> Result<Product, Error> {
    let faulty = |fault| Error::field("demo.product", fault);
    Ok(Product {
        id: ProductId::parse(&offer.id).map_err(faulty)?,
        seller: user(&offer.seller)?,
        title: Some(parse_title(&offer.title).map_err(faulty)?),
        image_url: Some(parse_url(&offer.image_url).map_err(faulty)?),
        url: Some(parse_url(&offer.url).map_err(faulty)?),
        price_minor: Some(offer.price_minor),
        currency: Some(parse_currency(&offer.currency).map_err(faulty)?),
        status: ProductStatus::parse(&offer.status).map_err(faulty)?,
    })
}

async fn hold(store: &Store, talk: &Talk, offer: &Offer, now: Timestamp) -> Result<(), Error> {
    let ago = |minutes: u64| now.minus(Duration::from_secs(minutes.saturating_mul(60)));
    let (buyer, seller) = (user(&talk.buyer)?, user(&offer.seller)?);
    let opening = Opening::new(
        buyer.clone(),
        seller.clone(),
        Some(product(offer)?.id),
        None,
    )?;
    let begun = talk
        .messages
        .first()
        .map_or(now, |(_, minutes, _)| ago(*minutes));
    let id = store.open_at(opening, begun).await?.conversation.id;
    let participants = store.participants(id).await?;
    for (place, (speaker, minutes, words)) in talk.messages.iter().enumerate() {
        let seat = participants.seat_of(match speaker {
            Speaker::Buyer => &buyer,
            Speaker::Seller => &seller,
        })?;
        let text = Text::parse(words).map_err(|fault| Error::field("demo.message", fault))?;
        let draft = seat.write(client_id(talk, place), Content::Text(text))?;
        store.append_at(draft, ago(*minutes)).await?;
    }
    for (reader, up_to) in [(&buyer, talk.read.buyer), (&seller, talk.read.seller)] {
        let seat = participants.seat_of(reader)?;
        store
            .advance(seat.advance(Cursor::Read, Seq::new(up_to)))
            .await?;
    }
    Ok(())
}

/// The id of a message of the demo: always the same one, so that it is sent once.
fn client_id(talk: &Talk, place: usize) -> ClientId {
    let name = format!("{} {} {place}", talk.product, talk.buyer);
    let digest = Sha256::digest(name);
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(digest)
        .for_each(|(byte, of_digest)| *byte = of_digest);
    ClientId::restore(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_embedded_marketplace_holds_together() {
        let Marketplace {
            people,
            products,
            conversations,
            ..
        } = marketplace().unwrap();
        assert!(people.len() >= 8 && products.len() >= 12 && conversations.len() >= 10);
        let known = |id: &String| people.iter().any(|person| person.id == *id);
        for offer in &products {
            assert!(known(&offer.seller), "{}", offer.seller);
            product(offer).unwrap();
            assert_eq!(offer.url, format!("/#/products/{}", offer.id));
            let picture = format!("../../web/demo/public{}", offer.image_url);
            assert!(Path::new(&picture).is_file(), "{picture}");
        }
        for talk in &conversations {
            let offer = products
                .iter()
                .find(|offer| offer.id == talk.product)
                .unwrap();
            assert!(
                known(&talk.buyer) && talk.buyer != offer.seller,
                "{}",
                talk.product
            );
            assert!(
                talk.messages
                    .iter()
                    .all(|(_, _, words)| Text::parse(words).is_ok())
            );
            assert!(
                talk.messages.is_sorted_by(|(_, a, _), (_, b, _)| a >= b),
                "{}",
                talk.product
            );
        }
    }
}
