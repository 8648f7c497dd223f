//! Local accounts and their logins.

use std::time::Duration;

use messaging_domain::{
    Accounts, DisplayName, Email, Error, LoginId, LoginSession, NewAccount, NewRefreshToken,
    Rotation, Timestamp, TokenDigest, UserId,
};

use crate::stage::{Stage, user};

on_both![
    an_account_is_made_with_its_person_and_found_by_address,
    an_account_begins_with_its_first_login_or_not_at_all,
    an_address_has_one_account_also_when_two_register_at_once,
    an_address_has_one_account_also_when_two_nodes_register_at_once,
    a_token_is_traded_once,
    of_concurrent_trades_of_one_token_one_wins_and_the_family_is_revoked,
    a_token_that_is_over_or_unknown_is_refused,
    a_logout_revokes_the_family,
    logins_that_are_over_are_forgotten,
    revoked_logins_are_found_among_many,
];

fn account(id: &str, email: &str) -> NewAccount {
    NewAccount {
        user: user(id),
        email: Email::parse(email).unwrap(),
        password_hash: format!("hash of {id}"),
        display_name: DisplayName::parse(id).unwrap(),
        first_login: None,
    }
}

fn token(n: u8, lasts: Duration) -> NewRefreshToken {
    NewRefreshToken {
        digest: digest(n),
        expires_at: Timestamp::now().plus(lasts),
    }
}

const DAY: Duration = Duration::from_hours(24);

fn digest(n: u8) -> TokenDigest {
    [n; 32]
}

async fn log_in(stage: &Stage, user: &UserId, first: u8) -> LoginSession {
    let login = LoginSession {
        id: LoginId::new(),
        user: user.clone(),
    };
    let token = token(first, DAY);
    stage.store.begin_login(login.clone(), token).await.unwrap();
    login
}

async fn rotate(stage: &Stage, old: u8, new: u8) -> Rotation {
    stage
        .store
        .rotate(digest(old), token(new, DAY), Timestamp::now())
        .await
        .unwrap()
}

/// The login, if the token was traded by its own person.
fn traded(rotation: Rotation) -> Option<LoginSession> {
    match rotation {
        Rotation::Rotated { login, user } => {
            assert_eq!(user.id, login.user);
            Some(login)
        }
        Rotation::Reused(_) | Rotation::Refused => None,
    }
}

async fn an_account_begins_with_its_first_login_or_not_at_all(stage: &Stage) {
    let login = LoginId::new();
    let with_login = |id: &str, email: &str| NewAccount {
        first_login: Some((login, token(1, DAY))),
        ..account(id, email)
    };
    let ann = with_login("ann", "ann@example.org");
    stage.store.register(ann).await.unwrap();
    assert!(stage.store.is_live(login).await.unwrap());
    assert_eq!(traded(rotate(stage, 1, 2).await).unwrap().id, login);
    // The login of an account that could not be made is not there either.
    let other = LoginId::new();
    let late = NewAccount {
        first_login: Some((other, token(9, DAY))),
        ..account("bob", "ann@example.org")
    };
    let refused = stage.store.register(late).await.unwrap_err();
    assert!(matches!(refused, Error::EmailTaken));
    assert!(!stage.store.is_live(other).await.unwrap());
}

async fn an_account_is_made_with_its_person_and_found_by_address(stage: &Stage) {
    let made = stage
        .store
        .register(account("ann", "Ann@example.org"))
        .await
        .unwrap();
    assert_eq!(
        (made.id.as_str(), made.display_name.as_str()),
        ("ann", "ann")
    );
    let email = Email::parse("ann@EXAMPLE.org").unwrap();
    let found = stage.store.account(&email).await.unwrap().unwrap();
    assert_eq!(
        (found.user.clone(), found.password_hash.as_str()),
        (user("ann"), "hash of ann")
    );
    stage
        .store
        .rehash(&found.user, "stronger".to_owned())
        .await
        .unwrap();
    let found = stage.store.account(&email).await.unwrap().unwrap();
    assert_eq!(found.password_hash, "stronger");
    let nobody = Email::parse("nobody@example.org").unwrap();
    assert!(stage.store.account(&nobody).await.unwrap().is_none());
}

async fn an_address_has_one_account_also_when_two_register_at_once(stage: &Stage) {
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let store = stage.store.clone();
            let account = account(&format!("u{n}"), "same@example.org");
            tokio::spawn(async move { store.register(account).await })
        })
        .collect();
    assert_one_of(tasks).await;
    assert_eq!(
        crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM users"),
        1
    );
}

async fn an_address_has_one_account_also_when_two_nodes_register_at_once(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let (other, _) = stage.another_node();
    for round in 0..8 {
        let tasks: Vec<_> = (0..4)
            .map(|n| {
                let store = [&stage.store, &other][n % 2].clone();
                let account = account(&format!("u{round}-{n}"), &format!("e{round}@example.org"));
                tokio::spawn(async move { store.register(account).await })
            })
            .collect();
        assert_one_of(tasks).await;
    }
    other.close();
}

async fn assert_one_of<T>(tasks: Vec<tokio::task::JoinHandle<Result<T, Error>>>) {
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(refused) => assert!(matches!(refused, Error::EmailTaken), "{refused:?}"),
        }
    }
    assert_eq!(made, 1);
}

