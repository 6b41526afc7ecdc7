//! The query of `GET /api/cheeps`. Pure.

use cheeper_protocol::{Code, History, Range, Refusal, Seq, limits::PAGE_DEFAULT};

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
        for (field, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match field.as_ref() {
                "before" => before = Some(seq("before", &value)?),
                "after" => after = Some(seq("after", &value)?),
                "around" => around = Some(seq("around", &value)?),
                "limit" => {
                    let number = value.parse().ok().filter(|&limit: &usize| limit > 0);
                    limit = Some(number.ok_or_else(|| bad_field("limit", "must be a number from 1 up"))?);
                }
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
}
