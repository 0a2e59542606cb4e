//! Blocked requests of content: counted by host for one package of one tenant, within a bound.

use super::{NOW_MS, Run};
use crate::store::blocked::{KEPT_MS, MAX_ROWS};

impl Run<'_> {
    async fn add_blocked(&self, package: &str, counts: &[(&str, &str, i64)], now_ms: i64) {
        let counts = counts.iter().map(|it| (it.0.to_owned(), it.1.to_owned(), it.2)).collect();
        self.store().blocked().add_blocked(&self.tenant, package, counts, now_ms).await.unwrap();
    }

    /// Host, directive, count, first and last, as each store answers.
    async fn blocked(&self, package: &str) -> Vec<(String, String, i64, i64, i64)> {
        let mut answers = Vec::new();
        for store in self.stores {
            let rows = store.blocked().blocked_of(&self.tenant, package).await.unwrap();
            answers
                .push(rows.into_iter().map(|it| (it.host, it.directive, it.count, it.first_ms, it.last_ms)));
        }
        let mut answers: Vec<Vec<_>> = answers.into_iter().map(Iterator::collect).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    pub(super) async fn blocked_requests_are_counted_by_host_within_a_bound(&self) {
        let (one, other) = (format!("one {}", self.mark), format!("other {}", self.mark));
        assert_eq!(self.blocked(&one).await, []);
        self.add_blocked(&one, &[("a.example", "img-src", 2), ("b.example", "img-src", 1)], NOW_MS).await;
        self.add_blocked(&one, &[("b.example", "img-src", 4), ("a.example", "font-src", 1)], NOW_MS + 9)
            .await;
        self.add_blocked(&other, &[("c.example", "img-src", 1)], NOW_MS).await;
        let row = |host: &str, directive: &str, count: i64, first: i64, last: i64| {
            (host.to_owned(), directive.to_owned(), count, NOW_MS + first, NOW_MS + last)
        };
        let known = [
            row("b.example", "img-src", 5, 0, 9),
            row("a.example", "img-src", 2, 0, 0),
            row("a.example", "font-src", 1, 9, 9),
        ];
        assert_eq!(self.blocked(&one).await, known);
        assert_eq!(self.blocked(&other).await, [row("c.example", "img-src", 1, 0, 0)]);
        for store in self.stores {
            assert_eq!(store.blocked().blocked_of("somebody else", &one).await, Ok(Vec::new()));
        }

        let many: Vec<String> = (0..MAX_ROWS).map(|n| format!("h{n}.example")).collect();
        let many: Vec<_> = many.iter().map(|it| (it.as_str(), "img-src", 1)).collect();
        self.add_blocked(&one, &many, NOW_MS + 9).await;
        self.add_blocked(&one, &[("b.example", "img-src", 1), ("z.example", "img-src", 9)], NOW_MS + 9).await;
        let full = self.blocked(&one).await;
        assert_eq!(
            (i64::try_from(full.len()).ok(), &full[0]),
            (Some(MAX_ROWS), &row("b.example", "img-src", 6, 0, 9))
        );
        assert!(full.iter().all(|it| it.0 != "z.example"), "there is no room for new ones");

        self.add_blocked(&one, &[("z.example", "img-src", 9)], NOW_MS + 10 + KEPT_MS).await;
        assert_eq!(self.blocked(&one).await.len(), 1, "what was not reported again is forgotten");
        assert_eq!(self.blocked(&other).await.len(), 1);
    }
}
