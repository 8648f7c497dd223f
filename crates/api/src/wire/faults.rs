//! The fields of one request that are not acceptable, gathered so that all are named at once.

use messaging_domain::{Error, Fault, FieldError};

/// What was wrong so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault.
    pub fn add(&mut self, field: &'static str, fault: Fault) {
        self.0.push(fault.on(field));
    }

    /// A field that has to be there and to be acceptable.
    pub fn required<T, U>(
        &mut self,
        field: &'static str,
        value: Option<T>,
        parse: impl FnOnce(T) -> Result<U, Fault>,
    ) -> Option<U> {
        if value.is_none() {
            self.add(field, Fault::invalid("this field is required"));
        }
        self.optional(field, value, parse)
    }

    /// A field that may be left out, but not be unacceptable.
    pub fn optional<T, U>(
        &mut self,
        field: &'static str,
        value: Option<T>,
        parse: impl FnOnce(T) -> Result<U, Fault>,
    ) -> Option<U> {
        match value.map(parse)? {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(field, fault);
                None
            }
        }
    }

    /// The parsed request, if nothing was wrong with it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that was wrong.
    pub fn finish<T>(self, parsed: Option<T>) -> Result<T, Error> {
        match parsed {
            Some(parsed) if self.0.is_empty() => Ok(parsed),
            _ => Err(Error::Invalid(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_and_one_is_enough_to_refuse() {
        let mut faults = Faults::new();
        let a = faults.required("a", None::<&str>, |_| Ok(1));
        let b = faults.optional("b", Some("x"), |_| {
            Err::<i32, _>(Fault::too_long("short, please"))
        });
        assert_eq!((a, b), (None, None));
        let Err(Error::Invalid(errors)) = faults.finish(Some(())) else {
            panic!("not refused")
        };
        let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
        assert_eq!(fields, ["a", "b"]);
    }
}
