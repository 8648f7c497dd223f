//! The port of people and products, with the cache of people in front.

use messaging_domain::{
    Directory, Error, Failure, Introduction, MessagesFate, Product, ProductId, Profile, Timestamp,
    User, UserId,
};

use super::Database;
use crate::{
    acts::Farewell,
    conversations,
    directory::{self, Erased, Erasure, Seen},
};

impl Database {
    /// Closes all of an erased person's conversations.
    async fn part(&self, user: &UserId, fate: MessagesFate) -> Result<(), Error> {
        let asked = user.clone();
        let all = self
            .read("list a person's conversations", move |conn| {
                Ok(conversations::all_of(conn, &asked)?)
            })
            .await?;
        for conversation in all {
            let farewell = || Farewell {
                conversation,
                user: user.clone(),
                fate,
            };
            while self.writer.act(farewell()).await? {}
        }
        Ok(())
    }
}

impl Directory for Database {
    async fn meet(&self, introduction: Introduction) -> Result<Option<User>, Error> {
        let (id, issued_at) = (introduction.id.clone(), introduction.issued_at);
        let known = match self.known(&id).await? {
            Some(known) if known.user.erased_at.is_none() || !known.admits_token_of(issued_at) => {
                known
            }
            _ => {
                let known = self.writer.act(introduction).await?;
                self.users.insert(id.clone(), known.clone());
                self.announcer.profile_changed(&id);
                known
            }
        };
        Ok(known.admits_token_of(issued_at).then_some(known.user))
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        Ok(self.known(id).await?.map(|known| known.user))
    }

    async fn put_user(&self, profile: Profile) -> Result<User, Error> {
        let known = self.writer.act(profile).await?;
        self.users.insert(known.user.id.clone(), known.clone());
        self.announcer.profile_changed(&known.user.id);
        Ok(known.user)
    }

    async fn product(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        let id = id.clone();
        self.read("read a product", move |conn| {
            Ok(directory::product(conn, &id)?)
        })
        .await
    }

    async fn put_product(&self, product: Product) -> Result<Product, Error> {
        self.writer.act(product).await
    }

    async fn erase(&self, id: &UserId, fate: MessagesFate) -> Result<(), Error> {
        let Erased { known, logins } = self.writer.act(Erasure(id.clone())).await?;
        self.users.insert(id.clone(), known);
        for login in logins {
            self.logins.insert(login, false);
        }
        self.announcer.erased(id);
        // In a task of its own: whoever asked may go away, but what was begun is finished.
        let (database, user) = (self.clone(), id.clone());
        let farewells = tokio::spawn(async move { database.part(&user, fate).await });
        match farewells.await {
            Ok(parted) => parted.map_err(|error| match error {
                // The person is erased already, so nobody may be told that nothing was stored.
                Error::Overloaded(failure) => Error::Failed(failure),
                other => other,
            }),
            Err(error) => Err(Error::Failed(Failure::new(
                "part from conversations",
                error,
            ))),
        }
    }

    async fn erased_among(&self, users: Vec<UserId>) -> Result<Vec<UserId>, Error> {
        self.read("look for erased people", move |conn| {
            Ok(directory::erased_among(conn, &users)?)
        })
        .await
    }

    async fn note_seen(&self, id: &UserId, at: Timestamp) -> Result<(), Error> {
        self.writer.act(Seen(id.clone(), at)).await
    }

    async fn last_seen(&self, id: &UserId) -> Result<Option<Timestamp>, Error> {
        let id = id.clone();
        self.read("read when somebody was last seen", move |conn| {
            Ok(directory::last_seen(conn, &id)?)
        })
        .await
    }
}
