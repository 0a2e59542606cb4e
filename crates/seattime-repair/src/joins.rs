//! How the LMS's tables hang together, as SQL: `t` is a topic's row, `e` an enrolment, `a` an attempt.

use crate::lms::Statement;
use crate::map::{Map, Step};

/// One row of a path: its table, and its alias.
type Node<'a> = (&'a str, String);

/// The rows on the way from one table to another, and which columns of neighbours are equal.
struct Path<'a> {
    nodes: Vec<Node<'a>>,
    steps: &'a [Step],
}

impl<'a> Path<'a> {
    fn new(from: (&'a str, &str), steps: &'a [Step], to: (&'a str, &str)) -> Path<'a> {
        let between = steps
            .iter()
            .enumerate()
            .filter_map(|(n, step)| step.table.as_deref().map(|it| (it, format!("{}{}{n}", from.1, to.1))));
        let nodes = [(from.0, from.1.to_owned())].into_iter().chain(between);
        Path { nodes: nodes.chain([(to.0, to.1.to_owned())]).collect(), steps }
    }

    fn enrolment_to_topic(map: &'a Map) -> Path<'a> {
        Path::new((&map.enrolments.table, "e"), &map.joins.enrolment_to_topic, (&map.topics.table, "t"))
    }

    fn attempt_to_enrolment(map: &'a Map) -> Path<'a> {
        Path::new((&map.attempts.table, "a"), &map.joins.attempt_to_enrolment, (&map.enrolments.table, "e"))
    }

    /// Joins everything on the way, from its start.
    fn forward<'s>(&self, mut statement: Statement<'s>, join: &str) -> Statement<'s> {
        for (pair, step) in self.nodes.windows(2).zip(self.steps) {
            if let [left, right] = pair {
                statement = statement.say(join).table(right.0, &right.1);
                statement = equal(statement, left, right, step);
            }
        }
        statement
    }

    /// Joins everything on the way, from its end.
    fn backward<'s>(&self, mut statement: Statement<'s>, join: &str) -> Statement<'s> {
        for (pair, step) in self.nodes.windows(2).zip(self.steps).rev() {
            if let [left, right] = pair {
                statement = statement.say(join).table(left.0, &left.1);
                statement = equal(statement, left, right, step);
            }
        }
        statement
    }
}

fn equal<'s>(statement: Statement<'s>, left: &Node<'_>, right: &Node<'_>, step: &Step) -> Statement<'s> {
    step.on.iter().enumerate().fold(statement, |it, (n, (of_left, of_right))| match n {
        0 => it.say(" ON ").column(&left.1, of_left).say(" = ").column(&right.1, of_right),
        _ => it.say(" AND ").column_beside(&left.1, of_left).say(" = ").column_beside(&right.1, of_right),
    })
}

/// ` FROM` topics, with their enrolments.
pub(crate) fn topics_with_enrolments<'s>(statement: Statement<'s>, map: &Map) -> Statement<'s> {
    let statement = statement.say(" FROM ").table(&map.topics.table, "t");
    Path::enrolment_to_topic(map).backward(statement, " JOIN ")
}

/// ` FROM` topics, with their enrolments, and the attempts of those that have any.
pub(crate) fn topics_with_attempts<'s>(statement: Statement<'s>, map: &Map) -> Statement<'s> {
    let statement = topics_with_enrolments(statement, map);
    Path::attempt_to_enrolment(map).backward(statement, " LEFT JOIN ")
}

/// ` FROM` attempts, with the enrolments and topics of those that have any.
pub(crate) fn attempts_with_topics<'s>(statement: Statement<'s>, map: &Map) -> Statement<'s> {
    let statement = statement.say(" FROM ").table(&map.attempts.table, "a");
    let statement = Path::attempt_to_enrolment(map).forward(statement, " LEFT JOIN ");
    Path::enrolment_to_topic(map).forward(statement, " LEFT JOIN ")
}

/// ` FROM` enrolments, with the topics of those that have any.
pub(crate) fn enrolments_with_topics<'s>(statement: Statement<'s>, map: &Map) -> Statement<'s> {
    let statement = statement.say(" FROM ").table(&map.enrolments.table, "e");
    Path::enrolment_to_topic(map).forward(statement, " LEFT JOIN ")
}

/// Whose change is asked for with `--since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Enrolment,
    Attempt,
}

/// Whether an enrolment of the topic `t`, or an attempt of one, was changed since.
pub(crate) fn has_changed<'s>(
    statement: Statement<'s>,
    map: &Map,
    whose: Changed,
    since: &str,
) -> Statement<'s> {
    let enrolments = Path::enrolment_to_topic(map);
    let Some((last, rest)) = enrolments.nodes.split_last() else { return statement };
    let Some((nearest, others)) = rest.split_last() else { return statement };
    // The row next to the topic is what is looked for; what is behind it is joined.
    let mut statement = statement.say("EXISTS (SELECT 1 FROM ").table(nearest.0, &nearest.1);
    let behind = Path { nodes: others.iter().chain([nearest]).cloned().collect(), steps: steps_behind(map) };
    statement = behind.backward(statement, " JOIN ");
    if whose == Changed::Attempt {
        statement = Path::attempt_to_enrolment(map).backward(statement, " JOIN ");
    }
    statement = statement.say(" WHERE ");
    for (n, (of_left, of_right)) in
        map.joins.enrolment_to_topic.last().iter().flat_map(|it| &it.on).enumerate()
    {
        statement = match n {
            0 => statement.column(&nearest.1, of_left).say(" = ").column(&last.1, of_right),
            _ => {
                statement.say(" AND ").column_beside(&nearest.1, of_left).say(" = ").column(&last.1, of_right)
            }
        };
    }
    let (table, alias, column) = match whose {
        Changed::Enrolment => (&map.enrolments.table, "e", &map.enrolments.changed),
        Changed::Attempt => (&map.attempts.table, "a", &map.attempts.changed),
    };
    statement.say(" AND ").column(alias, column).say(" >= ").moment(table, column, since).say(")")
}

/// The steps from an enrolment to the row next to the topic.
fn steps_behind(map: &Map) -> &[Step] {
    map.joins.enrolment_to_topic.split_last().map_or(&[], |it| it.1)
}
