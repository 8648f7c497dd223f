//! A session that stops reading, and those who write to it until it is cut off.

use messaging_history::{Call, event::Party};

use super::{Outcome, Session};
use crate::{act::Act, world::Door};

impl Session {
    /// Connects past the proxies with a small buffer; from then on nothing is read.
    pub(crate) async fn stall(&mut self, door: Door) -> bool {
        self.aside = Some(door);
        let connected = self.connect_at(0, false).await;
        self.aside = None;
        connected
    }

    /// Whether it was connected, and is recorded as cut off from now on. The service shuts the socket of
    /// a slow consumer, so that no close frame comes through; that it did so it says in its metrics.
    pub(crate) fn was_cut_off(&mut self) -> bool {
        let was = self.live.is_some();
        self.ended(Party::Server, Some(4201));
        was
    }

    /// Sends as much text as a message can hold to the one conversation it has; whether it was taken.
    pub(crate) async fn pour(&mut self, text: &str) -> bool {
        let Some(talk) = self.talk() else {
            return false;
        };
        let act = Act::of(Call::Send {
            conversation: talk.id.clone(),
            client_id: self.id(),
            text: text.to_owned(),
        });
        let door = self.rng.usize(..self.world.doors.len());
        let outcome = self.request(&act, door).await;
        self.learn(&act.recorded, &outcome);
        matches!(outcome, Outcome::Ok(_))
    }
}
