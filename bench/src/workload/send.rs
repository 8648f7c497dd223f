//! Sends of pairs in a closed loop, over a socket or over HTTP, on either database.

use std::{fmt::Write as _, time::Duration};

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::stage::{Backend, Ran, Stage, WarmUp};
use crate::{
    Common,
    frames::Dialect,
    machine::Pids,
    postgres::Postgres,
    report::Report,
    scene::{Connected, Scene, after, couples, strangers},
};

/// How long pairs send before it counts.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The database.
    #[arg(long, value_enum, default_value_t = Backend::Postgres)]
    pub(crate) backend: Backend,
    /// How messages are sent; they are received over sockets.
    #[arg(long, value_enum, default_value_t = Over::Socket)]
    pub(crate) over: Over,
    /// How many pairs send at the same time.
    #[arg(long, default_value_t = 100)]
    pub(crate) pairs: usize,
    /// How many messages of a pair are under way at the same time.
    #[arg(long, default_value_t = 1)]
    pub(crate) in_flight: usize,
    /// How many sessions each person has.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) devices: u8,
    /// Who writes to whom.
    #[arg(long, value_enum, default_value_t = Shape::Pairs)]
    pub(crate) shape: Shape,
    /// Gives one half of the cores to the database and to those who write to it, and the other to all else.
    #[arg(long)]
    pub(crate) divided: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Over {
    Socket,
    Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Everybody to somebody else.
    Pairs,
    /// One to one other: over HTTP on as many connections as there would be pairs, over the WebSocket on one.
    HotConversation,
    /// All to one seller, each in a conversation of their own.
    HotSeller,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let stage = if options.divided {
        Stage::divided(common, options.backend)?
    } else {
        Stage::start(common, options.backend)?
    };
    let mut report = Report::new(title(options), common);
    report.setting(stage.words());
    let people = strangers(options.pairs).map(|(buyer, seller)| match options.shape {
        Shape::Pairs => (buyer, seller),
        Shape::HotConversation => ("the-buyer".to_owned(), "the-seller".to_owned()),
        Shape::HotSeller => (buyer, "the-seller".to_owned()),
    });
    let couples = couples(stage.node.address, people).await?;
    let connected = Connected {
        dialect: match options.over {
            Over::Socket => Dialect::Socket,
            Over::Http => Dialect::Http,
        },
        devices: options.devices.into(),
    };
    let mut scene = Scene::set(stage.node.address, &couples, connected)?;
    for _ in 0..common.runs {
        let postgres = stage.settled()?;
        measure(
            &mut scene,
            common.seconds,
            options.in_flight,
            stage.pids(),
            postgres,
        )?
        .report(&mut report);
    }
    let sent = scene.traffic.flights.sent();
    drop(scene);
    report.setting(format!(
        "{sent} messages in all, each told once and in order to all it concerns"
    ));
    stage.stop(sent, &mut report)?;
    Ok(report)
}

fn title(options: &Options) -> String {
    let over = match options.over {
        Over::Http => "HTTP",
        Over::Socket => "the WebSocket",
    };
    let mut title = match options.shape {
        Shape::Pairs => format!(
            "Sends over {over}, {} pairs in a closed loop",
            options.pairs
        ),
        Shape::HotConversation => format!(
            "Sends over {over} in one conversation, {} under way",
            options.pairs * options.in_flight
        ),
        Shape::HotSeller => format!(
            "Sends over {over}, {} buyers to one seller, in a closed loop",
            options.pairs
        ),
    };
    if options.in_flight > 1 {
        // Writing into a string does not fail.
        let _ = write!(title, ", {} in flight each", options.in_flight);
    }
    if options.devices > 1 {
        let _ = write!(title, ", {} devices each", options.devices);
    }
    if options.divided {
        title.push_str(", cores divided");
    }
    title
}

/// One run: warm up, then count, then wait for what is under way.
pub(crate) fn measure(
    scene: &mut Scene,
    seconds: u64,
    in_flight: usize,
    pids: Pids,
    postgres: Option<&Postgres>,
) -> Result<Ran> {
    let warm_up = WarmUp::new(scene, pids, postgres)?;
    scene.begin_closed(in_flight)?;
    scene.closed_until(after(WARM_UP)?)?;
    let running = warm_up.over(scene)?;
    scene.closed_until(after(Duration::from_secs(seconds))?)?;
    let ran = running.stop(scene, postgres)?;
    scene.settle()?;
    Ok(ran)
}
