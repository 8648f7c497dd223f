//! What is there before anything breaks: people, products, the first conversations.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, SERVER_KEY},
    session::{Session, register},
    size::Size,
    world::World,
};

/// How often a call is made before it is given up.
const TRIES: usize = 40;

/// How many people have a password.
const ACCOUNTS: usize = 4;

/// Registers those who have a password; a service that is too broken for that goes without.
pub(crate) async fn people(cluster: &Cluster, world: &mut World) -> anyhow::Result<()> {
    let door = cluster.doors().into_iter().next().context("no node")?;
    for number in 0..ACCOUNTS {
        match register(&world.http, &door, number).await {
            Ok((user, account)) => {
                world.buyers.push(user.clone());
                world.keep_account(user, account);
            }
            Err(error) => world
                .recorder
                .note(format!("nobody could register: {error:#}")),
        }
    }
    Ok(())
}

/// What a marketplace does before anybody talks: it says who is who.
pub(crate) async fn directory(cluster: &Cluster, world: &World) -> anyhow::Result<()> {
    let door = cluster.doors().into_iter().next().context("no node")?;
    let base = format!("http://{}/api/server", door.address);
    let signed = |user: &&String| world.account(user).is_none();
    for user in world.buyers.iter().chain(&world.sellers).filter(signed) {
        put(
            world,
            format!("{base}/users/{user}"),
            json!({"displayName": user}),
        )
        .await?;
    }
    for seller in &world.sellers {
        for number in 0..3 {
            let product = format!("{base}/products/product-{number}-{seller}");
            let body = json!({"sellerId": seller, "title": format!("Thing {number} of {seller}")});
            put(world, product, body).await?;
        }
    }
    Ok(())
}

/// A call of the server side, again while it is refused as overloaded.
async fn put(world: &World, url: String, body: Value) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        let put = world.http.put(&url).bearer_auth(SERVER_KEY).json(&body);
        let answer = put.send().await?;
        match answer.status().as_u16() {
            200 => return Ok(()),
            503 => sleep(Duration::from_millis(50)).await,
            _ => bail!("{url}: {}", answer.text().await?),
        }
    }
    bail!("{url}: refused as overloaded again and again")
}

/// Starts the first conversations.
pub(crate) async fn talks(world: &Arc<World>, size: &Size, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x7a1c);
    for number in 0..size.conversations {
        let buyer = world.buyers.get(number % world.buyers.len().max(1));
        let seller = world.sellers.get(rng.usize(..world.sellers.len().max(1)));
        if let (Some(buyer), Some(seller)) = (buyer, seller) {
            let product = format!("product-{}-{seller}", rng.u8(..3));
            let mut session = Session::new(
                Arc::clone(world),
                buyer,
                1_000 + number,
                rng.u64(..),
                size.pace,
            );
            session.begin(seller, Some(product)).await;
        }
    }
}
