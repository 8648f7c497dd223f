//! What is done to a database by hand, while it is served or not: a backup, a new epoch.

use std::{fs::File, path::Path};

use diesel::{prelude::*, sql_query, sql_types::Text};
use messaging_domain::{Epoch, Failure};

use super::Database;
use crate::{
    columns::DbUuid,
    connection::{self, Conn, DatabaseUrl, Purpose},
    schema::instance,
};

impl Database {
    /// Draws a new epoch and returns the old one and the new one: whatever clients know of positions is
    /// no longer true, as after a restore from a backup. Nodes that serve the database notice it
    /// with their sessions' next heartbeats.
    ///
    /// # Errors
    /// A [`Failure`] when the database is not there, cannot be reached, or has no tables yet.
    pub fn draw_epoch(url: &DatabaseUrl) -> Result<(Epoch, Epoch), Failure> {
        let failed = |error| Failure::new("draw a new epoch", error);
        let mut conn = open_existing(url)?;
        let old: Epoch = instance::table
            .select(instance::epoch)
            .first::<DbUuid>(&mut conn)
            .map_err(failed)?
            .into();
        let new = Epoch::new();
        diesel::update(instance::table)
            .set(instance::epoch.eq(DbUuid::from(new)))
            .execute(&mut conn)
            .map_err(failed)?;
        Ok((old, new))
    }

    /// Copies a SQLite database into a new file, as it is at one moment, also while it is served. The
    /// copy is on the disk when this returns.
    ///
    /// # Errors
    /// A [`Failure`] when the database is PostgreSQL, which has tools of its own, or is not there, and
    /// when the file is already there or cannot be written.
    pub fn back_up(url: &DatabaseUrl, into: &Path) -> Result<(), Failure> {
        let doing = "back up the database";
        let mut conn = open_existing(url)?;
        let Conn::Sqlite(conn) = &mut conn else {
            return Err(Failure::new(
                doing,
                "PostgreSQL has tools of its own for that: pg_dump, pg_basebackup",
            ));
        };
        // What VACUUM finds it would overwrite, were it empty.
        if into.exists() {
            return Err(Failure::new(doing, "the file is already there"));
        }
        let path = into
            .to_str()
            .ok_or_else(|| Failure::new(doing, "the file's name is not UTF-8"))?;
        sql_query("VACUUM INTO ?")
            .bind::<Text, _>(path)
            .execute(conn)
            .map_err(|error| Failure::new(doing, error))?;
        // SQLite leaves it to the system when that reaches the disk.
        let folder = into
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        for written in [into, folder] {
            File::open(written)
                .and_then(|file| file.sync_all())
                .map_err(|error| Failure::new(doing, error))?;
        }
        Ok(())
    }
}

/// Opens a database that has to be there: a typo must not become a new file.
fn open_existing(url: &DatabaseUrl) -> Result<Conn, Failure> {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.is_file()
    {
        return Err(Failure::new(
            "open the database",
            format!("there is no file {}", path.display()),
        ));
    }
    connection::connect(url, Purpose::Write)
        .map_err(|error| Failure::new("open the database", error))
}

#[cfg(test)]
mod tests {
    use messaging_domain::UserId;

    use super::*;
    use crate::{
        fresh::{Fresh, Kind},
        log, migrations,
    };

    fn epoch(conn: &mut Conn) -> Epoch {
        log::stream(conn, &UserId::restore("ann")).unwrap().1
    }

    #[test]
    fn a_new_epoch_is_what_everybody_reads_from_then_on() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let Some(fresh) = Fresh::new(kind) else {
                continue;
            };
            let url = DatabaseUrl::parse(&fresh.url).unwrap();
            assert!(Database::draw_epoch(&url).is_err(), "there is nothing yet");
            let mut conn = connection::connect(&url, Purpose::Write).unwrap();
            migrations::run(&mut conn).unwrap();
            let first = migrations::epoch(&mut conn).unwrap();
            let (old, new) = Database::draw_epoch(&url).unwrap();
            assert_eq!(old, first);
            assert_ne!(new, old);
            assert_eq!(epoch(&mut conn), new);
        }
    }

    #[test]
    fn a_backup_is_the_database_of_a_moment_while_it_is_written_to() {
        let fresh = Fresh::new(Kind::Sqlite).unwrap();
        let url = DatabaseUrl::parse(&fresh.url).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy's.sqlite3");
        assert!(
            Database::back_up(&url, &copy).is_err(),
            "there is nothing yet"
        );
        let mut conn = connection::connect(&url, Purpose::Write).unwrap();
        migrations::run(&mut conn).unwrap();
        let first = migrations::epoch(&mut conn).unwrap();
        // Somebody is in the middle of writing.
        sql_query("BEGIN IMMEDIATE").execute(&mut conn).unwrap();
        diesel::update(instance::table)
            .set(instance::epoch.eq(DbUuid::from(Epoch::new())))
            .execute(&mut conn)
            .unwrap();
        Database::back_up(&url, &copy).unwrap();
        sql_query("COMMIT").execute(&mut conn).unwrap();
        let copied = DatabaseUrl::Sqlite(copy.clone());
        let mut copied = connection::connect(&copied, Purpose::Write).unwrap();
        assert_eq!(epoch(&mut copied), first);
        assert!(migrations::run(&mut copied).unwrap().is_empty());
        assert!(Database::back_up(&url, &copy).is_err(), "never twice");
    }

    #[test]
    fn postgres_is_backed_up_with_its_own_tools() {
        let Some(fresh) = Fresh::new(Kind::Postgres) else {
            return;
        };
        let url = DatabaseUrl::parse(&fresh.url).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let refused = Database::back_up(&url, &folder.path().join("copy")).unwrap_err();
        assert!(refused.to_string().contains("pg_dump"), "{refused}");
    }
}
