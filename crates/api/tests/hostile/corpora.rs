//! Collections of what others have fallen for, at the service's doors.

mod origins;
mod tokens;
mod unicode;
