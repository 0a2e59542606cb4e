//! What a column holds, as it is read, compared and put back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a column holds. Of PostgreSQL everything is read and compared as text; SQLite says itself what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Whole(i64),
    /// A number with a fraction, in the shortest digits that say exactly this one.
    Real {
        /// Its digits.
        real: String,
    },
    /// A text.
    Text(String),
}

/// What a column says that is to hold whole seconds, or a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// Nothing: NULL, or an empty text.
    None,
    /// A number; fractions are rounded down.
    Whole(i64),
    /// Something else.
    Unreadable,
}

impl Cell {
    /// The number that it holds, whatever the column's type; 64 bits and no more.
    pub(crate) fn number(&self) -> Number {
        match self {
            Cell::Null => Number::None,
            Cell::Whole(it) => Number::Whole(*it),
            Cell::Real { real: text } | Cell::Text(text) => match text.trim() {
                "" => Number::None,
                text => text.parse().map_or_else(|_| floor(text), Number::Whole),
            },
        }
    }

    /// The number that it holds, if it holds one and is not below 0.
    pub(crate) fn count(&self) -> Option<i64> {
        match self.number() {
            Number::Whole(it) if it >= 0 => Some(it),
            _ => None,
        }
    }

    /// Whether it says the same as one that may be of another type: what was put in as a number is read as its digits.
    pub(crate) fn is_same(&self, other: &Cell) -> bool {
        if *self == Cell::Null || *other == Cell::Null {
            return self == other;
        }
        let (one, two) = (self.text(), other.text());
        // A column of another type writes the same number otherwise: 754.0, 754.00.
        one == two || matches!((one.parse::<f64>(), two.parse::<f64>()), (Ok(one), Ok(two)) if one == two)
    }

    /// Its text; that of a number is its digits, and NULL has none.
    pub(crate) fn text(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Whole(it) => it.to_string(),
            Cell::Real { real: it } | Cell::Text(it) => it.clone(),
        }
    }
}

/// A number with a fraction, rounded down.
fn floor(text: &str) -> Number {
    // Every whole number below this is exact in 64 bits with a point.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match text.parse::<f64>() {
        Ok(it) if it.abs() <= EXACT => Number::Whole(it.floor() as i64),
        Ok(it) if it.is_finite() => Number::Whole(if it > 0.0 { i64::MAX } else { i64::MIN }),
        _ => Number::Unreadable,
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => write!(f, "NULL"),
            Cell::Whole(it) => write!(f, "{it}"),
            Cell::Real { real: it } | Cell::Text(it) => write!(f, "{it}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_whatever_the_columns_type() {
        #[rustfmt::skip]
        let cases = [
            (Cell::Null,                              Number::None),
            (Cell::Text(" ".into()),                  Number::None),
            (Cell::Whole(-3),                         Number::Whole(-3)),
            (Cell::Text("750".into()),                Number::Whole(750)),
            (Cell::Text("750.9".into()),              Number::Whole(750)),
            (Cell::Real { real: "0.5".into() },       Number::Whole(0)),
            (Cell::Text("-0.5".into()),               Number::Whole(-1)), // below 0 stays below 0
            (Cell::Text("1e300".into()),              Number::Whole(i64::MAX)),
            (Cell::Text("99999999999999999999".into()), Number::Whole(i64::MAX)),
            (Cell::Text("NaN".into()),                Number::Unreadable),
            (Cell::Text("12 min".into()),             Number::Unreadable),
        ];
        for (cell, expected) in cases {
            assert_eq!(cell.number(), expected, "{cell:?}");
        }
    }

    #[test]
    fn what_a_column_held_comes_back_out_of_a_record() {
        let cells = [
            Cell::Null,
            Cell::Whole(i64::MIN),
            Cell::Real { real: "0.30000000000000004".into() },
            Cell::Text("7".into()),
        ];
        let text = serde_json::to_string(&cells).unwrap();
        assert_eq!(text, r#"[null,-9223372036854775808,{"real":"0.30000000000000004"},"7"]"#);
        assert_eq!(serde_json::from_str::<[Cell; 4]>(&text).unwrap(), cells);
    }
}
