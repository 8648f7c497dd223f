//! What a client does next: drawn from its seed, by weight.

use std::sync::Arc;

use messaging_history::Call;
use serde_json::Value;
use uuid::Builder;

use super::{Outcome, Session};
use crate::{
    act::Act,
    world::{Talk, World},
};

/// Doubts that are kept; an older one is given up.
const DOUBTS: usize = 64;

/// What may be done, and how often in a thousand.
const WEIGHTS: [(Deed, u16); 16] = [
    (Deed::Send, 580),
    (Deed::Read, 110),
    (Deed::Delivered, 40),
    (Deed::Page, 60),
    (Deed::Unread, 30),
    (Deed::Sync, 10),
    (Deed::Search, 15),
    (Deed::Edit, 25),
    (Deed::Delete, 15),
    (Deed::Start, 20),
    (Deed::Settings, 14),
    (Deed::Typing, 20),
    (Deed::Room, 10),
    (Deed::Repeat, 14),
    (Deed::Ping, 2),
    (Deed::Probe, 35),
];

#[derive(Debug, Clone, Copy)]
enum Deed {
    Send,
    Read,
    Delivered,
    Page,
    Unread,
    Sync,
    Search,
    Edit,
    Delete,
    Start,
    Settings,
    Typing,
    Room,
    Repeat,
    Ping,
    Probe,
}

impl Session {
    /// Does one thing, over HTTP only if there is no socket.
    pub(super) async fn act(&mut self, without_socket: bool) {
        let Some(act) = self.choose() else { return };
        let door = self.rng.usize(..self.world.doors.len());
        let by_http = without_socket || self.rng.u8(..100) < 30;
        let can_speak = crate::act::frame(&act.asked).is_some() && act.token.is_none();
        let can_request = crate::act::request(&act.asked, None).is_some();
        let outcome = if can_request && (by_http || !can_speak) {
            self.request(&act, door).await
        } else if can_speak && self.live.is_some() {
            self.speak(&act, None).await
        } else {
            return;
        };
        self.learn(&act.recorded, &outcome);
    }

    /// Starts a conversation about that product, as the first thing.
    pub(crate) async fn begin(&mut self, seller: &str, product: Option<String>) {
        let act = Act::of(Call::Start {
            product,
            seller: seller.to_owned(),
            client_id: None,
            text: None,
        });
        // Nothing is broken yet, but a broken service may refuse.
        for _ in 0..10 {
            let outcome = self.request(&act, 0).await;
            self.learn(&act.recorded, &outcome);
            if matches!(outcome, Outcome::Ok(_)) {
                break;
            }
        }
    }

    pub(super) fn learn(&mut self, call: &Call, outcome: &Outcome) {
        match (call, outcome) {
            (Call::Send { text, .. }, Outcome::Ok(reply)) => {
                World::count(&self.world.accepted);
                self.knows.sent(reply.get("message").unwrap_or(reply), text);
            }
            (Call::Start { text, .. }, Outcome::Ok(reply)) => {
                let conversation = reply.get("conversation").unwrap_or(&Value::Null);
                if let Some(talk) = super::knowledge::talk_of(&self.user, conversation) {
                    self.world.keep(talk);
                }
                if let (Some(message), Some(text)) = (reply.get("message"), text) {
                    World::count(&self.world.accepted);
                    self.knows.sent(message, text);
                }
            }
            (Call::Delete { conversation, seq }, Outcome::Ok(_)) => {
                // Nobody finds it any more, by the one word that is nowhere else.
                if let Some(word) = self.knows.canary(conversation, *seq) {
                    self.intentions.push_back(Call::Search {
                        q: word,
                        conversation: None,
                    });
                }
            }
            (Call::Edit { .. }, Outcome::Ok(reply)) => {
                let event = serde_json::json!({"message": reply.get("message").unwrap_or(reply)});
                self.knows.learn(&self.user, "message.updated", &event);
            }
            (
                Call::Send { .. }
                | Call::Start {
                    client_id: Some(_), ..
                },
                outcome,
            ) => match outcome {
                // Some are given up: nobody will ever know.
                Outcome::Unknown if self.rng.u8(..100) < 80 => self.try_again_later(call),
                // Also after a doubt: refused for now says nothing of the attempt before.
                Outcome::Fail(Some(code)) if code == "overloaded" => self.try_again_later(call),
                _ => {}
            },
            _ => {}
        }
    }

    fn try_again_later(&mut self, call: &Call) {
        if self.doubts.len() == DOUBTS {
            self.doubts.pop_front();
        }
        self.doubts.push_back(call.clone());
    }

    fn choose(&mut self) -> Option<Act> {
        if let Some(call) = self.intentions.pop_front() {
            return Some(Act::of(call));
        }
        // Not only these, or a service that refuses for a while would be asked nothing else.
        if self.rng.bool()
            && let Some(call) = self.doubts.pop_front()
        {
            return Some(Act::of(call));
        }
        let total: u16 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut roll = self.rng.u16(..total);
        for (deed, weight) in WEIGHTS {
            if roll < weight {
                return self.intend(deed);
            }
            roll -= weight;
        }
        None
    }

    fn intend(&mut self, deed: Deed) -> Option<Act> {
        let call = match deed {
            Deed::Probe => return self.probe(),
            Deed::Repeat => return self.repeat(),
            Deed::Start => return self.start(),
            Deed::Unread => Call::Unread,
            Deed::Ping => Call::Ping,
            Deed::Sync => {
                let since = self.since.clone()?;
                let back = self.rng.u64(0..300);
                Call::Sync {
                    since: since.position.saturating_sub(back),
                    epoch: since.epoch,
                    limit: Some(1_000),
                }
            }
            Deed::Edit | Deed::Delete => {
                let at = self.rng.usize(..);
                let own = self.knows.own(at)?.clone();
                if matches!(deed, Deed::Delete) {
                    Call::Delete {
                        conversation: own.conversation,
                        seq: own.seq,
                    }
                } else {
                    Call::Edit {
                        text: self.text(),
                        conversation: own.conversation,
                        seq: own.seq,
                        revision: own.revision,
                    }
                }
            }
            _ => {
                let talk = self.talk()?;
                self.about(deed, &talk)?
            }
        };
        Some(Act::of(call))
    }

