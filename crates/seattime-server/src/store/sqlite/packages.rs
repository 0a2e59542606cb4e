//! Packages in SQLite.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use seattime_package::folded;
use seattime_wire::SessionKind;

use super::desk::Desk;
use super::sql_here as sql;
use crate::store::habits::FIGURES;
use crate::store::imported::{FileRow, only};
use crate::store::rows::{PackageRow, meaning, word};
use crate::store::{
    ActivityRules, ImportFindings, PackageLine, PackageReporting, Reporting, StoreError, StoredActivity,
    StoredPackage,
};

pub(super) fn put(
    desk: &mut Desk<'_>,
    tenant: &str,
    package: &StoredPackage,
    now_ms: i64,
) -> Result<(), StoreError> {
    let db = desk.db;
    desk.memory.forget(); // What attempts remember of it may be another course's.
    let (api, edition, shares) = (word(&package.api)?, package.edition, package.shares_with_all);
    let warnings = serde_json::to_string(&package.findings.warnings)?;
    let hosts = serde_json::to_string(&package.findings.hosts)?;
    // What an LMS kept of it before it was there is shown in its course from now on.
    db.prepare_cached(sql!("stale_history"))?.execute((tenant, &package.id))?;
    db.prepare_cached(sql!("file_history"))?.execute((tenant, &package.id, &package.course))?;
    db.prepare_cached(sql!("stale_history"))?.execute((tenant, &package.id))?;
    let row = params![
        tenant,
        package.id,
        package.title,
        package.course,
        api,
        edition,
        shares,
        warnings,
        hosts,
        now_ms,
    ];
    db.prepare_cached(sql!("put_package"))?.execute(row)?;
    for (position, it) in (0_i64..).zip(&package.activities) {
        let defaults = serde_json::to_string(&it.defaults)?;
        let (objectives, data) = (serde_json::to_string(&it.objectives)?, serde_json::to_string(&it.data)?);
        let (kind, id, rules) = (word(&it.kind)?, &package.id, it.rules.column()?);
        let row = params![
            id,
            position,
            it.id,
            it.title,
            kind,
            it.depth,
            it.href,
            defaults,
            objectives,
            data,
            it.is_visible,
            it.missing_file,
            rules,
        ];
        db.prepare_cached(sql!("put_activity"))?.execute(row)?;
    }
    for FileRow { path, n, size_bytes, folded } in package.file_rows() {
        db.prepare_cached(sql!("put_file"))?.execute((&package.id, path, n, size_bytes, folded))?;
    }
    // Whoever is enrolled in its course has a row of it now; of another one where it was, none any more.
    db.prepare_cached(sql!("stale_topic"))?.execute((tenant, &package.id, &package.course))?;
    Ok(())
}

pub(super) fn list(db: &Connection, tenant: &str) -> Result<Vec<PackageLine>, StoreError> {
    let mut query = db.prepare_cached(sql!("packages"))?;
    let rows = query
        .query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(topic, title, course, api)| Ok(PackageLine { topic, title, course, api: meaning(api)? }))
        .collect()
}

