//! R1: all sockets are cut at once while messages flow: how long until everybody is back and has been told
//! everything, once and in order.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::{
    report_cost,
    send::WARM_UP,
    stage::{Backend, Stage},
};
use crate::{
    Common,
    client::token,
    frames::{Dialect, Send},
    latencies::Latencies,
    limits,
    machine::{Meter, real},
    report::Report,
    scene::{Pace, Scene, couples, hello, strangers, upgrade},
    traffic::Pair,
    wire::Speech,
};

/// How long it may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// When somebody who was told to come back later does: what the service asks for.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Connections that messages are sent on, over HTTP: these are not cut.
const SENDERS: usize = 16;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// How many sockets, each of a person of its own, in pairs.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub(crate) sockets: u32,
    /// Messages a second, all together.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,
    /// How many come back at the same time: fewer than a listener lets wait.
    #[arg(long, default_value_t = 512)]
    pub(crate) at_once: usize,
    /// The database.
    #[arg(long, value_enum, default_value_t = Backend::Postgres)]
    pub(crate) backend: Backend,
}

/// Everybody, and the order in which they come back.
struct Storm {
    scene: Scene,
    /// A connection and whose it is.
    sockets: Vec<(usize, String)>,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let wanted = options.sockets;
    let options = &Options {
        sockets: limits::fitting(wanted)?,
        ..options.clone()
    };
    let stage = Stage::start(common, options.backend)?;
    let mut report = Report::new(
        format!(
            "{} sockets cut at once while {} messages a second flow",
            options.sockets, options.rate
        ),
        common,
    );
    report.setting(stage.words());
    limits::report(wanted, options.sockets, &mut report);
    report.setting(format!("{} come back at the same time", options.at_once));
    let mut storm = Storm::gather(&stage, options).await?;
    for _ in 0..common.runs {
        storm.blow(&stage, options, common, &mut report)?;
    }
    report.setting("each was told everything once and in order".to_owned());
    Ok(report)
}

/// Who has still to come back.
struct Absent {
    /// By connection: their tokens, made before, since signing them is no part of it.
    tokens: HashMap<usize, String>,
    /// And not before when: in the order of the cut, then of refusals.
    waiting: VecDeque<(usize, Instant)>,
    refused: u64,
}

impl Absent {
    fn new(sockets: &[(usize, String)], from: Instant) -> Result<Self> {
        let tokens = sockets
            .iter()
            .map(|(link, name)| Ok((*link, token(name)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            tokens,
            waiting: sockets.iter().map(|(link, _)| (*link, from)).collect(),
            refused: 0,
        })
    }

    /// As many as may, come back; those who were refused wait as they were told.
    fn come_back(
        &mut self,
        scene: &mut Scene,
        address: SocketAddr,
        at_once: usize,
        now: Instant,
    ) -> Result<()> {
        while let Some(link) = scene.traffic.refused.pop() {
            self.refused += 1;
            scene.links.cut(link)?;
            self.waiting.push_back((link, now + RETRY_AFTER));
        }
        let mut coming = self.tokens.len() - scene.traffic.live - self.waiting.len();
        while coming < at_once
            && let Some(&(link, from)) = self.waiting.front()
            && from <= now
        {
            self.waiting.pop_front();
            let since = scene.traffic.place(link)?;
            let token = self.tokens.get(&link).context("nobody's connection")?;
            scene.traffic.come_back(link, hello(token, Some(since))?)?;
            scene
                .links
                .reopen(link, address, Speech::Upgrading, Some(link))?;
            scene.links.out.to(link)?.extend(upgrade(Dialect::Http));
            coming += 1;
        }
        Ok(())
    }
}

impl Storm {
    async fn gather(stage: &Stage, options: &Options) -> Result<Self> {
        let pairs = usize::try_from(options.sockets / 2).context("too many sockets")?;
        let address = stage.node.address;
        let couples = couples(address, strangers(pairs)).await?;
        let mut scene = Scene::empty(Dialect::Http)?;
        // They come after all sessions.
        let first_sender = couples.len() * 2;
        let mut sockets = Vec::new();
        for (number, couple) in couples.into_iter().enumerate() {
            let sender = scene.traffic.person();
            let receiver = scene.traffic.person();
            let mut receives_on = 0;
            for (person, name) in [(sender, &couple.sender), (receiver, &couple.receiver)] {
                let link = scene.session(address, Dialect::Http, person, name)?;
                sockets.push((link, name.clone()));
                receives_on = link;
            }
            let send = Send::new(
                Dialect::Http,
                &scene.traffic.phrases,
                &couple.conversation,
                &token(&couple.sender)?,
            )?;
            scene.traffic.pair(Pair {
                link: first_sender + number % SENDERS,
                sender,
                receiver,
                receives_on,
                conversation: couple.conversation,
                send,
            });
        }
        scene.until_live(0)?;
        // After the sessions: a connection of HTTP that says nothing for long is closed.
        for _ in 0..SENDERS {
            scene.traffic.http();
            scene.links.open(address, Speech::Http, None)?;
        }
        Ok(Self { scene, sockets })
    }

