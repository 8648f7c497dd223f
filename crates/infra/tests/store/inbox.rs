//! Pages: the inbox and the windows of a conversation's messages.

use messaging_domain::{
    ClientId, ConversationId, Conversations, Directory, InboxQuery, Product, ProductId,
    ProductStatus, SearchQuery, Seq, Settings, Timestamp, UserId, Window,
};

use crate::stage::{Stage, opening, text};

on_both![
    an_inbox_is_read_in_pages_latest_first_whatever_the_role,
    what_is_written_to_comes_first,
    what_an_older_binary_writes_has_its_place,
    archived_conversations_have_an_inbox_of_their_own,
    an_inbox_is_filtered_by_name_title_and_text,
    a_window_is_found_from_every_anchor,
    a_conversation_says_what_the_directory_knows,
];

async fn an_inbox_is_read_in_pages_latest_first_whatever_the_role(stage: &Stage) {
    let ann = stage.person("ann").await;
    // Close together, on both sides of a full ten minutes, and before 1970.
    let moments = [
        0,
        1,
        2,
        199_999_999,
        200_000_000,
        800_000_000,
        -1_700_000_000_000_001,
    ]
    .map(|n| Timestamp::from_microseconds(1_700_000_000_000_000 + n));
    let mut expected: Vec<(Timestamp, ConversationId)> = Vec::new();
    for n in 0..21 {
        let other = stage.person(&format!("p{n}")).await;
        let (buyer, seller) = if n % 2 == 0 {
            (&ann, &other)
        } else {
            (&other, &ann)
        };
        let at = moments[n % moments.len()];
        let opened = stage
            .store
            .open_at(opening(buyer, seller, None, None), at)
            .await;
        expected.push((at, opened.unwrap().conversation.id));
    }
    expected.sort_unstable_by(|a, b| b.cmp(a));
    for size in [1, 2, 3, 5, 20, 21, 22] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let query = InboxQuery {
                archived: false,
                filter: None,
                after,
                limit: size,
            };
            let page = stage.store.inbox(&ann, query).await.unwrap();
            assert!(page.items.len() <= size);
            found.extend(
                page.items
                    .iter()
                    .map(|view| (view.last_activity_at, view.id)),
            );
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{size} at a time");
    }
}

async fn what_is_written_to_comes_first(stage: &Stage) {
    let ann = stage.person("ann").await;
    let mut ids = Vec::new();
    for hours in 0..3 {
        let other = stage.person(&format!("p{hours}")).await;
        let at = Timestamp::from_microseconds(1_700_000_000_000_000 + hours * 3_600_000_000);
        let opened = stage
            .store
            .open_at(opening(&other, &ann, None, None), at)
            .await;
        ids.push(opened.unwrap().conversation.id);
    }
    for written in [ids[0], ids[1], ids[0]] {
        stage.send(written, &ann, "hello").await;
        let query = InboxQuery {
            archived: false,
            filter: None,
            after: None,
            limit: 1,
        };
        let page = stage.store.inbox(&ann, query).await.unwrap();
        assert_eq!(page.items[0].id, written);
    }
}

