//! The contract of the ports, one suite on both databases: each test appears as `sqlite::name` and as
//! `postgres::name`. `scripts/with-postgres cargo test -p messaging-infra` runs everything; without
//! a PostgreSQL its half is skipped, or fails if `REQUIRE_POSTGRES=1`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// Names the tests of a module, to be run on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                crate::run(crate::fresh::Kind::Sqlite, super::$name);
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                crate::run(crate::fresh::Kind::Postgres, super::$name);
            })*
        }
    };
}

mod accounts;
mod append;
mod batch;
mod catalogue;
mod change;
mod directory;
mod doubt;
mod events;
mod failures;
mod fresh;
mod inbox;
mod lanes;
mod last_seen;
mod model;
mod open;
mod opening;
mod search;
mod snapshot;
mod stage;

/// Runs a test on a fresh database, unless there is none of that kind.
fn run(kind: fresh::Kind, test: impl AsyncFnOnce(&stage::Stage)) {
    let Some(fresh) = fresh::Fresh::new(kind) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let stage = stage::Stage::new(fresh);
    runtime.block_on(test(&stage));
    stage.store.close();
}
