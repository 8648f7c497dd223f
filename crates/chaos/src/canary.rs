//! Looks for what must not be there: texts, tokens, passwords and addresses in logs, metrics and on the
//! bus.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use messaging_history::{Record, event::Leak};

use tokio::time::sleep;

use crate::{ear::Ear, recorder::Recorder};

/// What gives a secret away, and what it is.
const SECRETS: [(&str, &str); 7] = [
    ("canary:", "message text"),
    ("eyJhbGciOi", "token"),
    ("eyJ0eXAiOi", "token"),
    (crate::cluster::SECRET, "secret"),
    (crate::cluster::SERVER_KEY, "server key"),
    ("pass-canary-", "password"),
    ("mail-canary-", "e-mail"),
];

/// As many as are told of in one place.
const ENOUGH: usize = 5;

/// The secrets in a text, each with what stands around it.
pub(crate) fn secrets_in(text: &str) -> Vec<(&'static str, String)> {
    SECRETS
        .iter()
        .filter_map(|(mark, secret)| {
            let at = text.find(mark)?;
            let from = text.floor_char_boundary(at.saturating_sub(60));
            let to = text.ceil_char_boundary((at + 60).min(text.len()));
            Some((*secret, text.get(from..to)?.to_owned()))
        })
        .collect()
}

/// Records what is found in a text.
pub(crate) fn scan(text: &str, place: &str, recorder: &Recorder) -> usize {
    let found = secrets_in(text);
    for (secret, excerpt) in &found {
        recorder.record(Record::Leak(Leak {
            secret: (*secret).to_owned(),
            place: place.to_owned(),
            excerpt: excerpt.clone(),
        }));
    }
    found.len()
}

/// Listens on the bus for as long as it is let, and records what must not be said there; how much was
/// heard is in the counter.
pub(crate) async fn listen(server: SocketAddr, recorder: Recorder, heard: Arc<AtomicU64>) {
    let mut found = 0;
    loop {
        if let Ok(mut ear) = Ear::connect(server).await {
            while let Ok(said) = ear.hear(Duration::from_hours(1)).await {
                let Some(said) = said else { continue };
                heard.fetch_add(1, Ordering::Relaxed);
                if found < ENOUGH {
                    let text = String::from_utf8_lossy(&said.payload);
                    found += scan(&said.subject, "bus subject", &recorder);
                    found += scan(&text, &format!("bus on {}", said.subject), &recorder);
                }
            }
        }
        // The bus is killed now and then.
        sleep(Duration::from_millis(100)).await;
    }
}

/// Records what is found in a file; a file that is not there holds nothing.
pub(crate) fn scan_file(file: &Path, place: &str, recorder: &Recorder) {
    let Ok(opened) = File::open(file) else { return };
    let mut found = 0;
    for line in BufReader::new(opened).split(b'\n').map_while(Result::ok) {
        found += scan(&String::from_utf8_lossy(&line), place, recorder);
        if found >= ENOUGH {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_amid_other_words() {
        let found = secrets_in("é sent canary:00ff é to Ann");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "message text");
        assert!(found[0].1.contains("canary:00ff"));
        assert!(secrets_in("nothing here").is_empty());
    }
}
