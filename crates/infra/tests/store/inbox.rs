//! Pages: the inbox and the windows of a conversation's messages.

use messaging_domain::{
    ClientId, ConversationId, Conversations, Directory, InboxQuery, Product, ProductId,
    ProductStatus, SearchQuery, Seq, Settings, Timestamp, UserId, Window,
};

use crate::stage::{Stage, opening, text};

on_both![
    an_inbox_is_read_in_pages_latest_first_whatever_the_role,
    archived_conversations_have_an_inbox_of_their_own,
    an_inbox_is_filtered_by_name_title_and_text,
    a_window_is_found_from_every_anchor,
    a_conversation_says_what_the_directory_knows,
];

async fn an_inbox_is_read_in_pages_latest_first_whatever_the_role(stage: &Stage) {
    let ann = stage.person("ann").await;
    let moments: Vec<_> = (0..3)
        .map(|n| Timestamp::from_microseconds(1_700_000_000_000_000 + n))
        .collect();
    let mut expected: Vec<(Timestamp, ConversationId)> = Vec::new();
    for n in 0..14 {
        let other = stage.person(&format!("p{n}")).await;
        let (buyer, seller) = if n % 2 == 0 {
            (&ann, &other)
        } else {
            (&other, &ann)
        };
        let at = moments[n % 3];
        let opened = stage
            .store
            .open_at(opening(buyer, seller, None, None), at)
            .await;
        expected.push((at, opened.unwrap().conversation.id));
    }
    expected.sort_unstable_by(|a, b| b.cmp(a));
    for size in [1, 2, 3, 5, 13, 14, 15] {
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