    /// Something about one of one's own conversations.
    fn about(&mut self, deed: Deed, talk: &Talk) -> Option<Call> {
        let conversation = talk.id.clone();
        let head = self.knows.head(&conversation);
        let call = match deed {
            Deed::Send => Call::Send {
                conversation,
                client_id: self.id(),
                text: self.text(),
            },
            Deed::Read | Deed::Delivered => {
                let behind = self.rng.u64(0..4);
                // Now and then further than there is.
                let seq = if self.rng.u8(..100) < 5 {
                    head + 3
                } else {
                    head.saturating_sub(behind)
                };
                match deed {
                    Deed::Read => Call::Read { conversation, seq },
                    _ => Call::Delivered { conversation, seq },
                }
            }
            Deed::Page => {
                let anchor = Some(self.rng.u64(0..=head + 1));
                let which = self.rng.u8(..4);
                Call::Page {
                    conversation,
                    before_seq: anchor.filter(|_| which == 1),
                    after_seq: anchor.filter(|_| which == 2),
                    around_seq: anchor.filter(|_| which == 3),
                    limit: self.rng.bool().then(|| self.rng.u64(1..=200)),
                }
            }
            Deed::Search => Call::Search {
                q: ["canary", "lorem", "čaj", "Über", "nothing-of-that"]
                    .get(self.rng.usize(..5))
                    .map(|word| (*word).to_owned())?,
                conversation: self.rng.bool().then_some(conversation),
            },
            Deed::Settings => self.settings(&talk.id),
            Deed::Typing => Call::Typing {
                conversation,
                active: self.rng.u8(..4) > 0,
            },
            Deed::Room => {
                if let Some(at) = self
                    .knows
                    .rooms
                    .iter()
                    .position(|room| *room == conversation)
                {
                    self.knows.rooms.remove(at);
                    Call::Leave { conversation }
                } else if self.knows.rooms.len() < 20 {
                    self.knows.rooms.push(conversation.clone());
                    Call::Join { conversation }
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        Some(call)
    }

    /// A change of settings; what keeps others from writing is taken back soon.
    fn settings(&mut self, conversation: &str) -> Call {
        let on = self.rng.bool();
        let of = |archived, muted, blocked| Call::Configure {
            conversation: conversation.to_owned(),
            archived,
            muted,
            blocked,
        };
        match self.rng.u8(..10) {
            0..4 => of(Some(on), None, None),
            4..8 => of(None, Some(on), None),
            _ => {
                // Neither of the two can send meanwhile: that is tried, too.
                let send = Call::Send {
                    conversation: conversation.to_owned(),
                    client_id: self.id(),
                    text: self.text(),
                };
                self.intentions.push_back(send);
                self.intentions.push_back(of(None, None, Some(false)));
                of(None, None, Some(true))
            }
        }
    }

    /// Starts a conversation: mostly one that is there already.
    fn start(&mut self) -> Option<Act> {
        let world = Arc::clone(&self.world);
        if self.rng.u8(..10) == 0 {
            return Some(self.illegal_start());
        }
        if !world.buyers.contains(&self.user) {
            return None;
        }
        let fresh = self.rng.u8(..10) < 4;
        let talks = world.talks(&self.user, true);
        let (seller, product) = if fresh || talks.is_empty() {
            let seller = self.one_of(&world.sellers)?;
            let product = format!("product-{}-{seller}", self.rng.u8(..3));
            (seller, Some(product))
        } else {
            let talk = self.one_of(&talks)?;
            if talk.buyer != self.user {
                return None;
            }
            (talk.seller.clone(), talk.product.clone())
        };
        let with_message = self.rng.bool();
        Some(Act::of(Call::Start {
            product,
            seller,
            client_id: with_message.then(|| self.id()),
            text: with_message.then(|| self.text()),
        }))
    }

    /// One of one's own conversations; some are far busier than others.
    pub(super) fn talk(&mut self) -> Option<Arc<Talk>> {
        let talks = self.world.talks(&self.user, true);
        let roll = self.rng.f64();
        let count = u32::try_from(talks.len()).ok()?;
        // The square of an even draw is small more often than not.
        let at = (0..talks.len()).find(|at| {
            let share = f64::from(u32::try_from(at + 1).unwrap_or(u32::MAX)) / f64::from(count);
            roll * roll < share
        })?;
        talks.get(at).cloned()
    }

    pub(super) fn one_of<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() {
            return None;
        }
        items.get(self.rng.usize(..items.len())).cloned()
    }

    pub(super) fn id(&mut self) -> String {
        let bytes = self.rng.u128(..).to_be_bytes();
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A text with a canary that is in this text alone.
    pub(super) fn text(&mut self) -> String {
        let canary = format!("canary:{:032x}", self.rng.u128(..));
        let tails = [
            "",
            " lorem ipsum",
            " čaj s citronem \u{1f375}",
            " Über\u{0308} e\u{0301}\u{200d}\n\tעברית ",
            "  \r\n spaced ",
        ];
        let tail = tails.get(self.rng.usize(..tails.len())).unwrap_or(&"");
        let long = if self.rng.u8(..50) == 0 { 1_200 } else { 0 };
        format!("{canary}{tail}{}", "word ".repeat(long / 5))
    }
}
