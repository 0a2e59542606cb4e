//! What a learner answered, and what would have been right: the form depends on the type of interaction.
//!
//! Spec: RTE, *Learner Response* and *Correct Responses*.

use super::cut::{Parts, cut, parts};
use super::identifier::is_identifier;
use super::{localized, real};
use crate::quirk::{Quirk, Quirks};

/// The types of interaction of SCORM 2004.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InteractionKind {
    /// `true-false`: one of the two words.
    TrueFalse,
    /// `choice`: a set of identifiers.
    Choice,
    /// `fill-in`: one text or several.
    FillIn,
    /// `long-fill-in`: one long text.
    LongFillIn,
    /// `matching`: pairs of identifiers.
    Matching,
    /// `performance`: steps, each with an answer.
    Performance,
    /// `sequencing`: identifiers in an order.
    Sequencing,
    /// `likert`: one identifier.
    Likert,
    /// `numeric`: one number.
    Numeric,
    /// `other`: any text.
    Other,
}

use InteractionKind as Kind;

/// What parts members of a set.
const MEMBERS: &str = "[,]";
/// What parts the halves of a pair.
const HALVES: &str = "[.]";
/// What parts the ends of a range.
const ENDS: &str = "[:]";
/// How many members a set of identifiers or pairs may have.
const MOST_MEMBERS: usize = 36;
/// How many texts a fill-in may have.
const MOST_TEXTS: usize = 10;

impl InteractionKind {
    /// The type of this name.
    pub fn named(name: &str) -> Option<InteractionKind> {
        Some(match name {
            "true-false" => Kind::TrueFalse,
            "choice" => Kind::Choice,
            "fill-in" => Kind::FillIn,
            "long-fill-in" => Kind::LongFillIn,
            "matching" => Kind::Matching,
            "performance" => Kind::Performance,
            "sequencing" => Kind::Sequencing,
            "likert" => Kind::Likert,
            "numeric" => Kind::Numeric,
            "other" => Kind::Other,
            _ => return None,
        })
    }

    /// Whether there can be only one correct response.
    pub const fn has_one_pattern(self) -> bool {
        matches!(self, Kind::TrueFalse | Kind::Likert | Kind::Numeric | Kind::Other)
    }

    /// Whether a text is a response of this type.
    pub fn is_response(self, text: &str, quirks: Quirks) -> bool {
        let id = |it: &str| is_member(it, quirks);
        match self {
            Kind::TrueFalse => matches!(text, "true" | "false"),
            Kind::Choice => text.is_empty() || is_set(text, id),
            Kind::FillIn => are_texts(text),
            Kind::LongFillIn => localized::text(text).is_some(),
            Kind::Likert => id(text),
            Kind::Matching => text.is_empty() || are_pairs(text, id),
            Kind::Performance => {
                text.is_empty() || are_steps(text, id, |answer| cut(answer, HALVES).is_none())
            }
            Kind::Sequencing => are_members(text, id),
            Kind::Numeric => is_number(text, quirks),
            Kind::Other => true,
        }
    }

    /// Whether a text is a pattern of correct responses of this type.
    pub fn is_pattern(self, text: &str, quirks: Quirks) -> bool {
        let id = |it: &str| is_member(it, quirks);
        match self {
            Kind::FillIn => switches(text, &["{case_matters=", "{order_matters="]).is_some_and(are_texts),
            Kind::LongFillIn => {
                switches(text, &["{case_matters="]).is_some_and(|it| localized::text(it).is_some())
            }
            Kind::Matching => are_pairs(text, id),
            Kind::Performance => {
                let steps = |it| are_steps(it, id, |answer| cut(answer, HALVES).is_none());
                switches(text, &["{order_matters="]).is_some_and(steps)
            }
            Kind::Numeric => {
                is_range(text, quirks) || (quirks.has(Quirk::NumberAsRange) && is_number(text, quirks))
            }
            it => it.is_response(text, quirks),
        }
    }

    /// Whether two patterns say the same, where the book forbids that.
    pub fn is_same_pattern(self, one: &str, other: &str) -> bool {
        match self {
            Kind::Choice => {
                let has = |all: &str, one: &str| members(all).any(|it| it == one);
                members(one).all(|it| has(other, it)) && members(other).all(|it| has(one, it))
            }
            Kind::Sequencing => one == other,
            _ => false,
        }
    }
}

/// Returns true if a text is an identifier within a response, where what parts responses parts identifiers.
fn is_member(text: &str, quirks: Quirks) -> bool {
    is_identifier(text, quirks) && [MEMBERS, HALVES, ENDS].iter().all(|mark| cut(text, mark).is_none())
}