/// One that knows nothing of slots, and so does not name them.
async fn what_an_older_binary_writes_has_its_place(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let [begun, later] = [
        "0190d3a0-0000-7000-8000-000000000001",
        "0190d3a0-0000-7000-8000-000000000002",
    ];
    let at = |days: i64| {
        let at = Timestamp::from_microseconds((19_000 + days) * 86_400_000_000);
        if stage.is_postgres() {
            format!("to_timestamp({})", at.as_microseconds() / 1_000_000)
        } else {
            at.as_microseconds().to_string()
        }
    };
    let id_of = |id: &str| {
        if stage.is_postgres() {
            format!("'{id}'")
        } else {
            format!("x'{}'", id.replace('-', ""))
        }
    };
    let mut raw = stage.raw();
    for (id, buyer, seller, days) in [(begun, "ann", "bob", 0), (later, "bob", "ann", 1)] {
        raw.run(&format!(
            "INSERT INTO conversations (id, buyer_id, seller_id, created_at, last_activity_at, last_seq, closed, \
             buyer_read_seq, buyer_delivered_seq, buyer_unread, buyer_archived, buyer_muted, buyer_blocking, \
             seller_read_seq, seller_delivered_seq, seller_unread, seller_archived, seller_muted, seller_blocking) \
             VALUES ({}, '{buyer}', '{seller}', {at}, {at}, 0, FALSE, 0, 0, 0, FALSE, FALSE, FALSE, 0, 0, 0, FALSE, \
             FALSE, FALSE)",
            id_of(id),
            at = at(days),
        ));
    }
    let first_for = async |user: &UserId| {
        let query = InboxQuery {
            archived: false,
            filter: None,
            after: None,
            limit: 1,
        };
        stage.store.inbox(user, query).await.unwrap().items[0]
            .id
            .to_string()
    };
    assert_eq!(first_for(&ann).await, later);
    raw.run(&format!(
        "UPDATE conversations SET last_activity_at = {}, last_seq = 1 WHERE id = {}",
        at(2),
        id_of(begun)
    ));
    assert_eq!(first_for(&ann).await, begun);
    assert_eq!(first_for(&bob).await, begun);
    // Of others again, which name them.
    raw.run("UPDATE conversations SET activity_slot = activity_slot");
}

async fn archived_conversations_have_an_inbox_of_their_own(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let ids = [
        stage.open(&ann, &bob, None).await,
        stage.open(&bob, &ann, None).await,
        stage.open(&ann, &bob, Some("bike")).await,
    ];
    let archived = |archived| Settings {
        archived: Some(archived),
        ..Settings::default()
    };
    stage.set(ids[0], &ann, archived(true)).await;
    stage.set(ids[1], &ann, archived(true)).await;
    let listed = async |person: &UserId, archived| -> Vec<ConversationId> {
        let page = stage.inbox(person, archived).await;
        assert!(page.items.iter().all(|view| view.archived == archived));
        page.items.iter().map(|view| view.id).collect()
    };
    assert_eq!(listed(&ann, false).await, [ids[2]]);
    assert_eq!(listed(&ann, true).await, [ids[1], ids[0]]);
    assert_eq!(listed(&bob, false).await, [ids[2], ids[1], ids[0]]);
    stage.set(ids[0], &ann, archived(false)).await;
    assert_eq!(listed(&ann, false).await, [ids[2], ids[0]]);
}

async fn an_inbox_is_filtered_by_name_title_and_text(stage: &Stage) {
    let ann = stage.person("ann").await;
    let zoe = stage.named("p1", "Zoë d'Île").await.id;
    let max = stage.named("p2", "Max 100%_sure!").await.id;
    for (id, title) in [("bike", "Vélo de course"), ("lamp", "Lampe Émile")] {
        stage
            .store
            .put_product(product(id, &zoe, title))
            .await
            .unwrap();
    }
    let bike = stage.open(&ann, &zoe, Some("bike")).await;
    let lamp = stage.open(&ann, &zoe, Some("lamp")).await;
    let plain = stage.open(&max, &ann, None).await;
    stage
        .send(plain, &max, "Il est très bien, le cœur y est")
        .await;
    stage.send(lamp, &zoe, "ann about velodrome").await;
    for (asked, expected) in [
        ("zoe", vec![lamp, bike]),
        ("ZOË D'ÎLE", vec![lamp, bike]),
        ("d'il", vec![lamp, bike]),
        ("velo de", vec![bike]),
        ("emile", vec![lamp]),
        ("coeur", vec![plain]),
        ("bien tres", vec![plain]),
        ("velo", vec![lamp, bike]),
        ("100%", vec![plain]),
        ("%_s", vec![plain]),
        ("%", vec![plain]),
        ("_", vec![plain]),
        ("!", vec![plain]),
        ("ann", vec![lamp]),
        ("u", vec![plain, bike]),
        ("'; DROP", vec![]),
        ("…", vec![]),
    ] {
        let query = InboxQuery {
            archived: false,
            filter: Some(SearchQuery::parse(asked).unwrap()),
            after: None,
            limit: 10,
        };
        let page = stage.store.inbox(&ann, query).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|view| view.id).collect();
        assert_eq!(found, expected, "{asked:?}");
    }
}

