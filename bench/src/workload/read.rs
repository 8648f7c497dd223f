//! H1, L1, F1: pages of history, of the inbox and of a search, and the badge, in a filled database.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::{
    fill::{Filled, Store},
    report_cost, report_foreign,
};
use crate::{
    Common,
    client::token,
    links::Links,
    machine::{Meter, Pids, real},
    readers::{Page, Readers},
    report::Report,
    scene::after,
};

/// How long is read before it counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// How many different pages there are of a kind, if there are as many.
const PAGES: usize = 1_000;

/// From so many messages on there are conversations of 10,000 messages.
const LONG_ONES: u64 = 1_000_000;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) store: Store,
    /// How many clients read at the same time; one alone searches.
    #[arg(long, default_value_t = 8)]
    pub(crate) clients: usize,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Report> {
    let filled = Filled::open(common, &options.store.store)?;
    let mut report = Report::new(
        format!(
            "Pages read over HTTP, {} clients, and searches of one",
            options.clients
        ),
        common,
    );
    report.setting(filled.words());
    report.setting("conversations and people at random".to_owned());
    let kinds = kinds(&filled)?;
    for _ in 0..common.runs {
        let meter = Meter::start(pids(&filled))?;
        for (name, pages) in &kinds {
            measure(common, options, &filled, name, pages.clone(), &mut report)?;
        }
        report_foreign(&meter.read()?, &mut report);
        let ratio = |report: &Report, figure: &str| {
            let of = |who: &str| report.last(&format!("{figure} of {who}, p50, ms"));
            Some(of("the seller with a twentieth of all")? / of("a seller")?)
        };
        if let Some(ratio) = ratio(&report, "inbox") {
            report.figure("inbox, p50 of the great seller / of a seller", ratio);
        }
        if let Some(ratio) = ratio(&report, "unread total") {
            report.figure("unread total, p50 of the great seller / of a seller", ratio);
        }
    }
    Ok(report)
}

fn pids(filled: &Filled) -> Pids {
    Pids {
        service: vec![filled.node.pid()],
        stores: vec![filled.postgres.pid()],
    }
}

fn measure(
    common: &Common,
    options: &Options,
    filled: &Filled,
    name: &str,
    pages: Vec<Page>,
    report: &mut Report,
) -> Result<()> {
    let mut links = Links::new()?;
    let clients = if name.starts_with("search") {
        1
    } else {
        options.clients
    };
    let mut readers = Readers::new(&mut links, filled.node.address, clients, pages)?;
    readers.begin(&mut links.out)?;
    let turns = |links: &mut Links, readers: &mut Readers, end: Instant| -> Result<()> {
        while Instant::now() < end {
            links.turn(Duration::from_millis(50), readers)?;
        }
        Ok(())
    };
    turns(&mut links, &mut readers, after(WARM_UP)?)?;
    let meter = Meter::start(pids(filled))?;
    let begun = Instant::now();
    readers.counting = true;
    turns(
        &mut links,
        &mut readers,
        after(Duration::from_secs(common.seconds))?,
    )?;
    let took = begun.elapsed();
    let spent = meter.read()?;
    ensure!(readers.read.count() > 0, "{name}: nothing was read");
    report.figure(
        &format!("{name}, a second"),
        real(readers.read.count()) / took.as_secs_f64(),
    );
    readers.read.report(&format!("{name},"), report);
    report_cost(&spent, readers.read.count(), name, report);
    Ok(())
}

/// The rows of a query.
fn rows(filled: &Filled, query: &str) -> Result<Vec<Vec<String>>> {
    let said = filled.postgres.ask(query)?;
    let rows: Vec<Vec<String>> = said
        .lines()
        .map(|line| line.split('|').map(str::to_owned).collect())
        .collect();
    ensure!(!rows.is_empty(), "nothing is found by {query}");
    Ok(rows)
}

fn kinds(filled: &Filled) -> Result<Vec<(&'static str, Vec<Page>)>> {
    let mut kinds = vec![("history, the newest 50", newest(filled)?)];
    if filled.amount.messages >= LONG_ONES {
        kinds.push(("history, 50 deep in a long one", deep(filled)?));
    }
    kinds.extend([
        ("inbox of a buyer", inbox(filled, "buyer", "buyer-%")?),
        ("inbox of a seller", inbox(filled, "seller", "seller-%")?),
        (
            "inbox of the seller with a twentieth of all",
            inbox(filled, "seller", "shop")?,
        ),
        ("unread total of a seller", unread(filled, "seller-%")?),
        (
            "unread total of the seller with a twentieth of all",
            unread(filled, "shop")?,
        ),
        ("search, one word", search(filled, 1)?),
        ("search, two words", search(filled, 2)?),
    ]);
    Ok(kinds)
}

