//! What messages cost PostgreSQL: log, transactions, rows and disk.

use anyhow::Result;

use crate::{machine::real, postgres::Postgres, report::Report};

/// How far PostgreSQL's counters are after so many messages.
pub(super) struct Written {
    sent: u64,
    wal: f64,
    commits: f64,
}

impl Written {
    pub(super) fn read(postgres: &Postgres, sent: u64) -> Result<Self> {
        Ok(Self {
            sent,
            wal: postgres.number("SELECT pg_current_wal_insert_lsn() - '0/0'")?,
            commits: postgres
                .number("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'")?,
        })
    }

    pub(super) fn report_since(&self, before: &Self, report: &mut Report) {
        let each = |all: f64| all / real((self.sent - before.sent).max(1));
        report.figure("WAL, bytes a message", each(self.wal - before.wal));
        report.figure(
            "transactions of all kinds a message",
            each(self.commits - before.commits),
        );
    }
}

/// What is on the disk, by table.
pub(super) fn report_sizes(postgres: &Postgres, sent: u64, report: &mut Report) -> Result<()> {
    for table in ["messages", "streams", "event_runs"] {
        let heap = postgres.number(&format!("SELECT pg_table_size('{table}')"))?;
        let indexes = postgres.number(&format!("SELECT pg_indexes_size('{table}')"))?;
        report.figure(
            &format!("disk, rows of {table}, bytes a message"),
            heap / real(sent),
        );
        report.figure(
            &format!("disk, indexes of {table}, bytes a message"),
            indexes / real(sent),
        );
    }
    let runs = postgres.number("SELECT count(*) FROM event_runs")?;
    report.figure("runs of events a message", runs / real(sent));
    let all = postgres.number("SELECT pg_database_size('postgres')")?;
    report.figure(
        "disk, all of the database, bytes a message",
        all / real(sent),
    );
    Ok(())
}
