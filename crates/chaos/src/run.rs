//! One run: start, load, faults, rest, the last look, and the history that comes of it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use messaging_history::{Header, Limits, Record, event::Phase};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    canary, cli,
    cluster::{self, Cluster, SECRET},
    dump,
    fault::{Kind, Means},
    nats::Nats,
    nemesis::Nemesis,
    place,
    recorder::Recorder,
    say,
    schedule::{self, Schedule},
    session::Session,
    setup,
    size::Size,
    tmpfs::Tmpfs,
    token::Signer,
    world::World,
};

/// How long the load goes on at most, for the messages that are wanted.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a run came to.
pub(crate) struct Done {
    /// The history.
    pub(crate) history: PathBuf,
    /// Numbers for the ledger and for people.
    pub(crate) counts: Value,
}

/// Makes a run.
pub(crate) async fn run(options: &cli::Run) -> anyhow::Result<Done> {
    let binary = std::fs::canonicalize(&options.bin)
        .with_context(|| format!("the service's binary {}", options.bin.display()))?;
    let nodes = usize::from(options.nodes);
    if nodes > 1 && options.backend == cli::Backend::Sqlite {
        bail!("one SQLite file has one node");
    }
    let folder = folder_of(options)?;
    let mut size = Size::of(options.profile);
    if options.windows.is_some() {
        // Who says how long it is to be wants no more messages than come by then.
        size.accepted = 0;
    }
    let schedule = schedule_of(options, &size, nodes)?;
    std::fs::write(
        folder.join("schedule.json"),
        serde_json::to_string_pretty(&schedule)?,
    )?;
    let recorder = Recorder::create(&folder.join("history.jsonl"))?;
    recorder.record(Record::Header(Header {
        seed: options.seed,
        commit: commit(),
        database: options.backend.name().to_owned(),
        nodes: (1..=nodes).map(|number| format!("n{number}")).collect(),
        schedule: serde_json::to_value(&schedule)?,
        bug: options.bug.clone(),
        canary: "canary:".to_owned(),
        limits: Limits::default(),
    }));
    let cluster = Cluster::start(
        &cluster::Shape {
            binary,
            folder: folder.clone(),
            backend: options.backend,
            nodes,
            bug: options.bug.clone(),
            clock: schedule.has(Kind::ClockJump),
            small_disk: schedule.has(Kind::DiskFull),
        },
        recorder.clone(),
    )
    .await?;
    let cluster = Arc::new(cluster);
    let mut world = World::new(
        recorder.clone(),
        Signer::new(SECRET),
        cluster.doors(),
        size.buyers,
        size.sellers,
    )?;
    let begun = Instant::now();
    setup::people(&cluster, &mut world).await?;
    let world = Arc::new(world);
    drive(&cluster, &world, &schedule, &size, options.seed).await?;
    look_into(&cluster, &recorder).await?;
    recorder.finish()?;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = json!({
        "accepted": read(&world.accepted),
        "done": read(&world.done),
        "unknown": read(&world.unknown),
        "resumed_with_missed": read(&world.resumed),
        "resumed_elsewhere": read(&world.resumed_elsewhere),
        "slow_consumers": read(&world.slow),
        "seconds": begun.elapsed().as_secs(),
    });
    Ok(Done {
        history: recorder.path().to_path_buf(),
        counts,
    })
}

/// Load and faults, then rest, then the last fetch of everybody.
async fn drive(
    cluster: &Arc<Cluster>,
    world: &Arc<World>,
    schedule: &Schedule,
    size: &Size,
    seed: u64,
) -> anyhow::Result<()> {
    world.enter(Phase::Calm);
    setup::directory(cluster, world).await?;
    setup::talks(world, size, seed).await;
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut sessions = JoinSet::new();
    let people: Vec<String> = world.buyers.iter().chain(&world.sellers).cloned().collect();
    for user in people {
        for number in 0..rng.usize(1..=3) {
            let session = Session::new(Arc::clone(world), &user, number, rng.u64(..), size.pace);
            sessions.spawn(session.run(number == 0));
        }
    }
    let sampler = {
        let cluster = Arc::clone(cluster);
        tokio::spawn(async move {
            loop {
                cluster.sample().await;
                sleep(Duration::from_secs(1)).await;
            }
        })
    };
    let heard = Arc::new(AtomicU64::new(0));
    let listener = match &cluster.nats {
        Some(nats) => {
            let server = SocketAddr::from(([127, 0, 0, 1], nats.lock().await.port()));
            let listening = canary::listen(server, world.recorder.clone(), Arc::clone(&heard));
            Some(tokio::spawn(listening))
        }
        None => None,
    };
    sleep(size.calm).await;
    world.enter(Phase::Window);
    let nemesis = Nemesis::new(Arc::clone(cluster), Arc::clone(world));
    let broken = nemesis.follow(schedule).await;
    world.enter(Phase::Heal);
    sleep(size.heal).await;
    let healed = Instant::now();
    while world.accepted.load(Ordering::Relaxed) < size.accepted && healed.elapsed() < PATIENCE {
        sleep(Duration::from_millis(200)).await;
    }
    world.enter(Phase::Settle);
    sleep(size.settle).await;
    world.enter(Phase::Final);
    let mut failed = Ok(());
    for mut sessions in [sessions, world.guests()] {
        while let Some(done) = sessions.join_next().await {
            failed = failed.and(done);
        }
    }
    sampler.abort();
    if let Some(listener) = listener {
        listener.abort();
        let heard = heard.load(Ordering::Relaxed);
        anyhow::ensure!(heard > 0, "nothing was ever said on the bus");
        world
            .recorder
            .note(format!("{heard} messages were heard on the bus"));
    }
    broken.context("the faults could not be caused as planned")?;
    Ok(failed?)
}

