//! A commit whose answer is lost: the writer finds out itself what has become of it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use messaging_domain::{Conversations as _, Cursor, Error, Seq};
use messaging_infra::DatabaseUrl;

use crate::{
    fresh::{Fresh, Kind},
    stage::{DEADLINE, Stage, number, text},
};

on_both![
    what_was_committed_without_an_answer_is_answered_and_not_stored_again,
    what_a_lost_connection_has_not_stored_is_stored,
    what_nobody_can_find_out_is_said_to_be_unknown,
];

/// A way to a PostgreSQL server that can be cut behind a commit.
struct Way {
    url: String,
    /// The next answer to a statement that commits is the last that anybody hears.
    cuts: Arc<AtomicBool>,
}

/// A connection, to a port or to a socket's file.
trait Line: Read + Write + Send {
    fn again(&self) -> Box<dyn Line>;
    fn end(&self);
}

macro_rules! line {
    ($stream:ty) => {
        impl Line for $stream {
            fn again(&self) -> Box<dyn Line> {
                Box::new(self.try_clone().unwrap())
            }
            fn end(&self) {
                // It may have ended by itself.
                let _ = self.shutdown(Shutdown::Both);
            }
        }
    };
}
line!(TcpStream);
line!(UnixStream);

impl Way {
    /// To the server of a database.
    fn to(fresh: &Fresh) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (before, rest) = fresh.url.split_once("://").unwrap();
        let authority = rest.split('/').next().unwrap();
        let (server, url) = if let Some((path, after)) = rest.split_once("host=") {
            let folder = after.split('&').next().unwrap();
            let here = format!("host=127.0.0.1&port={}", address.port());
            let others = after.strip_prefix(folder).unwrap();
            let url = format!("{before}://{path}{here}{others}");
            (format!("{folder}/.s.PGSQL.5432"), url)
        } else {
            let host = authority.rsplit('@').next().unwrap();
            let url = fresh.url.replace(host, &address.to_string());
            (host.to_owned(), url)
        };
        let cuts = Arc::<AtomicBool>::default();
        let way = Self {
            url,
            cuts: Arc::clone(&cuts),
        };
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let database: Box<dyn Line> = if server.starts_with('/') {
                    Box::new(UnixStream::connect(&server).unwrap())
                } else {
                    Box::new(TcpStream::connect(&server).unwrap())
                };
                let (up, down) = (client.again(), database.again());
                thread::spawn(move || carry(up, database, &AtomicBool::new(false)));
                let cuts = Arc::clone(&cuts);
                thread::spawn(move || carry(down, Box::new(client), &cuts));
            }
        });
        way
    }

    fn cut_behind_the_next_commit(&self) {
        self.cuts.store(true, Ordering::Release);
    }

    /// A store on a database that is reached by this way.
    fn stage(&self, fresh: Fresh) -> Stage {
        let mut settings = Stage::settings(&fresh);
        settings.url = DatabaseUrl::parse(&self.url).unwrap();
        Stage::with(fresh, &settings)
    }
}

/// Carries bytes until an end, or until the answer to a commit is there whole, which is kept.
fn carry(mut from: Box<dyn Line>, mut to: Box<dyn Line>, cuts: &AtomicBool) {
    let mut carry = || -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut kept: Vec<u8> = Vec::new();
        loop {
            let read = from.read(&mut buffer)?;
            let bytes = &buffer[..read];
            if bytes.is_empty() {
                return Ok(());
            }
            let holds =
                |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|at| at == words);
            if !kept.is_empty() || holds(bytes, b"written_by") && cuts.load(Ordering::Acquire) {
                kept.extend(bytes);
                // Ready for another query, with no transaction open.
                if holds(&kept, b"Z\0\0\0\x05I") {
                    cuts.store(false, Ordering::Release);
                    return Ok(());
                }
            } else {
                to.write_all(bytes)?;
            }
        }
    };
    // However it ends, both ends hear of it.
    let _ = carry();
    from.end();
    to.end();
}