/// Returns true if a text is a number.
pub(crate) fn is_number(text: &str, quirks: Quirks) -> bool {
    (quirks.has(Quirk::ExponentInNumbers) || !real::has_exponent(text)) && real::parse(text).is_some()
}

fn members(text: &str) -> Parts<'_> {
    parts(text, MEMBERS)
}

/// Members in an order, each of its form.
fn are_members(text: &str, is_member: impl Fn(&str) -> bool) -> bool {
    members(text).count() <= MOST_MEMBERS && members(text).all(is_member)
}

/// Members, none of them twice.
fn is_set(text: &str, is_member: impl Fn(&str) -> bool) -> bool {
    let earlier = |n: usize, it: &str| members(text).take(n).any(|other| other == it);
    are_members(text, is_member) && !members(text).enumerate().any(|(n, it)| earlier(n, it))
}

fn are_pairs(text: &str, id: impl Fn(&str) -> bool) -> bool {
    are_members(text, |it| cut(it, HALVES).is_some_and(|(source, target)| id(source) && id(target)))
}

/// Steps: a name or an answer, or both; twice the same is allowed, and so are many.
fn are_steps(text: &str, id: impl Fn(&str) -> bool, is_answer: impl Fn(&str) -> bool) -> bool {
    members(text).all(|it| {
        let Some((name, answer)) = cut(it, HALVES) else { return false };
        (name.is_empty() || id(name)) && is_answer(answer) && !(name.is_empty() && answer.is_empty())
    })
}

fn are_texts(text: &str) -> bool {
    members(text).count() <= MOST_TEXTS && members(text).all(|it| localized::text(it).is_some())
}

/// Two numbers, the first not above the second; each may be left out.
fn is_range(text: &str, quirks: Quirks) -> bool {
    let Some((least, most)) = cut(text, ENDS) else { return false };
    let bound = |it: &str| match it {
        "" => Some(None),
        it if is_number(it, quirks) => real::parse(it).map(Some),
        _ => None,
    };
    match (bound(least), bound(most)) {
        (Some(Some(least)), Some(Some(most))) => least <= most,
        (least, most) => least.is_some() && most.is_some(),
    }
}