    /// One run: messages flow, all are cut, all come back, and what was sent meanwhile has come.
    fn blow(
        &mut self,
        stage: &Stage,
        options: &Options,
        common: &Common,
        report: &mut Report,
    ) -> Result<()> {
        let pace = Pace {
            rate: options.rate,
            burst: 1,
        };
        let address = stage.node.address;
        let Self { scene, sockets } = self;
        scene.links.tick(pace.tick())?;
        let begin = Instant::now();
        let cut_at = begin + WARM_UP;
        let mut cut: Option<(Meter, Instant)> = None;
        let mut absent = Absent::new(sockets, begin)?;
        scene.traffic.lenient = true;
        let mut back: Option<(Duration, f64)> = None;
        let mut exact: Option<Duration> = None;
        let mut sent_at_return = 0;
        scene.traffic.acknowledged = Latencies::new()?;
        scene.open_until(begin, cut_at + PATIENCE, pace, |scene, now| {
            if now < cut_at {
                return Ok(false);
            }
            if cut.is_none() {
                cut = Some((Meter::start(stage.pids())?, Instant::now()));
                scene.traffic.counting = true;
                for (link, _) in sockets.iter() {
                    scene.traffic.cut(*link)?;
                    scene.links.cut(*link)?;
                }
            }
            let Some((meter, cut_at)) = &cut else {
                return Ok(false);
            };
            absent.come_back(scene, address, options.at_once, now)?;
            if back.is_none() && scene.traffic.live == sockets.len() {
                back = Some((cut_at.elapsed(), meter.read()?.service));
                sent_at_return = scene.traffic.flights.sent();
                let spent = meter.read()?;
                report_cost(&spent, u64::from(options.sockets), "socket", report);
            }
            if back.is_some() && exact.is_none() && scene.traffic.flights.oldest() >= sent_at_return
            {
                exact = Some(cut_at.elapsed());
            }
            // Some more, so that it is seen to go on.
            Ok(exact.is_some_and(|exact| {
                cut_at.elapsed() > exact + Duration::from_secs(common.seconds.min(5))
            }))
        })?;
        scene.traffic.counting = false;
        scene.traffic.lenient = false;
        scene.links.untick();
        ensure!(
            back.is_some() && exact.is_some(),
            "not all were back within {PATIENCE:?}"
        );
        scene.settle()?;
        let seconds = |time: Option<Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64());
        let back = back.map(|(time, _)| time);
        report.figure("all back and live, s", seconds(back));
        report.figure("all back and exact, s", seconds(exact));
        report.figure("back, a second", f64::from(options.sockets) / seconds(back));
        report.figure("told to come back later", real(absent.refused));
        scene
            .traffic
            .acknowledged
            .report("meanwhile, due to acknowledgement,", report);
        report.figure("messages sent in all", real(scene.traffic.flights.sent()));
        Ok(())
    }
}
