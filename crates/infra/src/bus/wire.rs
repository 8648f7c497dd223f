//! Signals as bytes.

use std::borrow::Cow;

use messaging_domain::{
    ConversationId, LoginId, Position, SessionId, SessionStamp, Signal, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many sessions one roster may name: more than anybody may have.
const MAX_ROSTER: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "camelCase", deny_unknown_fields)]
enum Body<'a> {
    Advanced {
        position: i64,
    },
    Typing {
        conversation: Uuid,
        #[serde(borrow)]
        writer: Cow<'a, str>,
        active: bool,
    },
    Roster {
        sessions: Vec<(i64, Uuid)>,
    },
    RollCall,
    LoginRevoked {
        login: Uuid,
    },
    Erased {
        #[serde(borrow)]
        user: Cow<'a, str>,
    },
    ProfileChanged {
        #[serde(borrow)]
        user: Cow<'a, str>,
    },
    Alive,
    Leaving,
}

/// Writes a signal down.
pub(super) fn encode(signal: &Signal) -> Vec<u8> {
    let body = match signal {
        Signal::Advanced(position) => Body::Advanced {
            position: position.get(),
        },
        Signal::Typing {
            conversation,
            writer,
            active,
        } => Body::Typing {
            conversation: conversation.as_uuid(),
            writer: writer.as_str().into(),
            active: *active,
        },
        Signal::Roster(sessions) => Body::Roster {
            sessions: sessions
                .iter()
                .take(MAX_ROSTER)
                .map(|stamp| (stamp.since.as_microseconds(), stamp.session.as_uuid()))
                .collect(),
        },
        Signal::RollCall => Body::RollCall,
        Signal::LoginRevoked(login) => Body::LoginRevoked {
            login: login.as_uuid(),
        },
        Signal::Erased(user) => Body::Erased {
            user: user.as_str().into(),
        },
        Signal::ProfileChanged(user) => Body::ProfileChanged {
            user: user.as_str().into(),
        },
        Signal::Alive => Body::Alive,
        Signal::Leaving => Body::Leaving,
    };
    // Plain values: writing them as JSON does not fail.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// Reads a signal; nothing when it is none, as from a newer node.
pub(super) fn decode(bytes: &[u8]) -> Option<Signal> {
    let user = |id: &str| UserId::parse(id).ok();
    Some(match serde_json::from_slice(bytes).ok()? {
        Body::Advanced { position } => Signal::Advanced(Position::new(position)),
        Body::Typing {
            conversation,
            writer,
            active,
        } => Signal::Typing {
            conversation: ConversationId::restore(conversation),
            writer: user(&writer)?,
            active,
        },
        Body::Roster { sessions } if sessions.len() <= MAX_ROSTER => Signal::Roster(
            sessions
                .into_iter()
                .map(|(since, session)| SessionStamp {
                    since: Timestamp::from_microseconds(since),
                    session: SessionId::restore(session),
                })
                .collect(),
        ),
        Body::Roster { .. } => return None,
        Body::RollCall => Signal::RollCall,
        Body::LoginRevoked { login } => Signal::LoginRevoked(LoginId::restore(login)),
        Body::Erased { user: id } => Signal::Erased(user(&id)?),
        Body::ProfileChanged { user: id } => Signal::ProfileChanged(user(&id)?),
        Body::Alive => Signal::Alive,
        Body::Leaving => Signal::Leaving,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_read_as_it_was_written() {
        let somebody = UserId::restore("some\"body");
        let stamp = SessionStamp {
            since: Timestamp::now(),
            session: SessionId::new(),
        };
        for signal in [
            Signal::Advanced(Position::new(57)),
            Signal::Typing {
                conversation: ConversationId::new(),
                writer: somebody.clone(),
                active: true,
            },
            Signal::Roster(vec![stamp, stamp]),
            Signal::Roster(vec![]),
            Signal::RollCall,
            Signal::LoginRevoked(LoginId::new()),
            Signal::Erased(somebody.clone()),
            Signal::ProfileChanged(somebody),
            Signal::Alive,
            Signal::Leaving,
        ] {
            assert_eq!(decode(&encode(&signal)), Some(signal));
        }
    }

    #[test]
    fn what_is_no_signal_is_none() {
        let crowd = vec![(0, Uuid::nil()); MAX_ROSTER + 1];
        let crowd = serde_json::to_vec(&Body::Roster { sessions: crowd }).unwrap();
        for bad in [
            &crowd[..],
            b"",
            b"{}",
            b"\xff",
            b"{\"signal\":\"dance\"}",
            b"{\"signal\":\"erased\",\"user\":\"\"}",
            b"{\"signal\":\"advanced\",\"position\":1,\"more\":2}",
        ] {
            assert_eq!(decode(bad), None);
        }
    }
}