/// What follows the switches at the start of a pattern, each at most once and true or false, in any order
/// and also behind the language; `None` where one of them says something else. Behind the language, what is
/// no switch is text.
fn switches<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let mut rest = text;
    let mut seen = 0_u8;
    'next: loop {
        for (bit, name) in names.iter().enumerate() {
            let Some(value) = rest.strip_prefix(name).filter(|_| seen & (1 << bit) == 0) else { continue };
            let tail = value.strip_prefix("true}").or_else(|| value.strip_prefix("false}"));
            (rest, seen) = (tail?, seen | 1 << bit);
            continue 'next;
        }
        return Some(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *Learner Response* and *Correct Responses*.
    #[test]
    fn a_response_has_the_form_of_its_type() {
        #[rustfmt::skip]
        let cases = [
            // type            text                      response  pattern
            (Kind::TrueFalse,   "true",                   true,     true),
            (Kind::TrueFalse,   "t",                      false,    false),
            (Kind::TrueFalse,   "",                       false,    false),
            (Kind::Choice,      "",                       true,     true),
            (Kind::Choice,      "a[,]b",                  true,     true),
            (Kind::Choice,      "a[,]a",                  false,    false),
            (Kind::Choice,      "[,]",                    false,    false),
            (Kind::Choice,      "a[,]",                   false,    false),
            (Kind::Choice,      "{}{[]}{}",               false,    false),
            (Kind::FillIn,      "",                       true,     true),
            (Kind::FillIn,      "[,]",                    true,     true),
            (Kind::FillIn,      "{lang=en}",              true,     true),
            (Kind::FillIn,      "{lang=sp}x",             false,    false),
            (Kind::FillIn,      "{order_matters=true}{case_matters=false}{lang=en}a[,]b", true, true),
            (Kind::FillIn,      "{case_matters=x}a",      true,     false),
            (Kind::FillIn,      "{lang=en}{case_matters=invalid}a", true, true), // ordinary text by then
            (Kind::LongFillIn,  "{case_matters=true}a",   true,     true),
            (Kind::LongFillIn,  "{case_matters=x}a",      true,     false),
            (Kind::Likert,      "x",                      true,     true),
            (Kind::Likert,      "x[.]y[,]z",              false,    false),
            (Kind::Likert,      "",                       false,    false),
            (Kind::Matching,    "",                       true,     false),
            (Kind::Matching,    "a[.]b[,]c[.]d",          true,     true),
            (Kind::Matching,    "a[.]",                   false,    false),
            (Kind::Matching,    "z",                      false,    false),
            (Kind::Matching,    "x[.]y[,]z",              false,    false),
            (Kind::Performance, "a[.]1[,]a[.]1",          true,     true),
            (Kind::Performance, "[.]a",                   true,     true),
            (Kind::Performance, "a[.]",                   true,     true),
            (Kind::Performance, "[.]",                    false,    false),
            (Kind::Performance, "[.]a[.]b",               false,    false),
            (Kind::Performance, "[,]a[.]b",               false,    false),
            (Kind::Performance, "{order_matters=x}a[.]b", false,    false),
            (Kind::Performance, "{order_matters=false}a[.]1[:]2", false, true),
            (Kind::Sequencing,  "a[,]a",                  true,     true),
            (Kind::Sequencing,  "[,]a",                   false,    false),
            (Kind::Sequencing,  "",                       false,    false),
            (Kind::Numeric,     "-4.5",                   true,     false),
            (Kind::Numeric,     "1[:]2",                  false,    true),
            (Kind::Numeric,     "[:]",                    false,    true),
            (Kind::Numeric,     "300[:]1.5",              false,    false),
            (Kind::Numeric,     "34,000.00",              false,    false),
            (Kind::Other,       "anything [,] at all",    true,     true),
        ];
        for (kind, text, response, pattern) in cases {
            assert_eq!(kind.is_response(text, Quirks::NONE), response, "{kind:?} response {text:?}");
            assert_eq!(kind.is_pattern(text, Quirks::NONE), pattern, "{kind:?} pattern {text:?}");
        }
        let many = vec!["a"; 37].join(MEMBERS);
        assert!(!Kind::Sequencing.is_response(&many, Quirks::NONE));
        assert!(Kind::Performance.is_response(&vec!["a[.]b"; 250].join(MEMBERS), Quirks::NONE));
    }

    #[test]
    fn a_quirk_tolerates_brackets_and_a_number_as_a_range_but_nothing_that_parts_a_response() {
        #[rustfmt::skip]
        let cases = [
            // type             text                 response  pattern
            (Kind::Choice,      "x = y[1]",          true,     true),
            (Kind::Choice,      "{guid}[,]Q[1]",     true,     true),
            (Kind::Choice,      "[x][,][x]",         false,    false), // twice the same
            (Kind::Choice,      "[,]",               false,    false),
            (Kind::Choice,      "{}{[]}{}",          false,    false),
            (Kind::Likert,      "[x]",               true,     true),
            (Kind::Likert,      "x[.]y[,]z",         false,    false),
            (Kind::Matching,    "a[0][.]{b}",        true,     true),
            (Kind::Matching,    "a[.]b[.]c",         false,    false),
            (Kind::Performance, "step[1][.]any",     true,     true),
            (Kind::Sequencing,  "[a][,]{b}",         true,     true),
            (Kind::Numeric,     "42",                true,     true),
            (Kind::Numeric,     "-4.5",              true,     true),
            (Kind::Numeric,     "1e-7[:]1e+21",      false,    true),
            (Kind::Numeric,     "1[:]2[:]3",         false,    false),
            (Kind::Numeric,     "",                  false,    false),
            (Kind::Numeric,     "forty-two",         false,    false),
        ];
        for (kind, text, response, pattern) in cases {
            assert_eq!(kind.is_response(text, Quirks::ALL), response, "{kind:?} response {text:?}");
            assert_eq!(kind.is_pattern(text, Quirks::ALL), pattern, "{kind:?} pattern {text:?}");
        }
        let strict = Quirks::ALL.without(Quirk::NumberAsRange);
        assert!(!Kind::Numeric.is_pattern("42", strict) && Kind::Numeric.is_pattern("42[:]42", strict));
    }

    #[test]
    fn patterns_are_the_same_as_sets_for_a_choice_and_in_order_for_a_sequence() {
        assert!(Kind::Choice.is_same_pattern("a[,]b", "b[,]a"));
        assert!(!Kind::Choice.is_same_pattern("a", "a[,]b"));
        assert!(!Kind::Sequencing.is_same_pattern("a[,]b", "b[,]a"));
        assert!(Kind::Sequencing.is_same_pattern("a[,]b", "a[,]b"));
        assert!(!Kind::FillIn.is_same_pattern("a", "a"));
    }
}
