//! The durable events that somebody has missed.

use messaging_domain::{Epoch, EventPage, Position};
use serde::Serialize;
use utoipa::ToSchema;

use super::frame::EventFrame;

/// A run of the caller's durable events without a gap.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// The events in order, as the WebSocket sends them, each with its object as it is now.
    pub events: Vec<EventFrame>,
    /// The position of the last of them, or `since` when there is none.
    #[schema(minimum = 0)]
    pub position: i64,
    /// Of which numbering the positions are.
    #[schema(format = Uuid)]
    pub epoch: String,
    /// Whether there are more.
    pub more: bool,
}

impl Missed {
    /// The events of a page that begins after `since`.
    pub fn new(page: &EventPage, since: Position, epoch: Epoch) -> Self {
        Self {
            events: page.events.iter().map(EventFrame::from).collect(),
            position: page
                .events
                .last()
                .map_or(since, |event| event.position)
                .get(),
            epoch: epoch.to_string(),
            more: page.more,
        }
    }
}