async fn what_was_committed_without_an_answer_is_answered_and_not_stored_again(stage: &Stage) {
    let Some(fresh) = Fresh::new(stage.fresh.kind).filter(|fresh| fresh.kind == Kind::Postgres)
    else {
        return; // SQLite answers from within the process.
    };
    let way = Way::to(&fresh);
    let stage = way.stage(fresh);
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    stage.send(id, &ann, "first").await;

    way.cut_behind_the_next_commit();
    let draft = stage.draft(id, &ann, "second").await;
    let appended = stage.store.append(draft).await.unwrap();
    assert_eq!(appended.message.seq, Seq::new(2));
    assert_eq!(appended.message.content, text("second"));
    assert!(!way.cuts.load(Ordering::Acquire), "nothing was cut");
    assert!(
        stage.witness.was_unsure(),
        "nobody looks for what was not announced"
    );

    way.cut_behind_the_next_commit();
    let read = stage
        .seat(id, &bob)
        .await
        .advance(Cursor::Read, Seq::new(2));
    assert_eq!(stage.store.advance(read).await.unwrap().unread_count, 0);
    assert!(!way.cuts.load(Ordering::Acquire), "nothing was cut");

    assert_eq!(stage.history(id, &bob).await.len(), 2);
    let positions = stage.events(&bob).await.into_iter();
    assert!(positions.map(|event| event.position.get()).eq(1..=4));
    stage.store.close();
}

async fn what_a_lost_connection_has_not_stored_is_stored(stage: &Stage) {
    let Some(mut waits) = Waiting::behind_a_lock(stage).await else {
        return;
    };
    waits.end_its_connection();
    waits.holder.run("ROLLBACK");
    let appended = waits.act.await.unwrap().unwrap();
    assert_eq!(
        (appended.message.seq, appended.duplicate),
        (Seq::new(1), false)
    );
    assert_eq!(stage.witness.heard_by(&waits.reader).len(), 2);
}

async fn what_nobody_can_find_out_is_said_to_be_unknown(stage: &Stage) {
    let Some(mut waits) = Waiting::behind_a_lock(stage).await else {
        return;
    };
    waits.end_its_connection();
    // What it is about is locked for as long as the writer waits.
    let error = waits.act.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Failed(_)), "{error:?}");
    assert!(stage.witness.was_unsure());
    waits.holder.run("ROLLBACK");
    let again = stage.store.append(waits.draft).await.unwrap();
    assert_eq!((again.message.seq, again.duplicate), (Seq::new(1), false));
}

/// An act whose statement waits for somebody.
struct Waiting {
    act: tokio::task::JoinHandle<Result<messaging_domain::Appended, Error>>,
    draft: messaging_domain::Draft,
    reader: messaging_domain::UserId,
    holder: crate::fresh::Raw,
    raw: crate::fresh::Raw,
}

const WAITING: &str =
    "application_name = 'messaging' AND datname = current_database() AND wait_event_type = 'Lock'";

impl Waiting {
    /// The writer gets as far as the streams, and waits there.
    async fn behind_a_lock(stage: &Stage) -> Option<Self> {
        if !stage.is_postgres() {
            return None;
        }
        let (ann, bob) = stage.ann_and_bob().await;
        let id = stage.open(&ann, &bob, None).await;
        let draft = stage.draft(id, &ann, "hello").await;
        let mut holder = stage.raw();
        holder.run("BEGIN; LOCK TABLE streams IN SHARE MODE");
        let (store, held) = (stage.store.clone(), draft.clone());
        let act = tokio::spawn(async move { store.append(held).await });
        let mut raw = stage.raw();
        let begun = std::time::Instant::now();
        let waiting = format!("SELECT COUNT(*) AS value FROM pg_stat_activity WHERE {WAITING}");
        while number(&mut raw, &waiting) == 0 {
            assert!(begun.elapsed() < DEADLINE, "the writer does not wait");
            tokio::task::yield_now().await;
        }
        Some(Self {
            act,
            draft,
            reader: bob,
            holder,
            raw,
        })
    }

    fn end_its_connection(&mut self) {
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WAITING}");
        self.raw.run(&end);
    }
}
