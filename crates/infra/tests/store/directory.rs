//! People and products: meeting, describing, erasing.

use std::time::Duration;

use messaging_domain::{
    Accounts, Conversations, Directory, DisplayName, Email, Error, Event, Introduction, LoginId,
    LoginSession, MessagesFate, NewAccount, NewRefreshToken, Product, ProductId, ProductStatus,
    Profile, Timestamp, User, UserId,
};

use crate::stage::{Stage, user};

on_both![
    somebody_comes_into_being_with_their_first_token,
    concurrent_first_tokens_make_one_person,
    concurrent_first_tokens_on_two_nodes_make_one_person,
    what_a_marketplace_says_replaces_what_it_said,
    an_erased_person_is_gone_but_for_their_messages,
    an_erased_persons_messages_go_too_if_asked,
    erased_people_are_found_among_many,
    an_erased_person_comes_back_with_a_new_token_only,
    a_marketplace_brings_an_erased_person_back,
    erasing_twice_is_erasing_once,
    when_somebody_was_last_seen_is_noted,
];

fn introduction(id: &str, name: Option<&str>, issued_at: Timestamp) -> Introduction {
    Introduction {
        id: user(id),
        display_name: name.map(|name| DisplayName::parse(name).unwrap()),
        avatar_url: None,
        issued_at,
    }
}

async fn meet(stage: &Stage, id: &str, issued_at: Timestamp) -> Option<User> {
    stage
        .store
        .meet(introduction(id, Some(id), issued_at))
        .await
        .unwrap()
}

const HOUR: Duration = Duration::from_hours(1);

async fn somebody_comes_into_being_with_their_first_token(stage: &Stage) {
    let now = Timestamp::now();
    assert!(stage.store.user(&user("ann")).await.unwrap().is_none());
    let met = stage
        .store
        .meet(introduction("ann", Some("Ann"), now))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((met.display_name.as_str(), &met.erased_at), ("Ann", &None));
    assert_eq!(
        stage.store.user(&user("ann")).await.unwrap(),
        Some(met.clone())
    );
    // What the marketplace said first stays, until it says otherwise itself.
    let again = stage
        .store
        .meet(introduction("ann", Some("Another"), now))
        .await
        .unwrap();
    assert_eq!(again, Some(met));
    let nameless = stage
        .store
        .meet(introduction("id-7", None, now))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(nameless.display_name, "id-7");
}

async fn concurrent_first_tokens_make_one_person(stage: &Stage) {
    let nodes = [stage.store.clone(), stage.store.clone()];
    meet_at_once(stage, &nodes).await;
}

async fn concurrent_first_tokens_on_two_nodes_make_one_person(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let nodes = [stage.store.clone(), stage.another_node().0];
    meet_at_once(stage, &nodes).await;
    nodes[1].close();
}

async fn meet_at_once(stage: &Stage, nodes: &[messaging_infra::Database; 2]) {
    for round in 0..10 {
        let id = format!("u{round}");
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let store = nodes[n % 2].clone();
                let introduction = introduction(&id, Some("Ann"), Timestamp::now());
                tokio::spawn(async move { store.meet(introduction).await.unwrap().unwrap() })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().id, user(&id));
        }
    }
    assert_eq!(
        crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM users"),
        10
    );
    assert_eq!(
        crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM streams"),
        10
    );
}