async fn a_token_is_traded_once(stage: &Stage) {
    let ann = stage
        .store
        .register(account("ann", "ann@example.org"))
        .await
        .unwrap()
        .id;
    let login = log_in(stage, &ann, 1).await;
    let apart = log_in(stage, &ann, 100).await;
    assert!(stage.store.is_live(login.id).await.unwrap());
    assert_eq!(traded(rotate(stage, 1, 2).await), Some(login.clone()));
    assert_eq!(traded(rotate(stage, 2, 3).await), Some(login.clone()));
    assert_eq!(rotate(stage, 1, 4).await, Rotation::Reused(login.clone()));
    assert!(!stage.store.is_live(login.id).await.unwrap());
    // The newest one is as dead as the others.
    assert_eq!(rotate(stage, 3, 5).await, Rotation::Refused);
    assert_eq!(rotate(stage, 4, 6).await, Rotation::Refused);
    assert!(stage.store.is_live(apart.id).await.unwrap());
    assert_eq!(traded(rotate(stage, 100, 101).await), Some(apart));
}

async fn of_concurrent_trades_of_one_token_one_wins_and_the_family_is_revoked(stage: &Stage) {
    let ann = stage
        .store
        .register(account("ann", "ann@example.org"))
        .await
        .unwrap()
        .id;
    let nodes = if stage.is_postgres() {
        vec![stage.store.clone(), stage.another_node().0]
    } else {
        vec![stage.store.clone()]
    };
    for round in 0..5_u8 {
        let login = log_in(stage, &ann, round * 20).await;
        let tasks: Vec<_> = (1..=8)
            .map(|n| {
                let store = nodes[usize::from(n) % nodes.len()].clone();
                let new = token(round * 20 + n, DAY);
                tokio::spawn(async move {
                    store
                        .rotate(digest(round * 20), new, Timestamp::now())
                        .await
                        .unwrap()
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        let won = outcomes
            .iter()
            .filter(|o| matches!(o, Rotation::Rotated { .. }))
            .count();
        let reused = outcomes
            .iter()
            .filter(|o| matches!(o, Rotation::Reused(_)))
            .count();
        assert_eq!(won, 1, "{outcomes:?}");
        assert!(reused >= 1, "{outcomes:?}");
        assert!(!stage.store.is_live(login.id).await.unwrap());
    }
    nodes.iter().for_each(messaging_infra::Database::close);
}

async fn a_token_that_is_over_or_unknown_is_refused(stage: &Stage) {
    let ann = stage
        .store
        .register(account("ann", "ann@example.org"))
        .await
        .unwrap()
        .id;
    assert_eq!(rotate(stage, 9, 10).await, Rotation::Refused);
    log_in(stage, &ann, 1).await;
    let later = Timestamp::now().plus(DAY + DAY);
    let rotation = stage
        .store
        .rotate(digest(1), token(2, DAY), later)
        .await
        .unwrap();
    assert_eq!(rotation, Rotation::Refused);
    assert!(!stage.store.is_live(LoginId::new()).await.unwrap());
}

async fn a_logout_revokes_the_family(stage: &Stage) {
    let ann = stage
        .store
        .register(account("ann", "ann@example.org"))
        .await
        .unwrap()
        .id;
    let login = log_in(stage, &ann, 1).await;
    rotate(stage, 1, 2).await;
    assert!(stage.store.is_live(login.id).await.unwrap());
    // By any of its tokens, also a spent one; and again.
    for n in [1, 2, 2] {
        let ended = stage.store.end_login(digest(n)).await.unwrap();
        assert_eq!(ended, Some(login.clone()));
        assert!(!stage.store.is_live(login.id).await.unwrap());
    }
    assert_eq!(rotate(stage, 2, 3).await, Rotation::Refused);
    assert_eq!(stage.store.end_login(digest(99)).await.unwrap(), None);
}

async fn logins_that_are_over_are_forgotten(stage: &Stage) {
    let ann = stage
        .store
        .register(account("ann", "ann@example.org"))
        .await
        .unwrap()
        .id;
    let live = log_in(stage, &ann, 1).await;
    let over = LoginSession {
        id: LoginId::new(),
        user: ann.clone(),
    };
    let past = NewRefreshToken {
        digest: digest(2),
        expires_at: Timestamp::now().minus(DAY),
    };
    stage.store.begin_login(over.clone(), past).await.unwrap();
    stage
        .store
        .prune(Timestamp::from_microseconds(0))
        .await
        .unwrap();
    assert_eq!(
        crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM logins"),
        1
    );
    assert_eq!(
        crate::stage::number(
            &mut stage.raw(),
            "SELECT COUNT(*) AS value FROM refresh_tokens"
        ),
        1
    );
    assert_eq!(traded(rotate(stage, 1, 3).await), Some(live));
}

async fn revoked_logins_are_found_among_many(stage: &Stage) {
    let new = account("ann", "ann@example.org");
    let ann = stage.store.register(new).await.unwrap().id;
    let (live, revoked) = (log_in(stage, &ann, 1).await, log_in(stage, &ann, 2).await);
    stage.store.end_login(digest(2)).await.unwrap();
    let never = LoginId::new();
    let asked = vec![live.id, revoked.id, never];
    let found = stage.store.revoked_among(asked).await.unwrap();
    assert_eq!(found, [revoked.id, never]);
}
