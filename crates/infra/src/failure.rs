//! What a database's error means for the caller: nothing stored, or not known.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use messaging_domain::{Error, Failure};

/// Why an act was not done.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The rules say no. The transaction goes on without this act.
    Refused(Error),
    /// The database says no. The transaction is lost.
    Broken(DieselError),
}

impl From<Error> for Halt {
    fn from(refusal: Error) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DieselError> for Halt {
    fn from(error: DieselError) -> Self {
        Self::Broken(error)
    }
}

/// Whether the connection cannot be used any more.
pub(crate) fn is_connection_lost(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
        | DieselError::BrokenTransactionManager => true,
        // libpq reports a server that goes away in words only.
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            [
                "server closed the connection",
                "terminating connection",
                "connection to server",
                "no connection to the server",
                "SSL connection has been closed",
                "could not receive data",
                "could not send data",
            ]
            .iter()
            .any(|words| message.contains(words))
        }
        _ => false,
    }
}

/// Whether there was no room for what was to be written.
pub(crate) fn is_disk_full(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, information)
        if information.message().contains("disk is full"))
}

/// Whether somebody else was quicker, or the act was done before, so that it has to be decided anew.
pub(crate) fn is_race(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
            _
        )
    )
}

/// Whether trying again may help: the database is away, busy, full, locked or read-only.
fn is_passing(error: &DieselError) -> bool {
    if is_connection_lost(error) {
        return true;
    }
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => true,
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            let message = information.message();
            [
                "timeout",
                "deadlock",
                "database is locked",
                "disk is full",
                "disk I/O error",
                "readonly database",
                "shutting down",
                "starting up",
                "too many",
                "in recovery",
                "No space left",
                "unable to open database",
            ]
            .iter()
            .any(|words| message.contains(words))
        }
        _ => false,
    }
}

/// An error before any commit: certainly nothing was stored.
pub(crate) fn before_commit(doing: &'static str, error: DieselError) -> Error {
    if is_passing(&error) {
        Error::Overloaded(Failure::new(doing, error))
    } else {
        Error::Failed(Failure::new(doing, error))
    }
}
