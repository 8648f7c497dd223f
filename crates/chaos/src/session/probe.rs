//! What a client tries although it must be refused, on every verb.

use messaging_history::Call;

use super::Session;
use crate::act::Act;

impl Session {
    /// A start that names oneself, or nobody.
    pub(super) fn illegal_start(&mut self) -> Act {
        let (seller, expect) = if self.rng.bool() {
            (self.user.clone(), "self_conversation")
        } else {
            (format!("nobody-{}", self.rng.u32(..)), "not_found")
        };
        let call = Call::Start {
            product: None,
            seller,
            client_id: None,
            text: None,
        };
        Act::probe(call, "start", None, expect)
    }

    /// Sends a message of one's own again, or something else under its `clientId`.
    pub(super) fn repeat(&mut self) -> Option<Act> {
        let at = self.rng.usize(..);
        let own = self.knows.own(at)?.clone();
        let conversation = own.conversation.clone();
        if self.rng.bool() {
            return Some(Act::of(Call::Send {
                conversation: own.conversation,
                client_id: own.client_id,
                text: own.text,
            }));
        }
        let call = Call::Send {
            conversation: own.conversation,
            client_id: own.client_id,
            text: self.text(),
        };
        let expect = "idempotency_mismatch";
        Some(Act::probe(call, "mismatch", Some(&conversation), expect))
    }

    /// Tries what must be refused.
    pub(super) fn probe(&mut self) -> Option<Act> {
        let others = self.world.talks(&self.user, false);
        let talk = self.one_of(&others)?;
        let conversation = talk.id.clone();
        let seq = self.rng.u64(1..5);
        let call = match self.rng.u8(..13) {
            0 => Call::Send {
                conversation,
                client_id: self.id(),
                text: self.text(),
            },
            1 => Call::Edit {
                conversation,
                seq,
                revision: 1,
                text: self.text(),
            },
            2 => Call::Delete { conversation, seq },
            3 => Call::Read { conversation, seq },
            4 => Call::Delivered { conversation, seq },
            5 => Call::Configure {
                conversation,
                archived: Some(true),
                muted: None,
                blocked: None,
            },
            6 | 7 => Call::Page {
                conversation,
                before_seq: None,
                after_seq: None,
                around_seq: None,
                limit: None,
            },
            8 => Call::Search {
                q: "canary".to_owned(),
                conversation: Some(conversation),
            },
            9 => Call::Join { conversation },
            10 => Call::Leave { conversation },
            11 => Call::Typing {
                conversation,
                active: true,
            },
            _ => {
                let mut act = Act::probe(Call::Unread, "expired token", None, "unauthenticated");
                act.token = self.world.token(&self.user, -20_000).ok();
                return Some(act);
            }
        };
        let verb = call.name();
        Some(Act::probe(call, verb, Some(&talk.id), "not_found"))
    }
}
