//! Packages in PostgreSQL.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use seattime_package::folded;
use tokio_postgres::{Client, Row};

use super::failure::Failure;
use super::fields::{Columns, longs, row, rows, run, texts};
use super::reading::{activities, package};
use super::sql_here as sql;
use crate::store::habits::FIGURES;
use crate::store::imported::{FileRow, only};
use crate::store::rows::{meaning, word};
use crate::store::{ImportFindings, PackageLine, PackageReporting, Reporting, StoreError, StoredPackage};

pub(super) async fn put(
    pool: &Pool,
    tenant: &str,
    package: &StoredPackage,
    now_ms: i64,
) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let (api, id) = (word(&package.api)?, &package.id);
    let warnings = serde_json::to_string(&package.findings.warnings)?;
    let hosts = serde_json::to_string(&package.findings.hosts)?;
    let fields = [
        tenant.into(),
        id.into(),
        (&package.title).into(),
        (&package.course).into(),
        (&api).into(),
        package.edition.into(),
        package.shares_with_all.into(),
        (&warnings).into(),
        (&hosts).into(),
        now_ms.into(),
    ];
    // What an LMS kept of it before it was there is shown in its course from now on.
    let topic = [tenant.into(), id.into()];
    run(db, sql!("stale_history"), &topic).await?;
    run(db, sql!("file_history"), &[tenant.into(), id.into(), (&package.course).into()]).await?;
    run(db, sql!("stale_history"), &topic).await?;
    run(db, sql!("put_package"), &fields).await?;
    for (position, it) in (0_i64..).zip(&package.activities) {
        let defaults = serde_json::to_string(&it.defaults)?;
        let (objectives, data) = (serde_json::to_string(&it.objectives)?, serde_json::to_string(&it.data)?);
        let kind = word(&it.kind)?;
        let rules = it.rules.column()?;
        let fields = [
            id.into(),
            position.into(),
            (&it.id).into(),
            (&it.title).into(),
            (&kind).into(),
            it.depth.into(),
            (&it.href).into(),
            (&defaults).into(),
            (&objectives).into(),
            (&data).into(),
            it.is_visible.into(),
            (&it.missing_file).into(),
            (&rules).into(),
        ];
        run(db, sql!("put_activity"), &fields).await?;
    }
    put_files(db, package).await?;
    // Whoever is enrolled in its course has a row of it now; of another one where it was, none any more.
    run(db, sql!("stale_topic"), &[tenant.into(), id.into(), (&package.course).into()]).await?;
    transaction.commit().await?;
    Ok(())
}

async fn put_files(db: &Client, package: &StoredPackage) -> Result<(), Failure> {
    let files: Vec<FileRow<'_>> = package.file_rows().collect();
    let fields = [
        (&package.id).into(),
        texts(files.iter().map(|it| it.path)),
        longs(files.iter().map(|it| it.n)),
        longs(files.iter().map(|it| it.size_bytes)),
        texts(files.iter().map(|it| it.folded.as_str())),
    ];
    run(db, sql!("put_file"), &fields).await?;
    Ok(())
}

pub(super) async fn list(pool: &Pool, tenant: &str) -> Result<Vec<PackageLine>, Failure> {
    let db = pool.get().await?;
    let mut lines = Vec::new();
    for row in &rows(&db, sql!("packages"), &[tenant.into()]).await? {
        let mut it = Columns::of(row);
        let (topic, title, course) = (it.text()?, it.text()?, it.text()?);
        lines.push(PackageLine { topic, title, course, api: meaning(it.text()?)? });
    }
    Ok(lines)
}

/// How each package of a tenant reports its time, by the topic's id.
pub(super) async fn reporting(pool: &Pool, tenant: &str) -> Result<BTreeMap<String, Reporting>, Failure> {
    let db = pool.get().await?;
    let found = rows(&db, sql!("reporting"), &[tenant.into()]).await?;
    Ok(found.iter().map(reported).collect::<Result<_, _>>()?)
}

/// How a package reports its time, and each of its activities.
pub(super) async fn package_reporting(
    pool: &Pool,
    tenant: &str,
    topic: &str,
) -> Result<PackageReporting, Failure> {
    let db = pool.get().await?;
    let found = package(&db, tenant, topic).await?;
    let known = rows(&db, sql!("reporting_of_package"), &[tenant.into(), topic.into()]).await?;
    let known = known.iter().map(reported).collect::<Result<_, _>>()?;
    let findings = row(&db, sql!("package_findings"), &[tenant.into(), topic.into()]).await?;
    let findings = findings.ok_or(StoreError::NotFound("topic"))?;
    let mut it = Columns::of(&findings);
    let findings = ImportFindings {
        warnings: serde_json::from_str(&it.text()?)?,
        hosts: serde_json::from_str(&it.text()?)?,
    };
    Ok(PackageReporting::of(topic, (found, findings), activities(&db, topic).await?, known))
}

/// Number and length of a file: by its path, else by the only path that is equal but for case and normal form.
pub(super) async fn file(pool: &Pool, package: &str, path: &str) -> Result<Option<(u64, u64)>, Failure> {
    let db = pool.get().await?;
    let read = |row: &Row| -> Result<(u64, u64), StoreError> {
        let mut it = Columns::of(row);
        Ok((it.long()?.unsigned_abs(), it.long()?.unsigned_abs()))
    };
    if let Some(found) = row(&db, sql!("file"), &[package.into(), path.into()]).await? {
        return Ok(Some(read(&found)?));
    }
    let folded = folded(path);
    let found = rows(&db, sql!("file_folded"), &[package.into(), (&folded).into()]).await?;
    Ok(only(&found.iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

/// A name, and what is counted of it.
pub(super) fn reported(row: &Row) -> Result<(String, Reporting), StoreError> {
    let mut it = Columns::of(row);
    let name = it.text()?;
    let mut figures = [0; FIGURES];
    for figure in &mut figures {
        *figure = it.long()?;
    }
    Ok((name, Reporting::of(figures)))
}
