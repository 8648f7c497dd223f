//! S2: sends by the clock, at rates that a node carries easily, and in bursts: how long each takes from the
//! moment it was due, whether or not the generator was there in time.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::Args;

use super::{
    send::WARM_UP,
    stage::{Backend, Ran, Stage, WarmUp},
};
use crate::{
    Common, disk, links,
    machine::{Pids, real},
    postgres::Postgres,
    report::Report,
    scene::{Connected, Pace, Scene, couples, strangers},
    stalled::Stalled,
};

/// How many commits a second there are at most: above that, more messages share one.
const MOST_FLUSHES: u32 = 1_500;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The database.
    #[arg(long, value_enum, default_value_t = Backend::Postgres)]
    pub(crate) backend: Backend,
    /// Messages a second, all together; several for one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [500, 2_000, 10_000], value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub(crate) rate: Vec<u32>,
    /// How many are due at the same moment.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) burst: u32,
    /// How many pairs take turns.
    #[arg(long, default_value_t = 100)]
    pub(crate) pairs: usize,
    /// Measures again while so many receivers have another session, which never reads.
    #[arg(long, default_value_t = 0)]
    pub(crate) stalled: usize,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let stage = Stage::start(common, options.backend)?;
    let mut title = format!("Sends by the clock, {} pairs", options.pairs);
    if options.burst > 1 {
        // Writing into a string does not fail.
        let _ = write!(title, ", {} at a time", options.burst);
    }
    let mut report = Report::new(title, common);
    report.setting(stage.words());
    let couples = couples(stage.node.address, strangers(options.pairs)).await?;
    let mut scene = Scene::set(stage.node.address, &couples, Connected::default())?;
    for _ in 0..common.runs {
        for &rate in &options.rate {
            let pace = Pace {
                rate,
                burst: options.burst,
            };
            let postgres = stage.settled()?;
            let ran = measure(&mut scene, common.seconds, pace, &stage.pids(), postgres)?;
            let at = |what: &str| format!("{rate}/s, {what}");
            ran.delivered.report(&at("due to delivery,"), &mut report);
            ran.acknowledged
                .report(&at("due to acknowledgement,"), &mut report);
            super::report_cost(
                &ran.spent,
                ran.acknowledged.count(),
                &format!("send at {rate}/s"),
                &mut report,
            );
            let commits = Pace {
                rate: rate.min(MOST_FLUSHES),
                burst: 1,
            };
            let length = Duration::from_secs(common.seconds);
            let floor = disk::flushes(stage.folder(), commits, length)?;
            floor.report(&at("the disk alone, due to flushed,"), &mut report);
            // Below that it is no measurement at this rate.
            ensure!(
                ran.rate() > f64::from(rate) * 0.95,
                "{:.0} a second are acknowledged of {rate}",
                ran.rate()
            );
            if options.stalled > 0 {
                let receivers = couples.iter().map(|couple| couple.receiver.as_str());
                let stalled = Stalled::open(stage.node.address, receivers.take(options.stalled))?;
                let postgres = stage.settled()?;
                let beside = measure(&mut scene, common.seconds, pace, &stage.pids(), postgres)?;
                let what = format!("beside {} sessions that never read,", options.stalled);
                beside.delivered.report(&at(&what), &mut report);
                report.figure(
                    &at("p99 beside them, in p99s without"),
                    beside.delivered.quantile(0.99) / ran.delivered.quantile(0.99),
                );
                report.figure(&at("sent away of them"), real(links::count(stalled.end()?)));
            }
        }
    }
    Ok(report)
}

/// One run at one rate.
pub(crate) fn measure(
    scene: &mut Scene,
    seconds: u64,
    pace: Pace,
    pids: &Pids,
    postgres: Option<&Postgres>,
) -> Result<Ran> {
    let mut warm_up = Some(WarmUp::new(scene, pids.clone(), postgres)?);
    scene.links.tick(pace.tick())?;
    let begin = Instant::now();
    let counted = begin + WARM_UP;
    let end = counted + Duration::from_secs(seconds);
    let mut running = None;
    scene.open_until(begin, end, pace, |scene, now| {
        if let Some(warm_up) = warm_up.take_if(|_| now >= counted) {
            running = Some(warm_up.over(scene)?);
        }
        Ok(false)
    })?;
    let Some(running) = running else {
        anyhow::bail!("the run was over before it counted");
    };
    let ran = running.stop(scene, postgres)?;
    scene.links.untick();
    scene.settle()?;
    Ok(ran)
}