/// How each package of a tenant reports its time, by the topic's id.
pub(super) fn reporting(db: &Connection, tenant: &str) -> Result<BTreeMap<String, Reporting>, StoreError> {
    let mut query = db.prepare_cached(sql!("reporting"))?;
    let found = query.query_map([tenant], reported)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How a package reports its time, and each of its activities.
pub(super) fn package_reporting(
    db: &Connection,
    tenant: &str,
    topic: &str,
) -> Result<PackageReporting, StoreError> {
    let package = find(db, tenant, topic)?.ok_or(StoreError::NotFound("topic"))?;
    let mut query = db.prepare_cached(sql!("reporting_of_package"))?;
    let known = query.query_map((tenant, topic), reported)?.collect::<Result<_, _>>()?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let (warnings, hosts) = db.prepare_cached(sql!("package_findings"))?.query_row((tenant, topic), read)?;
    let findings =
        ImportFindings { warnings: serde_json::from_str(&warnings)?, hosts: serde_json::from_str(&hosts)? };
    Ok(PackageReporting::of(topic, (package, findings), activities(db, topic)?, known))
}

/// Number and length of a file: by its path, else by the only path that is equal but for case and normal form.
pub(super) fn file(db: &Connection, package: &str, path: &str) -> Result<Option<(u64, u64)>, StoreError> {
    let read =
        |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()));
    let exact = db.prepare_cached(sql!("file"))?.query_row((package, path), read).optional()?;
    if exact.is_some() {
        return Ok(exact);
    }
    let mut query = db.prepare_cached(sql!("file_folded"))?;
    let found = query.query_map((package, folded(path)), read)?.collect::<Result<Vec<_>, _>>()?;
    Ok(only(&found))
}

/// A name, and what is counted of it.
pub(super) fn reported(row: &Row<'_>) -> rusqlite::Result<(String, Reporting)> {
    let mut figures = [0; FIGURES];
    for (n, figure) in (1..).zip(&mut figures) {
        *figure = row.get(n)?;
    }
    Ok((row.get(0)?, Reporting::of(figures)))
}

pub(super) fn find(db: &Connection, tenant: &str, id: &str) -> Result<Option<PackageRow>, StoreError> {
    let found = db
        .prepare_cached(sql!("package"))?
        .query_row((tenant, id), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let package = |(title, course, api, edition, shares_with_all)| {
        Ok(PackageRow { title, course, api: meaning(api)?, edition, shares_with_all })
    };
    found.map(package).transpose()
}

pub(super) fn activities(db: &Connection, package: &str) -> Result<Vec<StoredActivity>, StoreError> {
    let mut query = db.prepare_cached(sql!("activities"))?;
    let rows = query
        .query_map([package], |row| {
            let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let lists: (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
            Ok((
                texts,
                row.get(3)?,
                row.get(4)?,
                lists,
                (row.get(8)?, row.get(9)?, row.get::<_, Option<String>>(10)?),
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(
            |(
                (id, title, kind),
                depth,
                href,
                (defaults, objectives, data),
                (is_visible, missing_file, rules),
            )| {
                let kind: SessionKind = meaning(kind)?;
                Ok(StoredActivity {
                    id,
                    title,
                    kind,
                    depth,
                    href,
                    defaults: serde_json::from_str(&defaults)?,
                    objectives: serde_json::from_str(&objectives)?,
                    data: serde_json::from_str(&data)?,
                    rules: ActivityRules::of(rules)?,
                    is_visible,
                    missing_file,
                })
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test]
    async fn how_a_package_reports_is_found_by_its_own_rows_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seattime.db");
        drop(SqliteStore::open(&path, None).unwrap());
        let db = Connection::open(&path).unwrap();
        let plan = |query: &str, fields: &[&str]| {
            let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let steps =
                query.query_map(rusqlite::params_from_iter(fields), |row| row.get::<_, String>(3)).unwrap();
            steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
        };
        let own = plan(sql!("reporting_of_package"), &["tenant", "topic"]);
        assert!(
            own.starts_with("SEARCH reporting USING INDEX reporting_of_package (tenant=? AND topic=?)"),
            "{own}"
        );
        let all = plan(sql!("reporting"), &["tenant"]);
        assert!(all.starts_with("SEARCH reporting USING INDEX reporting_of_package (tenant=?)"), "{all}");
        let alike = plan(sql!("file_folded"), &["package", "folded"]);
        let by_index =
            "SEARCH package_file USING COVERING INDEX package_file_folded (package=? AND folded=?)";
        assert!(alike.starts_with(by_index), "{alike}");
        let course = plan(sql!("course_settings"), &["tenant", "course"]);
        assert_eq!(course, "SEARCH course_settings USING PRIMARY KEY (tenant=? AND course=?)");
    }
}
