//! A node's place in the cluster: its settings, and the proxies on its edges.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tokio::sync::Mutex;

use crate::{
    cluster::{DATABASE, SECRET, SERVER_KEY, Shape},
    nats::Nats,
    node::{Node, Recipe},
    postgres::Postgres,
    proxy::{Proxy, Speech},
};

/// A node and the proxies around it.
pub(crate) struct Place {
    /// Its name.
    pub(crate) name: String,
    /// The node.
    pub(crate) node: Mutex<Node>,
    /// Between clients and the node.
    pub(crate) door: Proxy,
    /// Between the node and PostgreSQL.
    pub(crate) database: Option<Proxy>,
    /// Between the node and the bus.
    pub(crate) bus: Option<Proxy>,
    /// By how many seconds its clock is ahead.
    pub(crate) clock: Option<PathBuf>,
}

impl Place {
    /// Prepares a node; nothing of it runs yet but its proxies.
    pub(crate) async fn new(
        file: Option<&Path>,
        shape: &Shape,
        number: usize,
        postgres: Option<&Postgres>,
        nats: Option<&Nats>,
    ) -> anyhow::Result<Self> {
        let name = format!("n{number}");
        let folder = shape.folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        let mut settings = vec![
            ("MESSAGING_JWT_SECRET".to_owned(), SECRET.to_owned()),
            ("MESSAGING_SERVER_KEY".to_owned(), SERVER_KEY.to_owned()),
        ];
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (mut database, mut bus) = (None, None);
        if let Some(postgres) = postgres {
            let proxy = Proxy::start(Speech::Postgres, Some(loopback(postgres.port()))).await?;
            let url = Postgres::url(proxy.address().port(), DATABASE);
            settings.push(("MESSAGING_DATABASE_URL".to_owned(), url));
            // The first node writes by several lanes, any other by one, as it comes.
            let lanes = if number == 1 { "2" } else { "1" };
            settings.push(("MESSAGING_DATABASE_WRITERS".to_owned(), lanes.to_owned()));
            database = Some(proxy);
        } else if let Some(file) = file {
            let url = format!("sqlite://{}", file.display());
            settings.push(("MESSAGING_DATABASE_URL".to_owned(), url));
        }
        if let Some(nats) = nats {
            let proxy = Proxy::start(Speech::Nats, Some(loopback(nats.port()))).await?;
            let url = format!("nats://{}", proxy.address());
            settings.push(("MESSAGING_NATS_URL".to_owned(), url));
            bus = Some(proxy);
        }
        if let Some(bug) = &shape.bug {
            settings.push(("MESSAGING_PLANTED_BUG".to_owned(), bug.clone()));
        }
        let clock = if shape.clock {
            let file = folder.join("clock");
            std::fs::write(&file, "+0\n")?;
            let library = faketime().context("libfaketime is not installed")?;
            for (setting, value) in [
                ("LD_PRELOAD", library.display().to_string()),
                ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
                ("FAKETIME_NO_CACHE", "1".to_owned()),
            ] {
                settings.push((setting.to_owned(), value));
            }
            Some(file)
        } else {
            None
        };
        let node = Node::new(Recipe {
            name: name.clone(),
            binary: shape.binary.clone(),
            folder,
            settings,
            wrapper: Vec::new(),
        })?;
        Ok(Self {
            name,
            node: Mutex::new(node),
            door: Proxy::start(Speech::Plain, None).await?,
            database,
            bus,
            clock,
        })
    }
}

/// The library that moves a process's wall clock, if it is installed.
pub(crate) fn faketime() -> Option<PathBuf> {
    [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
    ]
    .iter()
    .map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"))
    .find(|file| file.is_file())
}
