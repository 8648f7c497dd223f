//! Reading JSON from bytes: what is not JSON is told apart from a field of the wrong type.

use std::{fmt, marker::PhantomData};

use messaging_domain::{Error, Fault};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;

use crate::problem::{Problem, Refusal};

/// Reads a JSON object. Fields that are not known are passed over, for the sake of newer clients.
///
/// # Errors
/// 400 for what is no JSON, no object, or names a field twice; 422 for a field of the wrong type.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(malformed("a JSON object is expected"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        match error.inner().classify() {
            Category::Data if field != "." => wrong_type(field),
            Category::Data => malformed("a field occurs twice in the JSON object"),
            Category::Syntax | Category::Eof | Category::Io => malformed("this is no JSON"),
        }
    })?;
    match json.end() {
        Ok(()) => Ok(value),
        Err(_) => Err(malformed("there is something after the JSON object")),
    }
}

fn malformed(expected: &str) -> Problem {
    Refusal::Malformed(expected.to_owned()).into()
}

fn wrong_type(field: String) -> Problem {
    Error::field(field, Fault::invalid("this field is of another type")).into()
}

/// For `#[serde(deserialize_with)]` on a field that holds an object: derived structs would also
/// take an array of their fields.
///
/// # Errors
/// When it is neither an object nor null.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::SendMessage;

    fn refusal(body: &str) -> (u16, Vec<String>) {
        let problem = read::<SendMessage>(body.as_bytes()).unwrap_err();
        (
            problem.status,
            problem
                .errors
                .into_iter()
                .map(|error| error.field)
                .collect(),
        )
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
        let deep = "[".repeat(30_000);
        for body in [
            "",
            " ",
            "x",
            "[]",
            "5",
            "\"x\"",
            "null",
            "{",
            "{}{}",
            "{} x",
            "{\"a\"}",
            "{'a':1}",
            "{\"a\":1,}",
            "\u{feff}{}",
            "{\"clientId\":\"\\ud800\"}",
            "{\"clientId\":1e999}",
            "{\"clientId\":\"a\",\"clientId\":\"b\"}",
            &format!("{{\"x\":{deep}"),
        ] {
            assert_eq!(
                refusal(body),
                (400, vec![]),
                "{}",
                body.get(..40).unwrap_or(body)
            );
        }
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_by_its_path() {
        for (body, field) in [
            ("{\"clientId\":5}", "clientId"),
            ("{\"content\":\"hello\"}", "content"),
            ("{\"content\":[\"text\",\"hello\"]}", "content"),
            (
                "{\"content\":{\"kind\":\"text\",\"text\":{}}}",
                "content.text",
            ),
            ("{\"content\":{\"kind\":[]}}", "content.kind"),
        ] {
            assert_eq!(refusal(body), (422, vec![field.to_owned()]), "{body}");
        }
    }

    #[test]
    fn fields_that_are_not_known_are_passed_over() {
        assert!(read::<SendMessage>(b" {\"senderId\":\"eve\",\"x\":{\"y\":[1]}} ").is_ok());
    }
}
