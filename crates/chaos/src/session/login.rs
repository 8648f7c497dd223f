//! People with a password: logins that all sessions of a person share, rotated and ended in mid-stream.

use std::sync::{Arc, PoisonError};

use anyhow::Context as _;
use messaging_history::{
    Call, Record,
    event::{Doubt, Invoke, Refusal, Success, Transport},
    outcome,
};
use serde_json::{Value, json};

use super::Session;
use crate::world::{Door, World};

/// A person with a password.
#[derive(Debug)]
pub(crate) struct Account {
    email: String,
    password: String,
    login: Option<Login>,
    /// Counts the logins, which have no names of their own.
    logins: u32,
}

#[derive(Debug, Clone)]
struct Login {
    name: String,
    access: String,
    refresh: String,
    /// Counts its refresh tokens.
    rotations: u32,
}

impl Login {
    fn of(answer: &Value, name: String) -> Option<Self> {
        let word = |field: &str| answer.get(field)?.as_str().map(str::to_owned);
        Some(Self {
            name,
            access: word("accessToken")?,
            refresh: word("refreshToken")?,
            rotations: 0,
        })
    }
}

/// Registers somebody; their id and account.
pub(crate) async fn register(
    http: &reqwest::Client,
    door: &Door,
    number: usize,
) -> anyhow::Result<(String, Account)> {
    let mut account = Account {
        email: format!("mail-canary-{number}@example.test"),
        password: format!("pass-canary-{number}-correct-horse"),
        login: None,
        logins: 0,
    };
    let body = json!({
        "email": account.email,
        "password": account.password,
        "displayName": format!("Account {number}"),
    });
    let url = format!("http://{}/api/auth/register", door.address);
    let answer = http.post(url).json(&body).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let user = answer.pointer("/user/id").and_then(Value::as_str);
    let user = user.context("nobody was registered")?.to_owned();
    account.login = Login::of(&answer, format!("{user}.login-0"));
    Ok((user, account))
}

impl Session {
    /// The token to show: of the present login, or one that we sign; and the login's name.
    pub(super) async fn token(
        &mut self,
        door: &Door,
        seconds: i64,
    ) -> Option<(String, Option<String>)> {
        let Some(account) = self.world.account(&self.user) else {
            return Some((self.world.token(&self.user, seconds).ok()?, None));
        };
        // One login at a time, whoever asks for it.
        let mut account = account.lock().await;
        if account.login.is_none() {
            let url = format!("http://{}/api/auth/login", door.address);
            let body = json!({"email": account.email, "password": account.password});
            let answer = self.world.http.post(url).json(&body).send().await.ok()?;
            let answer: Value = answer.error_for_status().ok()?.json().await.ok()?;
            account.logins += 1;
            let name = format!("{}.login-{}", self.user, account.logins);
            account.login = Login::of(&answer, name);
        }
        let login = account.login.as_ref()?;
        Some((login.access.clone(), Some(login.name.clone())))
    }

    /// Rotates the refresh token, or logs out, if this is somebody with a password.
    pub(super) async fn manage_login(&mut self, log_out: bool) {
        let world = Arc::clone(&self.world);
        let Some(account) = world.account(&self.user) else {
            return;
        };
        let at = self.rng.usize(..world.doors.len());
        let Some(door) = world.doors.get(at) else {
            return;
        };
        let mut account = account.lock().await;
        // Whatever comes of it: another attempt with the same token would count as theft.
        let Some(login) = account.login.take() else {
            return;
        };
        let (call, path) = if log_out {
            let login = login.name.clone();
            (Call::Logout { login }, "logout")
        } else {
            let token = format!("{}.token-{}", login.name, login.rotations);
            (Call::Rotate { token }, "refresh")
        };
        let op = world.recorder.op();
        world.recorder.record(Record::Invoke(Invoke {
            op,
            process: format!("{}.login.{op}", self.name),
            user: self.user.clone(),
            session: None,
            node: door.node.clone(),
            transport: Transport::Http,
            connection: None,
            call,
        }));
        let url = format!("http://{}/api/auth/{path}", door.address);
        let asked = world.http.post(url).bearer_auth(&login.access);
        let answer = asked
            .json(&json!({"refreshToken": login.refresh}))
            .send()
            .await;
        let Ok(answer) = answer else {
            let why = "broken".to_owned();
            let line = Doubt {
                op,
                why,
                reply: Value::Null,
            };
            world.recorder.record(Record::Unknown(line));
            return;
        };
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        // The tokens themselves are no part of the history.
        match outcome::of_status(status) {
            outcome::Outcome::Ok => {
                let line = Success {
                    op,
                    status: Some(status),
                    reply: Value::Null,
                };
                world.recorder.record(Record::Ok(line));
                if !log_out {
                    account.login = Login::of(&body, login.name.clone()).map(|fresh| Login {
                        rotations: login.rotations + 1,
                        ..fresh
                    });
                }
            }
            outcome::Outcome::Fail => {
                let code = body.get("code").and_then(Value::as_str).map(str::to_owned);
                let line = Refusal {
                    op,
                    status: Some(status),
                    code,
                    reply: body,
                };
                world.recorder.record(Record::Fail(line));
                // Certainly not done: it is as good as before.
                if status == 503 {
                    account.login = Some(login);
                }
            }
            outcome::Outcome::Unknown => {
                let line = Doubt {
                    op,
                    why: format!("status {status}"),
                    reply: body,
                };
                world.recorder.record(Record::Unknown(line));
            }
        }
    }
}

impl World {
    /// The account of that person, if they have a password.
    pub(crate) fn account(&self, user: &str) -> Option<Arc<tokio::sync::Mutex<Account>>> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.get(user).cloned()
    }

    /// Keeps an account.
    pub(crate) fn keep_account(&self, user: String, account: Account) {
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.insert(user, Arc::new(tokio::sync::Mutex::new(account)));
    }
}
