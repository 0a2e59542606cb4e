//! A server that parses and verifies commits and keeps none: what handling alone can do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use seattime_server::assets::FolderAssets;
use seattime_server::clock::SystemClock;
use seattime_server::faults::NoFaults;
use seattime_server::limits::Rate;
use seattime_server::secret::ServerKey;
use seattime_server::store::{
    Accounts, Answer, Arrival, BlockedRequests, CourseSettings, History, HistoryKept, JudgedOf, JudgedRows,
    Judging, KeptSettings, Known, Launched, MadeLaunch, Merged, NewLaunch, NewLearner, Opened, Opening,
    PackageLine, PackageReporting, ReportOf, ReportPage, ReportVisit, Reporting, RowKey, Sight, Store,
    StoredPackage, TenantSettings, VerifiedRows, VisitsOf,
};
use seattime_server::token::VisitClaims;
use seattime_server::{App, Config, World, serve_as};
use seattime_wire::{Policy, Receipt, ValuePart};

use crate::measure::API_KEY;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything else is kept in.
    #[arg(long)]
    data: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let mut config = Config::local(arguments.data, API_KEY.to_owned());
    config.limits.commits = Rate::UNBOUNDED;
    let assets = Arc::new(FolderAssets { www: PathBuf::new(), pkg: PathBuf::new() });
    let world = World { clock: Arc::new(SystemClock), faults: Arc::new(NoFaults), vfs: None, assets };
    let keeps_nothing = |app: App| app.with_store(|store| Arc::new(Sink(store)));
    let server = serve_as(config, world, keeps_nothing).await?;
    println!("listening http://{}", server.address);
    println!("running http://{}", server.run_address);
    std::future::pending().await
}

/// A store that acknowledges commits and drops them; all else it hands on.
struct Sink(Arc<dyn Store>);

impl Store for Sink {
    fn merge(&self, arrival: Arrival) -> Answer<'_, Merged> {
        let receipt = Receipt {
            acked: arrival.commit.seq,
            server_ms: arrival.received_ms,
            token: None,
            refused: Vec::new(),
            heartbeat_ms: arrival.policy.heartbeat_ms,
            need_full: false,
        };
        Box::pin(std::future::ready(Ok(Merged { receipt, is_superseded: false, has_news: true })))
    }

    fn put_part(&self, _claims: VisitClaims, _part: ValuePart) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn blocked(&self) -> &dyn BlockedRequests {
        self.0.blocked()
    }

    fn server_key(&self) -> Answer<'_, ServerKey> {
        self.0.server_key()
    }

    fn latest_ms(&self) -> Answer<'_, i64> {
        self.0.latest_ms()
    }

    fn enrol(&self, tenant: &str, learner: NewLearner, course: &str, now_ms: i64) -> Answer<'_, ()> {
        self.0.enrol(tenant, learner, course, now_ms)
    }

    fn unenrol(&self, tenant: &str, lms_id: &str, course: &str) -> Answer<'_, ()> {
        self.0.unenrol(tenant, lms_id, course)
    }

    fn keep_history(&self, tenant: &str, rows: Vec<History>, now_ms: i64) -> Answer<'_, Vec<HistoryKept>> {
        self.0.keep_history(tenant, rows, now_ms)
    }

    fn launched(&self, tenant: &str, lms_id: &str, launch: &str) -> Answer<'_, Launched> {
        self.0.launched(tenant, lms_id, launch)
    }

    fn put_key(&self, tenant: &str, key_hash: &str, now_ms: i64) -> Answer<'_, ()> {
        self.0.put_key(tenant, key_hash, now_ms)
    }

    fn accounts(&self) -> &dyn Accounts {
        self.0.accounts()
    }

    fn put_package(&self, tenant: &str, package: StoredPackage, now_ms: i64) -> Answer<'_, ()> {
        self.0.put_package(tenant, package, now_ms)
    }

    fn packages(&self, tenant: &str) -> Answer<'_, Vec<PackageLine>> {
        self.0.packages(tenant)
    }

    fn reporting(&self, tenant: &str) -> Answer<'_, BTreeMap<String, Reporting>> {
        self.0.reporting(tenant)
    }

    fn package_reporting(&self, tenant: &str, topic: &str, now_ms: i64) -> Answer<'_, PackageReporting> {
        self.0.package_reporting(tenant, topic, now_ms)
    }

    fn course(&self, tenant: &str, course: &str) -> Answer<'_, KeptSettings> {
        self.0.course(tenant, course)
    }

    fn put_course(
        &self,
        tenant: &str,
        course: &str,
        settings: CourseSettings,
        known: Known,
        now_ms: i64,
    ) -> Answer<'_, KeptSettings> {
        self.0.put_course(tenant, course, settings, known, now_ms)
    }

    fn tenant(&self, tenant: &str) -> Answer<'_, TenantSettings> {
        self.0.tenant(tenant)
    }

    fn put_tenant(
        &self,
        tenant: &str,
        name: Option<String>,
        zone: String,
        known: Known,
    ) -> Answer<'_, TenantSettings> {
        self.0.put_tenant(tenant, name, zone, known)
    }

    fn file(&self, package: &str, path: &str) -> Answer<'_, Option<(u64, u64)>> {
        self.0.file(package, path)
    }

    fn launch(&self, tenant: &str, launch: NewLaunch, now_ms: i64) -> Answer<'_, MadeLaunch> {
        self.0.launch(tenant, launch, now_ms)
    }

    fn open_visit(&self, opening: Opening, policy: Policy, now_ms: i64) -> Answer<'_, Opened> {
        self.0.open_visit(opening, policy, now_ms)
    }

    fn make_again(&self, claims: VisitClaims, now_ms: i64) -> Answer<'_, VisitClaims> {
        self.0.make_again(claims, now_ms)
    }

    fn close_silent(&self, now_ms: i64, silence_ms: i64) -> Answer<'_, usize> {
        self.0.close_silent(now_ms, silence_ms)
    }

    fn renew_standings(&self, most: usize, now_ms: i64) -> Answer<'_, usize> {
        self.0.renew_standings(most, now_ms)
    }

    fn judge(
        &self,
        tenant: &str,
        of: JudgedOf,
        judging: Judging,
        after: RowKey,
        most: usize,
    ) -> Answer<'_, JudgedRows> {
        self.0.judge(tenant, of, judging, after, most)
    }

    fn verify(&self, tenant: Option<&str>, after: RowKey, most: usize) -> Answer<'_, VerifiedRows> {
        self.0.verify(tenant, after, most)
    }

    fn report(&self, tenant: &str, sight: Sight, of: ReportOf, now_ms: i64) -> Answer<'_, ReportPage> {
        self.0.report(tenant, sight, of, now_ms)
    }

    fn visits(&self, tenant: &str, sight: Sight, of: VisitsOf) -> Answer<'_, Vec<ReportVisit>> {
        self.0.visits(tenant, sight, of)
    }
}
