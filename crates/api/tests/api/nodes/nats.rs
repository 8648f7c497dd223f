//! A NATS of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::app::postgres;

/// A NATS server that ends with the test.
pub(super) struct Nats {
    server: PathBuf,
    child: Child,
    address: SocketAddr,
}

impl Nats {
    /// A server on a free port; `None` where there is none, or no PostgreSQL for nodes.
    pub(super) fn start() -> Option<Self> {
        postgres()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no settings of its own"
        )]
        let (paths, required) = (
            std::env::var_os("PATH").unwrap_or_default(),
            std::env::var_os("REQUIRE_NATS"),
        );
        // Debian keeps it where only root looks.
        let folders = std::env::split_paths(&paths).chain(["/usr/sbin".into()]);
        let server = folders
            .map(|folder| folder.join("nats-server"))
            .find(|server| server.is_file());
        let Some(server) = server else {
            assert!(
                required.is_none_or(|required| required == "0"),
                "there is no nats-server (Debian: apt-get install nats-server)"
            );
            return None;
        };
        let (child, address) = run(&server, "-1");
        Some(Self {
            server,
            child,
            address,
        })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Kills the server, and starts it again when something has been done meanwhile.
    pub(super) async fn restart_after(&mut self, meanwhile: impl Future<Output = ()>) {
        self.kill();
        meanwhile.await;
        let (child, address) = run(&self.server, &self.address.port().to_string());
        assert_eq!(address, self.address);
        self.child = child;
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a server, and waits until it says where it listens.
fn run(server: &PathBuf, port: &str) -> (Child, SocketAddr) {
    let mut child = Command::new(server)
        .args(["--addr", "127.0.0.1", "--port", port])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, address) = line.split_once("Listening for client connections on ")?;
            address.parse().ok()
        })
        .unwrap();
    // Or the server would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}