fn product(id: &str, seller: &UserId, title: &str) -> Product {
    Product {
        title: Some(title.to_owned()),
        status: ProductStatus::Available,
        ..Product::unknown(ProductId::parse(id).unwrap(), seller.clone())
    }
}

async fn a_window_is_found_from_every_anchor(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let seat = stage.seat(id, &ann).await;
    let empty = stage.store.window(&seat, Window::Latest, 5).await.unwrap();
    assert_eq!(
        (empty.items.len(), empty.has_before, empty.has_after),
        (0, false, false)
    );
    for n in 1..=12 {
        let draft = seat
            .write(ClientId::new(), text(&format!("no. {n}")))
            .unwrap();
        stage.store.append(draft).await.unwrap();
    }
    let seq = Seq::new;
    for (window, limit, expected, before, after) in [
        (Window::Latest, 5, 8..=12, true, false),
        (Window::Latest, 12, 1..=12, false, false),
        (Window::Latest, 50, 1..=12, false, false),
        (Window::Before(seq(8)), 5, 3..=7, true, true),
        (Window::Before(seq(3)), 5, 1..=2, false, true),
        (Window::Before(seq(99)), 2, 11..=12, true, false),
        (Window::After(seq(0)), 5, 1..=5, false, true),
        (Window::After(seq(10)), 5, 11..=12, true, false),
        (Window::Around(seq(6)), 5, 4..=8, true, true),
        (Window::Around(seq(1)), 5, 1..=5, false, true),
        (Window::Around(seq(99)), 5, 8..=12, true, false),
    ] {
        let page = stage.store.window(&seat, window, limit).await.unwrap();
        let seqs: Vec<_> = page.items.iter().map(|message| message.seq.get()).collect();
        assert_eq!(seqs, expected.collect::<Vec<_>>(), "{window:?}");
        assert_eq!(
            (page.has_before, page.has_after),
            (before, after),
            "{window:?}"
        );
        assert_eq!(page.conversation.last_seq, seq(12));
    }
    for (window, before, after) in [
        (Window::Before(seq(1)), false, true),
        (Window::Before(seq(0)), false, true),
        (Window::After(seq(12)), true, false),
        (Window::After(seq(i64::MAX)), true, false),
    ] {
        let page = stage.store.window(&seat, window, 5).await.unwrap();
        assert!(page.items.is_empty());
        assert_eq!(
            (page.has_before, page.has_after),
            (before, after),
            "{window:?}"
        );
    }
}

async fn a_conversation_says_what_the_directory_knows(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, Some("bike")).await;
    let seat = stage.seat(id, &ann).await;
    let unknown = stage.store.view(&seat).await.unwrap().product.unwrap();
    assert_eq!(
        unknown,
        Product::unknown(ProductId::parse("bike").unwrap(), bob.clone())
    );
    let described = stage
        .store
        .put_product(product("bike", &bob, "A bike"))
        .await
        .unwrap();
    stage.named("bob", "Robert").await;
    let view = stage.store.view(&seat).await.unwrap();
    assert_eq!(view.product, Some(described));
    assert_eq!(view.counterpart.display_name, "Robert");
    assert_eq!(view, stage.inbox(&ann, false).await.items[0]);
    let configured = stage
        .store
        .configure(seat.set(Settings::default()))
        .await
        .unwrap();
    assert_eq!(configured, view);
}
