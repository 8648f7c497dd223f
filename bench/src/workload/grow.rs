//! G1: S1 in a database of a million conversations against the same in one of ten thousand, in turns.

use anyhow::{Context as _, Result};
use clap::Args;

use super::{
    fill::{Amount, Filled, Store, fill},
    report_foreign,
    send::measure,
};
use crate::{
    Common,
    machine::{Meter, Pids},
    report::Report,
    scene::{Connected, Couple, Scene},
};

/// What the small one holds; as many messages for each conversation as the large one.
const SMALL: u64 = 10_000;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) store: Store,
    /// How many pairs send, in conversations from all over the database.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) pairs: usize,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Report> {
    let large = Filled::open(common, &options.store.store)?;
    let dir = tempfile::Builder::new()
        .prefix("messaging-bench-small.")
        .tempdir_in(&common.dir)
        .context("make a folder")?;
    let amount = Amount {
        conversations: SMALL,
        messages: SMALL * large.amount.messages / large.amount.conversations,
        seed: large.amount.seed,
    };
    fill(common, dir.path(), amount)?;
    let small = Filled::open(common, dir.path())?;
    let mut report = Report::new(
        format!(
            "S1 in {} conversations against {SMALL}, {} pairs from all over them",
            large.amount.conversations, options.pairs
        ),
        common,
    );
    report.setting(large.words());
    let of_large = couples(&large, options.pairs)?;
    let of_small = couples(&small, options.pairs)?;
    for _ in 0..common.runs {
        let meter = Meter::start(Pids {
            service: vec![small.node.pid(), large.node.pid()],
            stores: vec![small.postgres.pid(), large.postgres.pid()],
        })?;
        let few = rate(common, &small, &of_small)?;
        let many = rate(common, &large, &of_large)?;
        report.figure(
            &format!("in {SMALL} conversations, durable sends a second"),
            few,
        );
        report.figure(
            &format!(
                "in {} conversations, durable sends a second",
                large.amount.conversations
            ),
            many,
        );
        report.figure("many / few", many / few);
        report_foreign(&meter.read()?, &mut report);
    }
    Ok(report)
}

fn rate(common: &Common, filled: &Filled, couples: &[Couple]) -> Result<f64> {
    let mut scene = Scene::set(filled.node.address, couples, Connected::default())?;
    let pids = Pids {
        service: vec![filled.node.pid()],
        stores: vec![filled.postgres.pid()],
    };
    let postgres = Some(&filled.postgres);
    Ok(measure(&mut scene, common.seconds, 1, pids, postgres)?.rate())
}

/// Conversations from all over; each person is in one of them alone.
fn couples(filled: &Filled, pairs: usize) -> Result<Vec<Couple>> {
    let query = format!(
        "SELECT DISTINCT ON (buyer_id) id, buyer_id, seller_id FROM (\
           SELECT DISTINCT ON (seller_id) id, buyer_id, seller_id FROM conversations \
           WHERE seller_id <> 'shop' AND buyer_id <> 'searcher' ORDER BY seller_id, md5(id::TEXT)) sellers \
         LIMIT {pairs}"
    );
    let said = filled.postgres.ask(&query)?;
    said.lines()
        .map(|line| {
            let mut fields = line.split('|').map(str::to_owned);
            let mut next = || fields.next().context("a row lacks something");
            Ok(Couple {
                conversation: next()?,
                sender: next()?,
                receiver: next()?,
            })
        })
        .collect()
}