/// The last look: secrets in logs and metrics, and the rows of the database.
async fn look_into(cluster: &Cluster, recorder: &Recorder) -> anyhow::Result<()> {
    for place in &cluster.places {
        let metrics = cluster.metrics(place).await?;
        canary::scan(&metrics, &format!("metrics of {}", place.name), recorder);
    }
    for place in &cluster.places {
        let (code, _) = cluster.drain_node(place).await?;
        anyhow::ensure!(code == Some(0), "{} ended with {code:?}", place.name);
        let log = place.node.lock().await.log();
        canary::scan_file(&log, &format!("log of {}", place.name), recorder);
    }
    if let Some(file) = &cluster.file {
        dump::sqlite(file, recorder)?;
    }
    if let Some(postgres) = &cluster.postgres {
        dump::postgres(&*postgres.lock().await, cluster::DATABASE, recorder).await?;
    }
    Ok(())
}

fn schedule_of(options: &cli::Run, size: &Size, nodes: usize) -> anyhow::Result<Schedule> {
    if let Some(file) = &options.schedule {
        let written = std::fs::read_to_string(file)
            .with_context(|| format!("the schedule {}", file.display()))?;
        return Ok(serde_json::from_str(&written)?);
    }
    let means = Means {
        backend: options.backend,
        bus: nodes > 1 && Nats::binary().is_some(),
        small_disk: Tmpfs::possible(),
        faketime: place::faketime().is_some(),
    };
    for kind in Kind::skipped(means) {
        say!(
            "skipped: {} needs a tool or a privilege that is missing here",
            kind.name()
        );
    }
    let mut kinds = Kind::possible(means);
    if !options.only.is_empty() {
        kinds.retain(|kind| options.only.contains(&kind.name()));
        anyhow::ensure!(!kinds.is_empty(), "none of those kinds is possible here");
    }
    let shape = schedule::Shape {
        windows: options.windows.unwrap_or(size.windows),
        nodes,
        overlap: size.overlap,
        hold_ms: size.hold_ms,
        gap_ms: size.gap_ms,
    };
    let mut schedule = Schedule::draw(options.seed, &kinds, shape);
    if options.profile == cli::Profile::Liveness {
        // What is broken all the time is not broken in between.
        schedule.lasting = schedule.lasting(options.seed, &kinds, nodes);
        let lasting = schedule.lasting.clone();
        for window in &mut schedule.windows {
            window.faults.retain(|fault| {
                lasting
                    .as_ref()
                    .is_none_or(|lasting| !lasting.in_the_way_of(fault))
            });
        }
    }
    Ok(schedule)
}

/// Where everything of a run is put.
pub(crate) fn place_of(options: &cli::Run) -> PathBuf {
    let name = format!(
        "{}-{}-{}{}",
        options.backend.name(),
        options.nodes,
        options.seed,
        options
            .bug
            .as_ref()
            .map_or(String::new(), |bug| format!("-{bug}"))
    );
    Path::new("target/chaos").join(name)
}

/// That folder, made empty.
fn folder_of(options: &cli::Run) -> anyhow::Result<PathBuf> {
    let folder = place_of(options);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::canonicalize(folder)?)
}

/// The commit that is checked out, if that can be known, and whether there is more. The ledger does not
/// count: a campaign itself writes it.
pub(crate) fn commit() -> String {
    static COMMIT: OnceLock<String> = OnceLock::new();
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(done.stdout).ok()?;
        done.status.success().then(|| text.trim().to_owned())
    };
    let ask = || {
        let head = git(&["rev-parse", "--short=12", "HEAD"])?;
        let others = ["--", ":(top)", ":(top,exclude)docs/ledger.jsonl"];
        let changed = git(&[
            &["status", "--porcelain", "--untracked-files=no"][..],
            &others,
        ]
        .concat())?;
        let dirty = if changed.is_empty() { "" } else { "-dirty" };
        Some(format!("{head}{dirty}"))
    };
    COMMIT
        .get_or_init(|| ask().unwrap_or_else(|| "unknown".to_owned()))
        .clone()
}
