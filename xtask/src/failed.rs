//! Which tests failed, told from a log: their names with what was wrong, as short as a cut log needs it.

/// So many lines are told of each.
const MOST_LINES: usize = 24;

/// The failed tests in the output of Node's runner (TAP) and of cargo's, each with where it is and its error.
pub(crate) fn failed(log: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        let mut told = Vec::new();
        if let Some(name) = of_tap(line) {
            let mut is_error = false;
            let mut is_of_another = false; // What failed is a test within, which is told itself.
            let margin = line.len() - line.trim_start().len() + 2;
            while let Some(more) = lines.next_if(|it| it.trim_end() != format!("{}...", " ".repeat(margin))) {
                let field = more.get(margin..).filter(|it| !it.starts_with([' ', '-']));
                is_of_another |= field.is_some_and(|it| it == "failureType: 'subtestsFailed'");
                match field.and_then(|it| it.split_once(':')) {
                    Some(("location", place)) => told.insert(0, format!("{name} ({})", place.trim())),
                    Some((key, _)) => is_error = key == "error",
                    None => {}
                }
                if is_error && !more.trim().is_empty() {
                    told.push(more.get(margin..).unwrap_or(more).to_owned());
                }
            }
            if is_of_another {
                continue;
            }
        } else if let Some(name) = line.strip_prefix("---- ").and_then(|it| it.strip_suffix(" ----")) {
            told.push(name.strip_suffix(" stdout").unwrap_or(name).to_owned());
            let is_within = |it: &&str| !it.starts_with("---- ") && *it != "failures:";
            while let Some(more) = lines.next_if(is_within) {
                if !more.trim().is_empty() {
                    told.push(more.to_owned());
                }
            }
        } else {
            continue;
        }
        let left_out = told.len().saturating_sub(MOST_LINES);
        told.truncate(MOST_LINES);
        if left_out > 0 {
            told.push(format!("… and {left_out} lines more"));
        }
        found.push(told.join("\n    "));
    }
    found
}

/// The name of a test that failed; what is yet to be done may fail.
fn of_tap(line: &str) -> Option<&str> {
    let (number, name) = line.trim_start().strip_prefix("not ok ")?.split_once(" - ")?;
    let is_one = number.bytes().all(|it| it.is_ascii_digit());
    (is_one && !name.contains(" # TODO")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_s_failures_are_told_with_their_errors_and_without_what_they_are_part_of() {
        let log = "\
TAP version 13
# Subtest: fine
ok 1 - fine
  ---
  duration_ms: 0.9
  ...
# Subtest: outer
    # Subtest: inner
    not ok 1 - inner
      ---
      duration_ms: 1.6
      location: '/a.test.js:4:71'
      failureType: 'testCodeFailure'
      error: |-
        one is two

        1 !== 2

      code: 'ERR_ASSERTION'
      stack: |-
        TestContext.<anonymous> (file:///a.test.js:4:104)
      ...
    1..1
not ok 2 - outer
  ---
  location: '/a.test.js:4:1'
  failureType: 'subtestsFailed'
  error: '1 subtest failed'
  ...
not ok 3 - later # TODO
  ---
  error: 'x'
  ...
not ok 4 - slow
  ---
  location: '/a.test.js:5:1'
  failureType: 'testTimeoutFailure'
  error: 'test timed out after 50ms'
  code: 'ERR_TEST_FAILURE'
  ...
";
        assert_eq!(
            failed(log),
            [
                "inner ('/a.test.js:4:71')\n    error: |-\n      one is two\n      1 !== 2",
                "slow ('/a.test.js:5:1')\n    error: 'test timed out after 50ms'",
            ]
        );
    }

    #[test]
    fn cargo_s_failures_are_told_once_and_not_at_any_length() {
        let long = "x\n".repeat(50);
        let log = format!(
            "running 3 tests\ntest a ... ok\ntest b::c ... FAILED\n\nfailures:\n\n---- b::c stdout ----\n\n\
             thread 'b::c' panicked at src/b.rs:7:9:\nassertion failed\n\n---- d stdout ----\n{long}\n\n\
             failures:\n    b::c\n    d\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored\n"
        );
        let found = failed(&log);
        assert_eq!(found[0], "b::c\n    thread 'b::c' panicked at src/b.rs:7:9:\n    assertion failed");
        assert!(
            found[1].starts_with("d\n    x\n") && found[1].ends_with("… and 27 lines more"),
            "{}",
            found[1]
        );
        assert_eq!(found.len(), 2);
        assert_eq!(failed("test result: ok. 3 passed; 0 failed\n# fail 0\n"), Vec::<String>::new());
    }
}
