//! A small fixed load: so many messages, each sent until it is known to be stored.

use std::time::Duration;

use messaging_history::{Call, event::Phase};
use tokio::time::{Instant, sleep};

use super::{Outcome, Session};
use crate::{
    act::{Act, frame},
    world::World,
};

/// Within which all of an errand has to be done, restarts included.
const DONE_WITHIN: Duration = Duration::from_secs(40);

impl Session {
    /// Sends `count` messages to its conversation, by turns on the socket and over HTTP, and reads and
    /// edits in between; each again under the same `clientId` until it is answered. Then it waits for the
    /// final part and goes through it. Whether all was done in time.
    pub(crate) async fn errand(mut self, count: usize) -> bool {
        let begun = Instant::now();
        let mut calls: Vec<Call> = Vec::new();
        let Some(talk) = self.talk() else {
            return false;
        };
        for number in 0..count {
            calls.push(Call::Send {
                conversation: talk.id.clone(),
                client_id: self.id(),
                text: self.text(),
            });
            if number % 4 == 3 {
                calls.push(Call::Read {
                    conversation: talk.id.clone(),
                    seq: u64::try_from(number).unwrap_or(0),
                });
            }
        }
        let mut done = true;
        for (number, call) in calls.into_iter().enumerate() {
            let act = Act::of(call);
            done &= self.insist_on(&act, number % 2 == 0, begun).await;
        }
        World::count(&self.world.errands);
        let mut phase = self.world.phase.subscribe();
        while self.world.phase() != Phase::Final {
            if self.live.is_some() {
                self.listen(Duration::from_millis(100)).await;
            } else {
                let _ = phase.changed().await;
            }
        }
        self.finish(true).await;
        done
    }

    async fn insist_on(&mut self, act: &Act, by_socket: bool, begun: Instant) -> bool {
        while begun.elapsed() < DONE_WITHIN {
            if self.live.is_none() {
                self.connect().await;
            }
            let outcome = if by_socket && self.live.is_some() && frame(&act.asked).is_some() {
                self.speak(act, None).await
            } else {
                self.request(act, 0).await
            };
            self.learn(&act.recorded, &outcome);
            if outcome != Outcome::Unknown
                && outcome != Outcome::Fail(Some("overloaded".to_owned()))
            {
                return true;
            }
            self.doubts.clear();
            sleep(Duration::from_millis(50)).await;
        }
        false
    }
}
