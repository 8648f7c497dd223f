//! Whether each message was durable before it was acknowledged, read from the system calls: between the
//! receipt of a send and the first byte of its answer lies a completed flush (SQLite), or PostgreSQL's
//! word that it has committed.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    load::{Scene, Stage},
    strace,
};
use crate::{say, token::Signer};

/// Goes through `count` sends, one after the other.
pub(super) async fn check(stage: &Stage<'_>, count: usize) -> anyhow::Result<ExitCode> {
    let mut scene = Scene::new(stage, "1", stage.seed).await?;
    let address = scene.start().await?;
    scene.meet(stage.seed).await?;
    let pid = scene.node.pid().context("it does not run")?;
    let output = stage.folder.join("strace");
    let words = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-o",
        &output.display().to_string(),
        "-e",
        "trace=fdatasync,fsync,recvfrom,read,readv,sendto,write,writev,sendmsg",
    ]
    .map(str::to_owned);
    let tracer =
        strace::Tracer::attach(&words, pid, &output, &stage.folder.join("strace.log")).await?;
    let token = Signer::new(crate::cluster::SECRET).sign("buyer-0", scene.world.now(), 600)?;
    let talks = scene.world.talks("buyer-0", true);
    let talk = talks.first().context("no conversation")?;
    let mut ids = Vec::new();
    for number in 0..count {
        let id = uuid::Uuid::new_v4().to_string();
        let content = json!({"kind": "text", "text": format!("message {number}")});
        let body: Value = json!({"conversationId": talk.id, "clientId": id, "content": content});
        let url = format!("http://{address}/api/messages/send");
        let sent = scene.world.http.post(url).bearer_auth(&token).json(&body);
        anyhow::ensure!(sent.send().await?.status().as_u16() == 201, "not stored");
        ids.push(id);
    }
    let trace = tracer.detach().await;
    scene.node.kill().await?;
    let lines: Vec<&str> = trace.lines().collect();
    let mark = if stage.postgres.is_some() {
        Mark::Commit
    } else {
        Mark::Flush
    };
    let late: Vec<&String> = ids.iter().filter(|id| !holds(&lines, id, mark)).collect();
    for id in late.iter().take(5) {
        say!("FAILED {id} was acknowledged before it was durable");
    }
    say!(
        "{} sends, each flushed before its answer unless said otherwise",
        ids.len()
    );
    say!("{} passed, {} failed", ids.len() - late.len(), late.len());
    Ok(ExitCode::from(u8::from(!late.is_empty())))
}

/// What shows that something is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// A flush has returned 0.
    Flush,
    /// The database's answer was read: to COMMIT, or to what stores a batch while no transaction is open.
    Commit,
}

/// Whether the mark lies between the receipt of that id and the first time it is written out.
fn holds(lines: &[&str], id: &str, mark: Mark) -> bool {
    let is = |line: &str, calls: &[&str]| calls.iter().any(|call| line.contains(call));
    let into = [
        "recvfrom(",
        "read(",
        "readv(",
        "recvfrom resumed",
        "read resumed",
    ];
    let out = ["sendto(", "write(", "writev(", "sendmsg("];
    let Some(received) = lines
        .iter()
        .position(|line| line.contains(id) && is(line, &into))
    else {
        return false;
    };
    // The answer to the client begins with the status; what goes to the database does not.
    let answered = lines
        .iter()
        .enumerate()
        .skip(received)
        .find(|(_, line)| line.contains(id) && is(line, &out) && line.contains("HTTP/1.1 201"));
    let Some((answered, _)) = answered else {
        return false;
    };
    let between = lines.get(received..answered).unwrap_or_default();
    between.iter().any(|line| match mark {
        Mark::Flush => line.contains("sync") && line.trim_end().ends_with("= 0"),
        // The second is told by the name of its column, and ends as PostgreSQL does once it has committed.
        Mark::Commit => {
            let stores_by_itself = ["written_by", "SELECT ", r"Z\0\0\0\5I"]
                .iter()
                .all(|part| line.contains(part));
            is(line, &["recvfrom", "read"]) && (line.contains("COMMIT") || stores_by_itself)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_before_the_flush_is_found_out() {
        let good = [
            r#"7 recvfrom(9, "POST … \"clientId\":\"ab\"", 4096) = 99"#,
            "8 fdatasync(5 <unfinished ...>",
            "8 <... fdatasync resumed>) = 0",
            r#"7 writev(9, [{iov_base="HTTP/1.1 201 Created … \"clientId\":\"ab\""}]) = 99"#,
        ];
        assert!(holds(&good, "ab", Mark::Flush));
        let bad = [good[0], good[3], good[1], good[2]];
        assert!(!holds(&bad, "ab", Mark::Flush));
        assert!(!holds(&[good[0], good[1], good[3]], "ab", Mark::Flush));
        assert!(!holds(&good, "cd", Mark::Flush));
        let database = [
            r#"8 recvfrom(9, "T… written_by … C\0\0\0\rSELECT 2\0Z\0\0\0\5I", 16384) = 99"#,
            r#"8 recvfrom(9, "T… written_by … C\0\0\0\rSELECT 2\0Z\0\0\0\5T", 16384) = 99"#,
        ];
        let refused =
            r#"8 recvfrom(9, "T… written_by … E\0\0\0\x99SERROR\0Z\0\0\0\5I", 16384) = 99"#;
        assert!(!holds(&[good[0], refused, good[3]], "ab", Mark::Commit));
        let [committed, open] = database.map(|answer| [good[0], answer, good[3]]);
        assert!(holds(&committed, "ab", Mark::Commit));
        assert!(!holds(&open, "ab", Mark::Commit));
    }
}