fn newest(filled: &Filled) -> Result<Vec<Page>> {
    let query = format!(
        "SELECT id, buyer_id, least(last_seq, 50) FROM conversations \
         TABLESAMPLE SYSTEM (20) REPEATABLE (1) ORDER BY md5(id::TEXT) LIMIT {PAGES}"
    );
    // The last message stands in the conversation too.
    history(&rows(filled, &query)?, 1)
}

fn deep(filled: &Filled) -> Result<Vec<Page>> {
    let query = format!(
        "SELECT id, buyer_id, 50, 51 + (hashtext(id::TEXT || n) & 2147483647) % (last_seq - 50) \
         FROM (SELECT * FROM conversations ORDER BY last_seq DESC LIMIT 20) longest, \
         generate_series(1, {}) n",
        PAGES / 20
    );
    history(&rows(filled, &query)?, 1)
}

fn history(rows: &[Vec<String>], more: usize) -> Result<Vec<Page>> {
    rows.iter()
        .map(|row| {
            let [id, person, messages, rest @ ..] = row.as_slice() else {
                anyhow::bail!("a row lacks something");
            };
            let before = rest
                .first()
                .map_or_else(String::new, |seq| format!("&beforeSeq={seq}"));
            let path = format!("/api/messages/conversations/{id}?limit=50{before}");
            let messages: usize = messages.parse().context("not a number")?;
            Ok(Page::new(
                &path,
                &token(person)?,
                "\"revision\":",
                messages + more,
            ))
        })
        .collect()
}

fn inbox(filled: &Filled, side: &str, like: &str) -> Result<Vec<Page>> {
    let query = format!(
        "SELECT {side}_id, least(count(*), 20) FROM conversations \
         WHERE {side}_id IN (SELECT id FROM users WHERE id LIKE '{like}' ORDER BY md5(id) LIMIT {PAGES}) GROUP BY 1"
    );
    rows(filled, &query)?
        .iter()
        .map(|row| {
            let [person, conversations] = row.as_slice() else {
                anyhow::bail!("a row lacks something");
            };
            let conversations = conversations.parse().context("not a number")?;
            Ok(Page::new(
                "/api/messages/conversations",
                &token(person)?,
                "\"counterpart\":",
                conversations,
            ))
        })
        .collect()
}

fn unread(filled: &Filled, like: &str) -> Result<Vec<Page>> {
    let query =
        format!("SELECT id FROM users WHERE id LIKE '{like}' ORDER BY md5(id) LIMIT {PAGES}");
    rows(filled, &query)?
        .iter()
        .map(|row| {
            let person = row.first().context("a row lacks something")?;
            Ok(Page::new(
                "/api/messages/unread",
                &token(person)?,
                "\"unreadTotal\":",
                1,
            ))
        })
        .collect()
}

/// Words of texts that the person is known to have: the first words of some messages.
fn search(filled: &Filled, words: usize) -> Result<Vec<Page>> {
    let query = format!(
        "SELECT array_to_string((string_to_array(body, ' '))[1:{words}], '+') FROM messages \
         WHERE conversation_id IN (SELECT id FROM conversations WHERE buyer_id = 'searcher') \
         ORDER BY md5(client_id::TEXT) LIMIT 100"
    );
    let token = token("searcher")?;
    rows(filled, &query)?
        .iter()
        .map(|row| {
            let words = row.first().context("a row lacks something")?;
            // How many there are is counted by the database, in its own way.
            let terms = words.replace('+', "' & '");
            let found = filled.postgres.ask(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM messages WHERE terms @@ \
                 ('''_' || encode('searcher', 'hex') || ''' & ''{}'':*')::TSQUERY LIMIT 20) found",
                terms.replace('\'', "''")
            ))?;
            Ok(Page::new(
                &format!("/api/messages/search?q={words}"),
                &token,
                "\"highlights\":",
                found.parse().context("not a number")?,
            ))
        })
        .collect()
}
