//! One point: a fresh database, a small load, one thing that goes wrong, a restart, and the history.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use messaging_history::{
    Header, Limits, Record,
    event::{Class, Exit, Phase, Ready},
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{Spot, strace};
use crate::{
    cluster::{SECRET, SERVER_KEY},
    dump,
    node::{Node, Recipe},
    postgres::Postgres,
    process::Signal,
    proxy::{Proxy, Speech},
    recorder::Recorder,
    run::commit,
    session::{Pace, Session},
    token::Signer,
    world::{Door, World},
};

/// How many messages each of the two sends.
const MESSAGES: usize = 20;

/// Within which the point has to be reached, or is not.
const REACHED_WITHIN: Duration = Duration::from_mins(1);

/// What all points of a row have in common.
pub(super) struct Stage<'a> {
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) postgres: Option<&'a Postgres>,
    pub(super) seed: u64,
    /// Its program.
    pub(super) strace: PathBuf,
}

/// Where it goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) number: usize,
    pub(super) spot: Spot,
    pub(super) when: usize,
    /// Counted from the start of the process, and not from the start of the load.
    pub(super) at_start: bool,
}

/// What came of a point.
pub(super) struct Outcome {
    pub(super) folder: PathBuf,
    pub(super) history: PathBuf,
    /// Whether it went wrong as planned.
    pub(super) effective: bool,
    /// Whether all messages were stored in the end.
    pub(super) finished: bool,
}

/// A node with a database of its own, and clients' way to it.
pub(super) struct Scene {
    pub(super) node: Node,
    pub(super) door: Proxy,
    pub(super) recorder: Recorder,
    pub(super) world: Arc<World>,
    folder: PathBuf,
    database: Database,
}

enum Database {
    File(PathBuf),
    Of(String),
}

impl Scene {
    /// Prepares it; nothing runs yet.
    pub(super) async fn new(stage: &Stage<'_>, name: &str, seed: u64) -> anyhow::Result<Self> {
        let folder = stage.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let (database, url) = if let Some(postgres) = stage.postgres {
            let database = format!("point_{}", name.replace('-', "_"));
            postgres
                .execute("postgres", &format!("CREATE DATABASE {database}"))
                .await?;
            let url = Postgres::url(postgres.port(), &database);
            (Database::Of(database), url)
        } else {
            let file = folder.join("messaging.db");
            let url = format!("sqlite://{}", file.display());
            (Database::File(file), url)
        };
        let recorder = Recorder::create(&folder.join("history.jsonl"))?;
        recorder.record(Record::Header(Header {
            seed,
            commit: commit(),
            database: if stage.postgres.is_some() {
                "postgres"
            } else {
                "sqlite"
            }
            .to_owned(),
            nodes: vec!["n1".to_owned()],
            schedule: Value::Null,
            bug: None,
            canary: "canary:".to_owned(),
            // Traced, everything is slow.
            limits: Limits {
                delivery_ms: 10_000,
                ready_ms: 10_000,
                ..Limits::default()
            },
        }));
        let node = Node::new(Recipe {
            name: "n1".to_owned(),
            binary: stage.binary.clone(),
            folder: folder.clone(),
            settings: vec![
                ("MESSAGING_JWT_SECRET".to_owned(), SECRET.to_owned()),
                ("MESSAGING_SERVER_KEY".to_owned(), SERVER_KEY.to_owned()),
                ("MESSAGING_DATABASE_URL".to_owned(), url),
            ],
            wrapper: Vec::new(),
        })?;
        let door = Proxy::start(Speech::Plain, None).await?;
        let doors = vec![Door {
            node: "n1".to_owned(),
            address: door.address(),
        }];
        let world = World::new(recorder.clone(), Signer::new(SECRET), doors, 1, 1)?;
        Ok(Self {
            node,
            door,
            recorder,
            world: Arc::new(world),
            folder,
            database,
        })
    }

    /// Starts the node and lets clients in.
    pub(super) async fn start(&mut self) -> anyhow::Result<SocketAddr> {
        let took = self.node.start().await?;
        let address = self.node.address().context("it has no address")?;
        self.door.aim(Some(address));
        self.recorder.record(Record::Ready(Ready {
            node: "n1".to_owned(),
            after_ms: u64::try_from(took.as_millis())?,
        }));
        Ok(address)
    }

    /// The two people meet.
    pub(super) async fn meet(&self, seed: u64) -> anyhow::Result<()> {
        let door = self.world.doors.first().context("no node")?;
        for user in ["buyer-0", "seller-0"] {
            let put = self
                .world
                .http
                .put(format!("http://{}/api/server/users/{user}", door.address));
            let put = put
                .bearer_auth(SERVER_KEY)
                .json(&json!({"displayName": user}));
            anyhow::ensure!(put.send().await?.status().is_success(), "no user");
        }
        let mut first = self.session("buyer-0", 9, seed);
        first.begin("seller-0", None).await;
        Ok(())
    }

