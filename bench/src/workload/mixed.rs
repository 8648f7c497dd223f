//! People who write, read what is written to them, and look into their inbox and history, all at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;

use super::{
    send::WARM_UP,
    stage::{Backend, Stage, WarmUp},
};
use crate::{
    Common,
    client::token,
    latencies::Latencies,
    links::{Out, Talk},
    machine::real,
    readers::{Page, Readers},
    report::Report,
    scene::{Connected, Couple, Scene, after, couples, strangers},
    traffic::Traffic,
    wire::Heard,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The database.
    #[arg(long, value_enum, default_value_t = Backend::Postgres)]
    pub(crate) backend: Backend,
    /// How many pairs send at the same time.
    #[arg(long, default_value_t = 50)]
    pub(crate) pairs: usize,
    /// How many clients read pages at the same time.
    #[arg(long, default_value_t = 4)]
    pub(crate) readers: usize,
}

/// Those who talk and those who read, on the same thread.
struct Both<'a> {
    traffic: &'a mut Traffic,
    readers: &'a mut Readers,
}

impl Talk for Both<'_> {
    fn heard(&mut self, link: usize, heard: Heard<'_>, out: &mut Out) -> Result<()> {
        if self.readers.own(link) {
            self.readers.heard(link, heard, out)
        } else {
            self.traffic.heard(link, heard, out)
        }
    }
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let stage = Stage::start(common, options.backend)?;
    let mut report = Report::new(
        format!(
            "{} pairs that write and read, {} clients that look into inbox and history",
            options.pairs, options.readers
        ),
        common,
    );
    report.setting(stage.words());
    let couples = couples(stage.node.address, strangers(options.pairs)).await?;
    let mut scene = Scene::set(stage.node.address, &couples, Connected::default())?;
    let pages = pages(&couples)?;
    let mut readers = Readers::new(&mut scene.links, stage.node.address, options.readers, pages)?;
    // So that there is something to read in every conversation.
    scene.begin_closed(1)?;
    scene.settle()?;
    for _ in 0..common.runs {
        let warm_up = WarmUp::new(&scene, stage.pids(), stage.postgres.as_ref())?;
        readers.begin(&mut scene.links.out)?;
        scene.begin_closed(1)?;
        until(&mut scene, &mut readers, after(WARM_UP)?)?;
        let running = warm_up.over(&mut scene)?;
        let (cursors, begun) = (scene.traffic.others, Instant::now());
        readers.counting = true;
        until(
            &mut scene,
            &mut readers,
            after(Duration::from_secs(common.seconds))?,
        )?;
        readers.counting = false;
        let took = begun.elapsed().as_secs_f64();
        let ran = running.stop(&mut scene, stage.postgres.as_ref())?;
        let read = std::mem::replace(&mut readers.read, Latencies::new()?);
        ran.report(&mut report);
        report.figure(
            "cursors moved a second",
            real(scene.traffic.others - cursors) / took,
        );
        report.figure("pages read a second", real(read.count()) / took);
        read.report("pages,", &mut report);
        settle(&mut scene, &mut readers)?;
    }
    Ok(report)
}

fn pages(couples: &[Couple]) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for couple in couples {
        let path = format!(
            "/api/messages/conversations/{}?limit=1",
            couple.conversation
        );
        // The last message, once in the conversation and once in the page.
        pages.push(Page::new(
            &path,
            &token(&couple.sender)?,
            "\"revision\":",
            2,
        ));
        let token = token(&couple.receiver)?;
        pages.push(Page::new(
            "/api/messages/conversations",
            &token,
            "\"counterpart\":",
            1,
        ));
        pages.push(Page::new(
            "/api/messages/unread",
            &token,
            "\"unreadTotal\":",
            1,
        ));
    }
    Ok(pages)
}

fn turn(scene: &mut Scene, readers: &mut Readers) -> Result<()> {
    let mut both = Both {
        traffic: &mut scene.traffic,
        readers,
    };
    scene.links.turn(Duration::from_millis(50), &mut both)
}

/// Whoever was written to says that it was read, and whoever wrote writes on.
fn until(scene: &mut Scene, readers: &mut Readers, end: Instant) -> Result<()> {
    loop {
        turn(scene, readers)?;
        let now = Instant::now();
        if now >= end {
            return Ok(());
        }
        while let Some(pair) = scene.traffic.flights.ready.pop() {
            scene.traffic.mark_read(pair, &mut scene.links.out)?;
            scene.traffic.send(pair, now, &mut scene.links.out)?;
        }
    }
}

fn settle(scene: &mut Scene, readers: &mut Readers) -> Result<()> {
    readers.stop();
    let begun = Instant::now();
    while scene.traffic.flights.under_way > 0 || readers.waiting > 0 || scene.traffic.asked > 0 {
        turn(scene, readers)?;
        ensure!(
            begun.elapsed() < Duration::from_secs(30),
            "not everything was answered"
        );
    }
    scene.traffic.flights.ready.clear();
    Ok(())
}
