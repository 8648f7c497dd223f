//! The tables of both databases, brought up to date at start.

use diesel::{RunQueryDsl, connection::SimpleConnection, insert_into, prelude::*};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use messaging_domain::{Epoch, Failure, Timestamp};

use crate::{
    bus::BusKey,
    columns::{DbTime, DbUuid},
    connection::Conn,
    messages::Digests,
    schema::instance,
};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Held while migrating, so that several nodes may start at once. An arbitrary number of ours.
const POSTGRES_LOCK: &str = "7305516218894431";

/// Applies what is pending and returns the names of what was applied.
pub(crate) fn run(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    let failed = |cause| Failure::new("bring the database up to date", cause);
    let applied = match conn {
        Conn::Postgres(conn) => {
            // A second node waits here for as long as the first one migrates.
            conn.batch_execute(&format!("SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock({POSTGRES_LOCK})"))
                .map_err(|error| failed(error.into()))?;
            let applied = names(conn.run_pending_migrations(POSTGRES));
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({POSTGRES_LOCK})"))
                .map_err(|error| failed(error.into()))?;
            applied
        }
        Conn::Sqlite(conn) => names(conn.run_pending_migrations(SQLITE)),
    };
    applied.map_err(failed)
}

type Applied<'a> =
    Result<Vec<diesel::migration::MigrationVersion<'a>>, Box<dyn std::error::Error + Send + Sync>>;

fn names(applied: Applied<'_>) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(applied?.iter().map(ToString::to_string).collect())
}

/// The database's epoch, made the first time somebody asks.
pub(crate) fn epoch(conn: &mut Conn) -> QueryResult<Epoch> {
    let known = |conn: &mut Conn| {
        instance::table
            .select(instance::epoch)
            .get_result::<DbUuid>(conn)
            .optional()
    };
    if let Some(epoch) = known(conn)? {
        return Ok(epoch.into());
    }
    let made = insert_into(instance::table)
        .values((
            instance::id.eq(1),
            instance::epoch.eq(DbUuid::from(Epoch::new())),
            instance::digest_key.eq(random_key()),
            instance::created_at.eq(DbTime(Timestamp::now())),
        ))
        .execute(conn);
    match made {
        // Another node was quicker.
        Err(diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::UniqueViolation,
            _,
        ))
        | Ok(_) => {}
        Err(error) => return Err(error),
    }
    Ok(instance::table
        .select(instance::epoch)
        .get_result::<DbUuid>(conn)?
        .into())
}

/// How this database digests what was first said.
pub(crate) fn digests(conn: &mut Conn) -> QueryResult<Digests> {
    let key = instance::table
        .select(instance::digest_key)
        .get_result::<Vec<u8>>(conn)?;
    Ok(Digests::new(&key))
}

/// The key that all nodes on this database share.
pub(crate) fn bus_key(conn: &mut Conn) -> QueryResult<BusKey> {
    Ok(BusKey(
        instance::table
            .select(instance::digest_key)
            .get_result(conn)?,
    ))
}

/// 244 random bits.
fn random_key() -> Vec<u8> {
    [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
        .iter()
        .flat_map(|uuid| *uuid.as_bytes())
        .collect()
}

/// Takes the latest migration back; for the tests of `down.sql`.
#[cfg(test)]
pub(crate) fn revert_latest(
    conn: &mut Conn,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match conn {
        Conn::Postgres(conn) => conn.revert_last_migration(POSTGRES).map(drop),
        Conn::Sqlite(conn) => conn.revert_last_migration(SQLITE).map(drop),
    }
}

/// Takes all migrations back.
#[cfg(test)]
pub(crate) fn revert_all(conn: &mut Conn) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match conn {
        Conn::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(drop),
        Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connection::{self, DatabaseUrl, Purpose},
        fresh::{Fresh, Kind, Raw},
    };

    #[test]
    fn what_goes_up_comes_down_and_goes_up_again() {
        for fresh in [Kind::Sqlite, Kind::Postgres]
            .into_iter()
            .filter_map(Fresh::new)
        {
            let url = DatabaseUrl::parse(&fresh.url).unwrap();
            let mut conn = connection::connect(&url, Purpose::Write).unwrap();
            let first = run(&mut conn).unwrap();
            let made = relations(&fresh);
            assert!(made.len() > 20, "{made:?}");
            let before = epoch(&mut conn).unwrap();
            assert_eq!(epoch(&mut conn).unwrap(), before);
            revert_all(&mut conn).unwrap();
            assert_eq!(relations(&fresh), Vec::<String>::new());
            assert_eq!(run(&mut conn).unwrap(), first);
            assert_eq!(relations(&fresh), made);
            assert_ne!(epoch(&mut conn).unwrap(), before, "positions start afresh");
        }
    }

    /// Tables and indexes, but those of the migrations themselves.
    fn relations(fresh: &Fresh) -> Vec<String> {
        let mut raw = fresh.raw();
        let sql = match raw {
            Raw::Postgres(_) => {
                "SELECT relname AS value FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                 AND relname NOT LIKE '\\_\\_diesel%'"
            }
            Raw::Sqlite(_) => {
                "SELECT name AS value FROM sqlite_master WHERE name NOT LIKE '%\\_\\_diesel%' ESCAPE '\\'"
            }
        };
        let mut names = raw.texts(sql);
        names.sort();
        names
    }
}
