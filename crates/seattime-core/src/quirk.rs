//! What is tolerated although the specification refuses it: real content needs it.

/// A tolerance, by name. `docs/deviations.md` lists each with its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// `cmi.suspend_data` is kept up to 1,048,576 characters, and `cmi.comments` of 1.2 up to 65,536. Courses of
    /// the large authoring tools write more than the 4,096 of 1.2, and most LMSs took it.
    TextBeyondLimit,
    /// 2004: a session that ended without Terminate is resumed, as if it had left `suspend` behind.
    /// Its window was closed; the learner wants to go on where they were.
    ResumeWithoutTerminate,
    /// Both: identifiers may hold blanks and line breaks. Content makes them of its own titles.
    BlanksInIdentifiers,
    /// 2004: a time may name its zone without a fraction of a second, and have more decimals than two.
    /// That is what JavaScript's own dates print.
    ZoneWithoutFraction,
    /// Both: a session time is taken in any form that can only mean one length.
    AnyFormOfSessionTime,
    /// 1.2: after LMSFinish, values are still read and kept, and Commit and Finish answer true. Content
    /// finishes in one handler of its page's end and saves in the next.
    CallsAfterFinish,
    /// 2004: identifiers, and responses made of them, may hold brackets and braces (1.2 allows them). Content makes
    /// them of question texts and of GUIDs.
    BracketsInIdentifiers,
    /// 2004: one number as the correct response of a numeric interaction, which means that number alone. Courses
    /// send it instead of the range `42[:]42`.
    NumberAsRange,
    /// Both: after a record that was refused, the one with the next number may be set. Content that counts its
    /// records itself goes on with the next number and would lose all that follow.
    GapAfterRefusal,
    /// Both: numbers may have an exponent, `1e-7`, which is how JavaScript prints small and large ones.
    ExponentInNumbers,
}

/// Which tolerances are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks(u16);

impl Quirks {
    /// Every one: what real content needs.
    pub const ALL: Quirks = Quirks(u16::MAX);
    /// None: the specification to the letter.
    pub const NONE: Quirks = Quirks(0);

    /// Whether this one is given.
    pub const fn has(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u8) != 0
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, quirk: Quirk) -> Quirks {
        Quirks(self.0 & !(1 << quirk as u8))
    }

    /// All or none.
    pub const fn is_strict(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Quirk::*;
    use super::*;

    #[test]
    fn every_quirk_is_documented_and_none_else() {
        let all = [
            TextBeyondLimit,
            ResumeWithoutTerminate,
            BlanksInIdentifiers,
            ZoneWithoutFraction,
            AnyFormOfSessionTime,
            CallsAfterFinish,
            BracketsInIdentifiers,
            NumberAsRange,
            GapAfterRefusal,
            ExponentInNumbers,
        ];
        let table = include_str!("../../../docs/deviations.md");
        let rows = table.lines().filter_map(|it| it.strip_prefix("| `")?.split('`').next());
        // The table of quirks names nothing in capitals but them.
        let mut rows: Vec<_> =
            rows.filter(|it| it.starts_with(char::is_uppercase)).map(str::to_owned).collect();
        let mut named: Vec<_> = all.iter().map(|it| format!("{it:?}")).collect();
        rows.sort();
        named.sort();
        assert_eq!(rows, named);
        for (n, quirk) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|it| Quirks::ALL.without(*quirk).has(*it)), "{quirk:?}");
        }
    }
}