async fn what_a_marketplace_says_replaces_what_it_said(stage: &Stage) {
    let profile = |name: &str, avatar: Option<&str>| Profile {
        id: user("ann"),
        display_name: DisplayName::parse(name).unwrap(),
        avatar_url: avatar.map(str::to_owned),
        locale: Some("fr".to_owned()),
    };
    stage
        .store
        .put_user(profile("Ann", Some("https://a/1")))
        .await
        .unwrap();
    let put = stage.store.put_user(profile("Anna", None)).await.unwrap();
    assert_eq!(
        (put.display_name.as_str(), &put.avatar_url),
        ("Anna", &None)
    );
    assert_eq!(stage.store.user(&user("ann")).await.unwrap(), Some(put));
    let id = ProductId::parse("bike").unwrap();
    assert_eq!(stage.store.product(&id).await.unwrap(), None);
    let mut product = Product {
        id: id.clone(),
        seller: user("not known yet".replace(' ', "-").as_str()),
        title: Some("Vélo".to_owned()),
        image_url: Some("https://a/2".to_owned()),
        url: Some("/bike".to_owned()),
        price_minor: Some(12_300),
        currency: Some("EUR".to_owned()),
        status: ProductStatus::Available,
    };
    for status in ProductStatus::ALL {
        product.status = status;
        assert_eq!(
            stage.store.put_product(product.clone()).await.unwrap(),
            product
        );
        assert_eq!(
            stage.store.product(&id).await.unwrap(),
            Some(product.clone())
        );
    }
    let bare = Product::unknown(id.clone(), user("ann"));
    stage.store.put_product(bare.clone()).await.unwrap();
    assert_eq!(stage.store.product(&id).await.unwrap(), Some(bare));
}

/// Ann with an account and a login, who has written to Bob and been written to.
async fn ann_writes(stage: &Stage) -> (UserId, UserId, LoginId) {
    let bob = stage.person("bob").await;
    let ann = stage
        .store
        .register(NewAccount {
            user: user("ann"),
            email: Email::parse("ann@example.org").unwrap(),
            password_hash: "hash".to_owned(),
            display_name: DisplayName::parse("Ann").unwrap(),
            first_login: None,
        })
        .await
        .unwrap()
        .id;
    let login = LoginSession {
        id: LoginId::new(),
        user: ann.clone(),
    };
    let token = NewRefreshToken {
        digest: [1; 32],
        expires_at: Timestamp::now().plus(HOUR),
    };
    stage.store.begin_login(login.clone(), token).await.unwrap();
    for product in [None, Some("bike")] {
        let id = stage.open(&ann, &bob, product).await;
        stage.send(id, &ann, "secret words of ann").await;
        stage.send(id, &bob, "words of bob").await;
        stage.send(id, &ann, "more of ann").await;
    }
    (ann, bob, login.id)
}

async fn an_erased_person_is_gone_but_for_their_messages(stage: &Stage) {
    let (ann, bob, login) = ann_writes(stage).await;
    assert!(stage.store.is_live(login).await.unwrap());
    stage.store.note_seen(&ann, Timestamp::now()).await.unwrap();
    stage.store.erase(&ann, MessagesFate::Keep).await.unwrap();
    assert_eq!(stage.witness.erased_people(), std::slice::from_ref(&ann));
    let erased = stage.store.user(&ann).await.unwrap().unwrap();
    assert!(erased.erased_at.is_some());
    assert_eq!(
        (erased.display_name.as_str(), &erased.avatar_url),
        ("Deleted account", &None)
    );
    let email = Email::parse("ann@example.org").unwrap();
    assert!(stage.store.account(&email).await.unwrap().is_none());
    assert!(!stage.store.is_live(login).await.unwrap());
    assert_eq!(stage.store.last_seen(&ann).await.unwrap(), None);
    stage.store.note_seen(&ann, Timestamp::now()).await.unwrap();
    assert_eq!(stage.store.last_seen(&ann).await.unwrap(), None);
    let inbox = stage.inbox(&bob, false).await;
    assert_eq!((inbox.items.len(), inbox.unread.messages), (2, 4));
    for view in &inbox.items {
        assert!(view.closed);
        assert_eq!(view.counterpart, erased);
        assert_eq!(stage.history(view.id, &bob).await.len(), 3);
        let draft = stage.draft(view.id, &bob, "are you there?").await;
        let refused = stage.store.append(draft).await.unwrap_err();
        assert!(matches!(refused, Error::ConversationClosed), "{refused:?}");
    }
    let heard = stage.witness.heard_by(&bob).pop().unwrap();
    let Event::ConversationUpdated(view) = heard.event else {
        panic!("{heard:?}");
    };
    assert!(view.closed && view.counterpart == erased);
}

