//! Who sees which learners.

/// What somebody sees of a tenant's learners; the rest is not there for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of them.
    Tenant,
    /// Those that are in one of these groups.
    Groups(Vec<String>),
    /// One, by our id.
    Learner(String),
}

impl Sight {
    /// Whom a report is narrowed to that names a learner, or none, by our id; outside, none where it is nobody who is seen.
    pub(crate) fn narrowed(&self, named: Option<String>) -> Option<Option<String>> {
        match (self, named) {
            (Sight::Learner(own), None) => Some(Some(own.clone())),
            (Sight::Learner(own), Some(named)) => (*own == named).then_some(Some(named)),
            (Sight::Tenant | Sight::Groups(_), named) => Some(named),
        }
    }

    /// Whether a learner is seen, by our id, who is in these groups.
    pub(crate) fn sees(&self, learner: &str, groups: &[String]) -> bool {
        match self {
            Sight::Tenant => true,
            Sight::Groups(seen) => groups.iter().any(|it| seen.contains(it)),
            Sight::Learner(own) => own == learner,
        }
    }
}
