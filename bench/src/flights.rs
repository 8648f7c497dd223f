//! Messages under way: each has to be acknowledged once, and told once to every session of its two people.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

/// How many messages may be under way.
const ROOM: usize = 1 << 17;

/// Whose session was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

#[derive(Clone, Copy)]
struct Flight {
    number: u64,
    pair: usize,
    begun: Instant,
    acknowledged: bool,
    /// How many sessions have not been told yet.
    senders: u32,
    receivers: u32,
}

impl Flight {
    /// Whether those have it who are waited for.
    fn arrived(&self) -> bool {
        self.acknowledged && self.receivers == 0
    }
}

/// All that are under way.
pub(crate) struct Flights {
    ring: Vec<Option<Flight>>,
    next: u64,
    /// None before it is under way.
    first: u64,
    /// Messages that are not acknowledged, or not told to all.
    pub(crate) under_way: usize,
    /// Pairs whose message has arrived: acknowledged, and told to the receiver.
    pub(crate) ready: Vec<usize>,
}

impl Flights {
    pub(crate) fn new() -> Self {
        Self {
            ring: vec![None; ROOM],
            next: 0,
            first: 0,
            under_way: 0,
            ready: Vec::new(),
        }
    }

    /// How many messages were sent so far, and the number of the next one.
    pub(crate) fn sent(&self) -> u64 {
        self.next
    }

    /// The next message is under way, to so many sessions of its sender and of its receiver.
    pub(crate) fn launch(
        &mut self,
        pair: usize,
        begun: Instant,
        senders: u32,
        receivers: u32,
    ) -> Result<()> {
        let number = self.next;
        let place = self
            .ring
            .get_mut(place_of(number))
            .context("no room for a message")?;
        ensure!(
            place.is_none(),
            "the service falls behind by {ROOM} messages"
        );
        *place = Some(Flight {
            number,
            pair,
            begun,
            acknowledged: false,
            senders,
            receivers,
        });
        self.next += 1;
        self.under_way += 1;
        Ok(())
    }

    /// The pair that a message under way is of.
    pub(crate) fn pair(&mut self, number: u64) -> Result<usize> {
        Ok(self.flight(number)?.pair)
    }

    /// The first message that is still under way; the next one when there is none.
    pub(crate) fn oldest(&mut self) -> u64 {
        while self.first < self.next && self.flight(self.first).is_err() {
            self.first += 1;
        }
        self.first
    }

    /// A message was acknowledged, which was due at the moment that is given back.
    pub(crate) fn acknowledge(&mut self, number: u64) -> Result<Instant> {
        let flight = self.flight(number)?;
        ensure!(
            !flight.acknowledged,
            "message {number} was acknowledged twice"
        );
        flight.acknowledged = true;
        let flight = *flight;
        self.settle(flight, false);
        Ok(flight.begun)
    }

    /// One more session was told of a message, which was due at the moment that is given back.
    pub(crate) fn deliver(&mut self, number: u64, side: Side) -> Result<Instant> {
        let flight = self.flight(number)?;
        let had_arrived = flight.arrived();
        let left = match side {
            Side::Sender => &mut flight.senders,
            Side::Receiver => &mut flight.receivers,
        };
        *left = left
            .checked_sub(1)
            .with_context(|| format!("message {number} was told too often"))?;
        let flight = *flight;
        self.settle(flight, had_arrived);
        Ok(flight.begun)
    }

    fn flight(&mut self, number: u64) -> Result<&mut Flight> {
        let flight = self.ring.get_mut(place_of(number));
        flight
            .and_then(Option::as_mut)
            .filter(|flight| flight.number == number)
            .with_context(|| format!("message {number} is not under way (any more)"))
    }

    /// After something happened to a message.
    fn settle(&mut self, flight: Flight, had_arrived: bool) {
        if flight.arrived() && !had_arrived {
            self.ready.push(flight.pair);
        }
        if flight.arrived() && flight.senders == 0 {
            if let Some(place) = self.ring.get_mut(place_of(flight.number)) {
                *place = None;
            }
            self.under_way -= 1;
        }
    }
}

fn place_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0) % ROOM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_over_when_it_was_acknowledged_and_told_to_all() {
        let mut flights = Flights::new();
        flights.launch(7, Instant::now(), 1, 2).unwrap();
        flights.deliver(0, Side::Receiver).unwrap();
        flights.acknowledge(0).unwrap();
        assert!(flights.ready.is_empty());
        flights.deliver(0, Side::Receiver).unwrap();
        assert_eq!(flights.ready, [7]);
        assert_eq!((flights.under_way, flights.oldest()), (1, 0));
        flights.deliver(0, Side::Sender).unwrap();
        assert_eq!((flights.under_way, flights.oldest()), (0, 1));
        assert_eq!(flights.ready, [7]);
    }

    #[test]
    fn what_comes_twice_or_for_nothing_is_an_error() {
        let mut flights = Flights::new();
        assert!(flights.acknowledge(0).is_err());
        flights.launch(0, Instant::now(), 1, 1).unwrap();
        flights.acknowledge(0).unwrap();
        assert!(flights.acknowledge(0).is_err());
        flights.deliver(0, Side::Receiver).unwrap();
        assert!(flights.deliver(0, Side::Receiver).is_err());
        flights.deliver(0, Side::Sender).unwrap();
        assert!(flights.deliver(0, Side::Sender).is_err());
        assert!(flights.deliver(1, Side::Sender).is_err());
    }
}