async fn an_erased_persons_messages_go_too_if_asked(stage: &Stage) {
    let (ann, bob, _) = ann_writes(stage).await;
    // More than one act deletes.
    let id = stage.open(&bob, &ann, None).await;
    let mut tasks = Vec::new();
    for _ in 0..1_100 {
        let (store, draft) = (stage.store.clone(), stage.draft(id, &ann, "many").await);
        tasks.push(tokio::spawn(async move { store.append(draft).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    stage.store.erase(&ann, MessagesFate::Delete).await.unwrap();
    let inbox = stage.inbox(&bob, false).await;
    assert_eq!((inbox.unread.messages, inbox.unread.conversations), (0, 0));
    for view in inbox.items {
        assert_eq!(view.unread_count, 0);
        for message in stage.history(view.id, &bob).await {
            assert_eq!(message.is_deleted(), message.sender == ann);
        }
    }
    assert_eq!(
        stage
            .raw()
            .texts("SELECT DISTINCT body AS value FROM messages ORDER BY 1"),
        ["", "words of bob"]
    );
    assert_eq!(
        stage.events(&bob).await.len(),
        stage.witness.heard_by(&bob).len()
    );
}

async fn an_erased_person_comes_back_with_a_new_token_only(stage: &Stage) {
    let now = Timestamp::now();
    meet(stage, "ann", now.minus(HOUR)).await.unwrap();
    stage
        .store
        .erase(&user("ann"), MessagesFate::Keep)
        .await
        .unwrap();
    assert_eq!(meet(stage, "ann", now.minus(HOUR)).await, None);
    assert_eq!(
        meet(stage, "ann", Timestamp::now()).await,
        None,
        "of the same second"
    );
    let back = meet(stage, "ann", now.plus(HOUR)).await.unwrap();
    assert_eq!((back.display_name.as_str(), back.erased_at), ("ann", None));
    assert_eq!(
        meet(stage, "ann", now.minus(HOUR)).await,
        None,
        "old tokens stay refused"
    );
    assert!(meet(stage, "ann", now.plus(HOUR)).await.is_some());
}

async fn a_marketplace_brings_an_erased_person_back(stage: &Stage) {
    let (ann, bob, _) = ann_writes(stage).await;
    stage.store.erase(&ann, MessagesFate::Keep).await.unwrap();
    let back = stage.named("ann", "Ann again").await;
    assert_eq!(back.erased_at, None);
    assert_eq!(stage.store.user(&ann).await.unwrap(), Some(back.clone()));
    assert_eq!(meet(stage, "ann", Timestamp::now().minus(HOUR)).await, None);
    let view = stage.inbox(&bob, false).await.items.remove(0);
    assert!(view.closed, "what was closed stays closed");
    assert_eq!(view.counterpart, back);
    let fresh = stage.open(&bob, &ann, Some("lamp")).await;
    stage.send(fresh, &ann, "hello again").await;
}

async fn erasing_twice_is_erasing_once(stage: &Stage) {
    let (ann, bob, _) = ann_writes(stage).await;
    stage.store.erase(&ann, MessagesFate::Delete).await.unwrap();
    let (heard, events) = (stage.witness.heard().len(), stage.events(&bob).await);
    stage.store.erase(&ann, MessagesFate::Delete).await.unwrap();
    assert_eq!(stage.witness.heard().len(), heard);
    assert_eq!(stage.events(&bob).await.len(), events.len());
    let refused = stage
        .store
        .erase(&user("nobody"), MessagesFate::Keep)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::NotFound), "{refused:?}");
}

async fn when_somebody_was_last_seen_is_noted(stage: &Stage) {
    let ann = stage.person("ann").await;
    assert_eq!(stage.store.last_seen(&ann).await.unwrap(), None);
    let at = Timestamp::now();
    stage.store.note_seen(&ann, at).await.unwrap();
    assert_eq!(stage.store.last_seen(&ann).await.unwrap(), Some(at));
    stage.store.note_seen(&user("nobody"), at).await.unwrap();
    assert_eq!(stage.store.last_seen(&user("nobody")).await.unwrap(), None);
}

async fn erased_people_are_found_among_many(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    stage.store.erase(&ann, MessagesFate::Keep).await.unwrap();
    let asked = vec![bob, ann.clone(), user("nobody")];
    assert_eq!(stage.store.erased_among(asked).await.unwrap(), [ann]);
}
