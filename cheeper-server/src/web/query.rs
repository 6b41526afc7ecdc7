//! The queries of what is read: `GET /api/cheeps`, `/api/thread`, `/api/search`. Pure.

use std::borrow::Cow;

use cheeper_protocol::{Code, History, Query, Range, Refusal, Search, Seq, Thread, limits::PAGE_DEFAULT};
use percent_encoding::percent_decode_str;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum CheepsQuery {
    /// One page.
    Page(History),
    /// What is after a cursor, if there is one, and then what is to come.
    Follow(Option<Seq>),
}

impl CheepsQuery {
    /// Reads a query. A field without a value counts as absent; one that is not known is ignored.
    pub(crate) fn parse(query: &str) -> Result<Self, Refusal> {
        let (mut before, mut after, mut around, mut limit, mut follows) = (None, None, None, None, false);
        for (field, value) in fields(query) {
            match field.as_ref() {
                "before" => before = Some(seq("before", &value)?),
                "after" => after = Some(seq("after", &value)?),
                "around" => around = Some(seq("around", &value)?),
                "limit" => limit = Some(number("limit", &value)?),
                "follow" => {
                    follows = match value.as_ref() {
                        "1" => true,
                        "0" => false,
                        _ => return Err(bad_field("follow", "must be 1, or be left out")),
                    }
                }
                _ => {}
            }
        }
        let only_after = "cannot go with follow: following goes on from \"after\"";
        match (follows, before, around) {
            (true, Some(_), _) => Err(bad_field("before", only_after)),
            (true, _, Some(_)) => Err(bad_field("around", only_after)),
            (true, None, None) => Ok(Self::Follow(after)),
            (false, ..) => {
                let range = Range::from_fields(before, after, around)?;
                Ok(Self::Page(History { range, limit: limit.unwrap_or(PAGE_DEFAULT) }))
            }
        }
    }
}

/// Which thread is asked for.
pub(crate) fn thread(query: &str) -> Result<Thread, Refusal> {
    let (mut of, mut after) = (None, None);
    for (field, value) in fields(query) {
        match field.as_ref() {
            "seq" => of = Some(seq("seq", &value)?),
            "after" => after = Some(seq("after", &value)?),
            _ => {}
        }
    }
    Ok(Thread { seq: of.ok_or_else(|| bad_field("seq", "is missing: it is the seq of a cheep"))?, after })
}

/// What is searched for.
pub(crate) fn search(query: &str) -> Result<Search, Refusal> {
    // The parser would put a mark for what it cannot read, and that would be searched for.
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(bad_field("q", "must be UTF-8"));
    }
    let (mut q, mut before, mut limit) = (None, None, PAGE_DEFAULT);
    for (field, value) in fields(query) {
        match field.as_ref() {
            "q" => q = Some(Query::parse(&value)?),
            "before" => before = Some(seq("before", &value)?),
            "limit" => limit = number("limit", &value)?,
            _ => {}
        }
    }
    Ok(Search { q: q.ok_or_else(|| bad_field("q", "is missing: it is what to search for"))?, before, limit })
}

/// The fields that have a value.
fn fields(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty())
}

fn number(field: &'static str, value: &str) -> Result<usize, Refusal> {
    let number = value.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| bad_field(field, "must be a number from 1 up"))
}

fn seq(field: &'static str, value: &str) -> Result<Seq, Refusal> {
    value.parse().ok().and_then(Seq::new).ok_or_else(|| bad_field(field, "must be a seq: 0, 1, 2 and so on"))
}

fn bad_field(field: &'static str, what: &str) -> Refusal {
    Refusal::new(Code::BadField, format!("The field \"{field}\" {what}.")).in_field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    #[test]
    fn a_page_or_what_is_to_come() {
        let page = |range, limit| Ok(CheepsQuery::Page(History { range, limit }));
        assert_eq!(CheepsQuery::parse(""), page(Range::Newest, PAGE_DEFAULT));
        assert_eq!(CheepsQuery::parse("before=&after=&around=&limit="), page(Range::Newest, PAGE_DEFAULT));
        assert_eq!(CheepsQuery::parse("before=7&limit=3&theme=dark"), page(Range::Before(seq(7)), 3));
        assert_eq!(CheepsQuery::parse("around=%37"), page(Range::Around(seq(7)), PAGE_DEFAULT));
        assert_eq!(CheepsQuery::parse("follow=0&after=0"), page(Range::After(seq(0)), PAGE_DEFAULT));
        assert_eq!(CheepsQuery::parse("follow=1"), Ok(CheepsQuery::Follow(None)));
        assert_eq!(CheepsQuery::parse("after=7&follow=1"), Ok(CheepsQuery::Follow(Some(seq(7)))));
    }

    #[test]
    fn a_mistake_is_told_by_its_field_and_in_a_sentence() {
        for (query, field) in [
            ("before=x", "before"),
            ("after=-1", "after"),
            ("around=1.5", "around"),
            ("after=99999999999999999999", "after"),
            ("limit=0", "limit"),
            ("limit=many", "limit"),
            ("follow=true", "follow"),
            ("before=1&after=2", "after"),
            ("follow=1&before=2", "before"),
            ("follow=1&around=2", "around"),
        ] {
            let refusal = CheepsQuery::parse(query).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some(field)), "{query}");
            assert!(refusal.message.starts_with(&format!("The field \"{field}\" ")), "{query}: {refusal}");
            assert!(refusal.message.ends_with('.'), "{query}: {refusal}");
        }
    }

    #[test]
    fn a_thread_is_asked_for_by_any_cheep_of_it() {
        assert_eq!(thread("seq=7"), Ok(Thread { seq: seq(7), after: None }));
        assert_eq!(thread("after=9&seq=7&theme=dark"), Ok(Thread { seq: seq(7), after: Some(seq(9)) }));
        for (query, field) in [("", "seq"), ("seq=", "seq"), ("seq=x", "seq"), ("seq=7&after=x", "after")] {
            let refusal = thread(query).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some(field)), "{query}");
        }
    }

    #[test]
    fn a_search_has_words_and_reads_on_before_a_place() {
        let found = |q: &str, before, limit| Ok(Search { q: Query::parse(q).unwrap(), before, limit });
        assert_eq!(search("q=caf%C3%A9+%23rust"), found("café #rust", None, PAGE_DEFAULT));
        assert_eq!(search("q=a&before=7&limit=3"), found("a", Some(seq(7)), 3));
        let long = format!("q={}", "x".repeat(513));
        for (query, field) in [
            ("", "q"),
            ("q=+", "q"),
            ("q=%FF", "q"),
            (&long, "q"),
            ("q=a&before=x", "before"),
            ("q=a&limit=0", "limit"),
        ] {
            let refusal = search(query).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some(field)), "{query}");
        }
    }
}
