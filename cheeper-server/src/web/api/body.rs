//! What a request says beside its address: the fields of its body, and the secret that proves a name. Pure.

use std::str;

use cheeper_protocol::{Code, Refusal, Secret};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use warp::http::{HeaderMap, header};

/// The header that may carry a name's secret.
const SECRET_HEADER: &str = "cheeper-secret";
/// The fields that are numbers, which a form has as text.
const NUMBERS: [&str; 6] = ["reply_to", "target", "for_ms", "entry", "before", "limit"];
/// The fields that may stand in the query of a request without a body.
const IN_QUERY: [&str; 3] = ["name", "before", "limit"];

/// Why a request cannot be read.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// It is neither JSON nor a form.
    Unsupported,
    /// Anything else.
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The fields of a body. Without a body the name may stand in the query.
pub(crate) fn fields(headers: &HeaderMap, query: &str, body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let in_query = form(query.as_bytes(), "The text of this query is not UTF-8.")?;
    if in_query.contains_key("secret") {
        let why = "A secret has no place in an address, which is kept in logs: use the header Cheeper-Secret.";
        return Err(Refusal::new(Code::BadField, why).in_field("secret").into());
    }
    if body.is_empty() {
        let is_taken = |field: &str| IN_QUERY.contains(&field);
        return Ok(in_query.into_iter().filter(|(field, value)| is_taken(field) && value != "").collect());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(serde_json::from_slice(body).map_err(|_| Refusal::from(Code::BadJson))?);
    }
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(form(body, "The text of this form is not UTF-8.")?);
    }
    Err(Failure::Unsupported)
}

/// The secret, from its header or from the fields, which it leaves.
pub(super) fn secret(headers: &HeaderMap, fields: &mut Map<String, Value>) -> Result<Option<Secret>, Refusal> {
    let in_field = match fields.remove("secret") {
        None | Some(Value::Null) => None,
        Some(Value::String(secret)) => Some(Secret::parse(&secret)?),
        Some(_) => {
            return Err(Refusal::new(Code::BadField, "The field \"secret\" must be a string.").in_field("secret"));
        }
    };
    let Some(in_header) = headers.get(SECRET_HEADER) else { return Ok(in_field) };
    let text = str::from_utf8(in_header.as_bytes());
    let in_header = text.map_err(|_| Refusal::from(Code::BadSecret)).and_then(Secret::parse);
    let in_header = in_header.map_err(|refusal| refusal.in_field("Cheeper-Secret"))?;
    if in_field.is_some_and(|in_field| in_field != in_header) {
        let why = "The header Cheeper-Secret and the field \"secret\" are not the same: send one of them.";
        return Err(Refusal::new(Code::BadField, why).in_field("secret"));
    }
    Ok(Some(in_header))
}

fn form(form: &[u8], not_text: &'static str) -> Result<Map<String, Value>, Refusal> {
    // The parser would put a mark for what it cannot read, and the author would not hear of it.
    if percent_decode(form).decode_utf8().is_err() {
        return Err(Refusal::new(Code::BadField, not_text));
    }
    let number = |field: &str, value: &str| NUMBERS.contains(&field).then(|| value.parse::<u64>().ok()).flatten();
    let fields = form_urlencoded::parse(form).map(|(field, value)| {
        let value = number(&field, &value).map_or_else(|| Value::from(&*value), Value::from);
        (field.into_owned(), value)
    });
    Ok(fields.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warp::http::HeaderValue;

    use super::*;

    const JSON: &str = "application/json; charset=utf-8";
    const FORM: &str = "Application/X-WWW-Form-Urlencoded";

    fn read(content_type: &'static str, query: &str, body: &[u8]) -> Result<Value, Failure> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        fields(&headers, query, body).map(Value::Object)
    }

    fn code(result: Result<Value, Failure>) -> Option<Code> {
        match result {
            Err(Failure::Refused(refusal)) => Some(refusal.code),
            _ => None,
        }
    }

    #[test]
    fn json_and_forms_say_the_same() {
        let expected = Ok(json!({ "name": "Zoë", "cheep": "a & b", "reply_to": 7, "id": "7" }));
        assert_eq!(read(JSON, "", r#"{"name":"Zoë","cheep":"a & b","reply_to":7,"id":"7"}"#.as_bytes()), expected);
        assert_eq!(read(FORM, "", b"name=Zo%C3%AB&cheep=a+%26+b&reply_to=7&id=7"), expected);
        assert_eq!(code(read(JSON, "", b"[]")), Some(Code::BadJson));
        assert_eq!(code(read(JSON, "", b"{\"name\":\"\xff\"}")), Some(Code::BadJson));
        assert_eq!(code(read(FORM, "", b"name=%ff")), Some(Code::BadField));
        assert_eq!(read("text/plain", "", b"hi"), Err(Failure::Unsupported));
        assert_eq!(fields(&HeaderMap::new(), "", b"hi"), Err(Failure::Unsupported));
    }

    #[test]
    fn without_a_body_the_name_stands_in_the_query_and_a_secret_never() {
        assert_eq!(read(JSON, "name=Zo%C3%AB&cheep=no&theme=dark", b""), Ok(json!({ "name": "Zoë" })));
        assert_eq!(read("", "name=", b""), Ok(json!({})));
        assert_eq!(read(FORM, "name=bob", b"name=alice"), Ok(json!({ "name": "alice" })));
        assert_eq!(read(FORM, "name=bob", b"id=1"), Ok(json!({ "id": "1" })));
        assert_eq!(code(read("", "name=%ff", b"")), Some(Code::BadField));
        for body in [&b""[..], b"name=alice"] {
            let Err(Failure::Refused(refusal)) = read(FORM, "secret=0123456789abcdef", body) else { panic!() };
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some("secret")));
        }
    }

    #[test]
    fn a_secret_comes_in_a_field_or_in_the_header_and_leaves_the_fields() {
        let secret = |header: Option<&[u8]>, field: Value| {
            let headers = header.map(|value| (header::HeaderName::from_static(SECRET_HEADER), value));
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_bytes(value).unwrap()));
            let mut fields = Map::from_iter([("secret".to_owned(), field), ("name".to_owned(), json!("alice"))]);
            let secret = super::secret(&headers.into_iter().collect(), &mut fields);
            assert_eq!(Value::Object(fields), json!({ "name": "alice" }));
            secret.map(|secret| secret.map(|secret| secret.expose().to_owned())).map_err(|refusal| refusal.code)
        };
        let own = "alice's own secrèt";
        assert_eq!(secret(None, Value::Null), Ok(None));
        assert_eq!(secret(None, json!(own)), Ok(Some(own.to_owned())));
        assert_eq!(secret(Some(own.as_bytes()), Value::Null), Ok(Some(own.to_owned())));
        assert_eq!(secret(Some(own.as_bytes()), json!(own)), Ok(Some(own.to_owned())));
        assert_eq!(secret(Some(b"another one of hers"), json!(own)), Err(Code::BadField));
        assert_eq!(secret(Some(b"short"), Value::Null), Err(Code::BadSecret));
        assert_eq!(secret(Some(b"\xff0123456789abcdef"), Value::Null), Err(Code::BadSecret));
        assert_eq!(secret(None, json!("short")), Err(Code::BadSecret));
        assert_eq!(secret(None, json!(7)), Err(Code::BadField));
    }
}