    /// A client of one of the two.
    pub(super) fn session(&self, user: &str, number: usize, seed: u64) -> Session {
        let pace = Pace {
            think: Duration::from_millis(1),
            leaves: 12,
        };
        Session::new(Arc::clone(&self.world), user, number, seed, pace)
    }

    fn gone(&self, status: Option<std::process::ExitStatus>) {
        use std::os::unix::process::ExitStatusExt as _;
        self.recorder.record(Record::Exit(Exit {
            node: "n1".to_owned(),
            code: status.and_then(|status| status.code()),
            signal: status.map_or(Some(Signal::KILL.as_raw()), |status| status.signal()),
        }));
    }

    /// Reads the database, which nobody uses any more, and ends the history.
    pub(super) async fn close(&self, stage: &Stage<'_>) -> anyhow::Result<PathBuf> {
        match (&self.database, stage.postgres) {
            (Database::File(file), _) => dump::sqlite(file, &self.recorder)?,
            (Database::Of(name), Some(postgres)) => {
                dump::postgres(postgres, name, &self.recorder).await?;
                postgres
                    .execute("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))
                    .await?;
            }
            (Database::Of(_), None) => {}
        }
        self.recorder.finish()?;
        Ok(self.recorder.path().to_path_buf())
    }
}

/// Goes through one point.
pub(super) async fn run(stage: &Stage<'_>, point: &Point) -> anyhow::Result<Outcome> {
    let seed = stage
        .seed
        .wrapping_mul(1_000)
        .wrapping_add(u64::try_from(point.number)?);
    let mut scene = Scene::new(stage, &point.number.to_string(), seed).await?;
    let output = scene.folder.join("strace");
    let words = strace::words(&stage.strace, point.spot, point.when, &output);
    scene.world.enter(Phase::Window);
    let kind = if point.spot.effect.starts_with("signal") {
        "kill_point"
    } else {
        "io_point"
    };
    let line = scene.recorder.fault(kind, Class::Process, "n1");
    if point.at_start {
        scene.node.recipe().wrapper = words;
        let started = scene.start().await;
        let happened = started.is_err() || scene.node.wait_ended(Duration::ZERO).await;
        scene.node.kill().await?;
        scene.node.recipe().wrapper.clear();
        scene.gone(None);
        let mark = std::fs::read_to_string(&output).unwrap_or_default();
        let effective = happened || mark.contains("INJECTED");
        scene.start().await?;
        scene.meet(seed).await?;
        line.stop(&scene.recorder, proof(point, effective));
        let finished = load(&mut scene, seed, None).await?.0;
        return end(stage, scene, effective, finished).await;
    }
    scene.start().await?;
    scene.meet(seed).await?;
    let pid = scene.node.pid().context("it does not run")?;
    let log = scene.folder.join("strace.log");
    let tracer = strace::Tracer::attach(&words, pid, &output, &log).await?;
    let (finished, killed) = load(&mut scene, seed, Some(point)).await?;
    let said = tracer.detach().await;
    let effective = killed || said.contains("INJECTED");
    line.stop(&scene.recorder, proof(point, effective));
    end(stage, scene, effective, finished).await
}

fn proof(point: &Point, effective: bool) -> Value {
    if !effective {
        return Value::Null;
    }
    json!({"call": point.spot.call, "effect": point.spot.effect, "when": point.when, "at_start": point.at_start})
}

/// The load, with a restart when the node goes away; whether all was stored, and whether it went away.
async fn load(scene: &mut Scene, seed: u64, point: Option<&Point>) -> anyhow::Result<(bool, bool)> {
    let mut errands = JoinSet::new();
    for (number, user) in ["buyer-0", "seller-0"].into_iter().enumerate() {
        let seed = seed.wrapping_mul(7).wrapping_add(u64::try_from(number)?);
        errands.spawn(scene.session(user, number, seed).errand(MESSAGES));
    }
    let begun = Instant::now();
    let mut killed = false;
    while begun.elapsed() < REACHED_WITHIN {
        if point.is_some()
            && let Some(status) = scene.node.ended()
        {
            killed = true;
            scene.gone(Some(status));
            scene.start().await?;
        }
        if scene.world.errands.load(Ordering::Acquire) == 2 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    scene.world.enter(Phase::Settle);
    sleep(Duration::from_millis(300)).await;
    // The last answer may have been the point.
    if let Some(status) = scene.node.ended() {
        killed = true;
        scene.gone(Some(status));
        scene.start().await?;
    }
    scene.world.enter(Phase::Final);
    let mut finished = true;
    while let Some(done) = errands.join_next().await {
        finished &= done?;
    }
    Ok((finished, killed))
}

async fn end(
    stage: &Stage<'_>,
    mut scene: Scene,
    effective: bool,
    finished: bool,
) -> anyhow::Result<Outcome> {
    scene.node.kill().await?;
    let history = scene.close(stage).await?;
    Ok(Outcome {
        folder: scene.folder,
        history,
        effective,
        finished,
    })
}
