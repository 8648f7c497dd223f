//! Opening databases: which ones, how many at once, how their tables come into being.

use std::sync::Arc;

use messaging_domain::{Announcer, Conversations};
use messaging_infra::{Database, DatabaseUrl};

use crate::{
    fresh::{Fresh, Kind},
    stage::{Stage, Witness},
};

on_both![
    a_database_is_as_it_was_when_it_is_opened_again,
    only_an_empty_database_is_seeded_and_until_it_is_done,
    a_database_with_people_in_it_is_never_seeded,
    migrating_again_changes_nothing,
    a_database_that_is_not_there_is_a_failure,
];

async fn only_an_empty_database_is_seeded_and_until_it_is_done(stage: &Stage) {
    assert!(stage.store.begin_seeding().await.unwrap());
    stage.ann_and_bob().await;
    // As after a crash: what is there now is the beginning of the seed.
    assert!(stage.store.begin_seeding().await.unwrap());
    stage.store.finish_seeding().await.unwrap();
    assert!(!stage.store.begin_seeding().await.unwrap());
}

async fn a_database_with_people_in_it_is_never_seeded(stage: &Stage) {
    stage.ann_and_bob().await;
    assert!(!stage.store.begin_seeding().await.unwrap());
}

async fn a_database_is_as_it_was_when_it_is_opened_again(stage: &Stage) {
    let Some(fresh) = Fresh::new(stage.fresh.kind) else {
        return;
    };
    let stage = Stage::new(fresh);
    assert!(stage.store.is_ready().await);
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    let head = stage.store.head(&ann).await.unwrap();
    let Stage {
        store,
        witness,
        fresh,
    } = stage;
    // Somebody may still have it in their hands, as a read has whose answer nobody waits for.
    let closed = store.clone();
    store.close();
    drop((store, witness));
    let stage = Stage::new(fresh);
    assert_eq!(stage.store.head(&ann).await.unwrap(), head);
    assert_eq!(stage.history(id, &bob).await, [message]);
    stage.store.close();
    drop(closed);
}

async fn migrating_again_changes_nothing(stage: &Stage) {
    let Some(fresh) = Fresh::new(stage.fresh.kind) else {
        return;
    };
    let url = DatabaseUrl::parse(&fresh.url).unwrap();
    let names = [
        "20261124000000",
        "20261125000000",
        "20261126000000",
        "20261126120000",
        "20261126200000",
        "20261127080000",
    ];
    assert_eq!(Database::migrate(&url).unwrap(), names);
    assert_eq!(Database::migrate(&url).unwrap(), Vec::<String>::new());
}

async fn a_database_that_is_not_there_is_a_failure(stage: &Stage) {
    let mut settings = Stage::settings(&stage.fresh);
    settings.url = match &settings.url {
        DatabaseUrl::Sqlite(path) => DatabaseUrl::Sqlite(path.join("below/a/file.db")),
        DatabaseUrl::Postgres(url) => DatabaseUrl::Postgres(url.replace("messaging_test", "none")),
    };
    let witness: Arc<dyn Announcer> = Arc::new(Witness::default());
    let failure = Database::open(&settings, witness).unwrap_err().to_string();
    assert!(failure.starts_with("could not "), "{failure}");
}

#[test]
fn only_known_schemes_are_taken() {
    for bad in [
        "",
        "messaging.db",
        "/var/lib/messaging.db",
        "sqlite:messaging.db",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://a?mode=ro",
        "mysql://localhost/a",
        "postgre://localhost/a",
        "http://localhost",
    ] {
        assert!(DatabaseUrl::parse(bad).is_err(), "{bad:?}");
    }
    for good in [
        "sqlite://messaging.db",
        "sqlite:///var/lib/messaging.db",
        "postgres://user:password@host:5432/name",
        "postgresql:///name?host=/tmp",
    ] {
        assert!(DatabaseUrl::parse(good).is_ok(), "{good:?}");
    }
    let url = DatabaseUrl::parse("postgres://user:secret@host/name").unwrap();
    assert!(!format!("{url:?}").contains("secret"));
}

#[test]
fn a_second_node_on_one_sqlite_file_is_refused() {
    let fresh = Fresh::new(Kind::Sqlite).unwrap();
    let settings = Stage::settings(&fresh);
    let announcer = || -> Arc<dyn Announcer> { Arc::new(Witness::default()) };
    let first = Database::open(&settings, announcer()).unwrap();
    let failure = Database::open(&settings, announcer())
        .unwrap_err()
        .to_string();
    assert!(
        failure.contains("several nodes need PostgreSQL"),
        "{failure}"
    );
    assert!(Database::migrate(&settings.url).is_err());
    first.close();
    drop(first);
    Database::open(&settings, announcer()).unwrap().close();
}

#[test]
fn several_nodes_open_an_empty_postgres_database_at_once() {
    let Some(fresh) = Fresh::new(Kind::Postgres) else {
        return;
    };
    let settings = Stage::settings(&fresh);
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let settings = settings.clone();
            std::thread::spawn(move || {
                Database::open(&settings, Arc::new(Witness::default())).unwrap()
            })
        })
        .collect();
    let nodes: Vec<_> = opening
        .into_iter()
        .map(|node| node.join().unwrap())
        .collect();
    let epochs = crate::stage::number(&mut fresh.raw(), "SELECT COUNT(*) AS value FROM instance");
    assert_eq!(epochs, 1);
    nodes.iter().for_each(Database::close);
}
