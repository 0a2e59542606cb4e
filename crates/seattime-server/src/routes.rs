//! One file a resource, and all routes in one table: which face answers an address, and who may ask.

pub(crate) mod accounts;
mod asking;
pub(crate) mod blocked;
pub(crate) mod cells;
pub(crate) mod commits;
pub(crate) mod content;
pub(crate) mod content_policy;
pub(crate) mod courses;
pub(crate) mod demo;
pub(crate) mod enrolments;
pub(crate) mod exports;
pub(crate) mod form;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod launches;
pub(crate) mod login;
pub(crate) mod media;
pub(crate) mod packages;
pub(crate) mod pages;
pub(crate) mod progress;
pub(crate) mod reports;
pub(crate) mod sent;
pub(crate) mod tenants;
pub(crate) mod viewer;
pub(crate) mod visits;
pub(crate) mod weeks;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::access::Access::{self, Admin, Key, Known, Open, Reader, Staff, Token};
use crate::access::Face::{self, App as AppFace, Both, Run};
use crate::access::enforce;
use crate::app::App;
use crate::store::Scope;

/// An address with a method, and what is declared of it.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The address, as axum writes it.
    pub path: &'static str,
    /// Which face answers it.
    pub face: Face,
    /// Who may ask.
    pub access: Access,
    handler: fn(MethodFilter) -> MethodRouter<App>,
}

const fn row(
    method: Method,
    path: &'static str,
    face: Face,
    access: Access,
    handler: fn(MethodFilter) -> MethodRouter<App>,
) -> Route {
    Route { method, path, face, access, handler }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

const LAUNCH: Access = Key(&[Scope::Launch]);
const IMPORT: Access = Key(&[Scope::Import]);
/// A launch tells such a link, too.
const LINK: Access = Key(&[Scope::Launch, Scope::Report]);
const REPORT: Access = Key(&[Scope::Report]);

/// Where nearly all requests go; the front hands them to their handler itself.
pub(crate) const COMMITS: &str = "/run/v1/commits";

/// Every address there is. `tests/routes.rs` walks them: one that is not told there what a stranger gets fails it.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    //  method  path                                   face     access  handler
    row(GET,    "/livez",                              Both,    Open,   |it| on(it, health::get_life)),
    row(GET,    "/readyz",                             Both,    Open,   |it| on(it, health::get_readiness)),
    row(GET,    "/shared/{file}",                      Both,    Open,   |it| on(it, pages::get_file)),

    row(GET,    "/player",                             Run,     Open,   |it| on(it, pages::get_player)),
    row(GET,    "/player/",                            Run,     Open,   |it| on(it, pages::get_file)),
    row(GET,    "/player/report",                      Run,     Open,   |it| on(it, pages::get_report)),
    row(GET,    "/player/{file}",                      Run,     Open,   |it| on(it, pages::get_file)),
    row(GET,    "/pkg/{file}",                         Run,     Open,   |it| on(it, pages::get_file)),
    row(GET,    "/pkg/pdf/{file}",                     Run,     Open,   |it| on(it, pages::get_file)),
    row(GET,    "/pdf/{file}",                         Run,     Open,   |it| on(it, pages::get_file)),
    row(GET,    "/content/{grant}/{package}/{*path}",  Run,     Token,  |it| on(it, content::get_file)),
    row(POST,   "/run/v1/visits",                      Run,     Token,  |it| on(it, visits::post_visit)),
    row(POST,   COMMITS,                               Run,     Token,  |it| on(it, commits::post_commit)),
    row(POST,   "/run/v1/blocked/{grant}/{package}",   Run,     Token,  |it| on(it, blocked::post_blocked)),
    row(POST,   "/run/v1/parts",                       Run,     Token,  |it| on(it, commits::post_part)),

    row(GET,    "/",                                   AppFace, Open,   |it| on(it, demo::get_start)),
    row(POST,   "/demo/launches",                      AppFace, Open,   |it| on(it, demo::post_launch)),
    row(GET,    "/demo/report",                        AppFace, Open,   |it| on(it, demo::get_report)),
    row(GET,    "/login",                              AppFace, Open,   |it| on(it, pages::get_login)),
    row(GET,    "/login/",                             AppFace, Open,   |it| on(it, pages::get_file)),
    row(GET,    "/login/{file}",                       AppFace, Open,   |it| on(it, pages::get_file)),
    row(POST,   "/login",                              AppFace, Open,   |it| on(it, login::post_login)),
    row(POST,   "/logout",                             AppFace, Open,   |it| on(it, login::post_logout)),
    row(GET,    "/admin",                              AppFace, Open,   |it| on(it, pages::get_admin)),
    row(GET,    "/admin/",                             AppFace, Open,   |it| on(it, pages::get_file)),
    row(GET,    "/admin/{file}",                       AppFace, Open,   |it| on(it, pages::get_file)),
    row(GET,    "/reports/my-learning",                AppFace, Open,   |it| on(it, pages::get_my_learning)),
    row(GET,    "/report/{file}",                      AppFace, Open,   |it| on(it, pages::get_file)),
    row(GET,    "/packages",                           AppFace, Open,   |it| on(it, pages::get_packages)),
    row(GET,    "/packages/",                          AppFace, Open,   |it| on(it, pages::get_file)),
    row(GET,    "/packages/{file}",                    AppFace, Open,   |it| on(it, pages::get_file)),
    row(POST,   "/api/v1/launches",                    AppFace, LAUNCH, |it| on(it, launches::post_launch)),
    row(POST,   "/api/v1/enrolments",                  AppFace, LAUNCH, |it| on(it, enrolments::post_enrolment)),
    row(DELETE, "/api/v1/enrolments",                  AppFace, LAUNCH, |it| on(it, enrolments::delete_enrolment)),
    row(GET,    "/api/v1/report",                      AppFace, Reader, |it| on(it, reports::get_report)),
    row(GET,    "/api/v1/report/visits",               AppFace, Reader, |it| on(it, reports::get_visits)),
    row(GET,    "/api/v1/report/weeks",                AppFace, Reader, |it| on(it, weeks::get_weeks)),
    row(GET,    "/api/v1/report/export",               AppFace, Reader, |it| on(it, exports::get_export)),
    row(POST,   "/api/v1/reports/links",               AppFace, LINK,   |it| on(it, reports::post_link)),
    row(GET,    "/api/v1/me",                          AppFace, Known,  |it| on(it, accounts::get_me)),
    row(POST,   "/api/v1/progress/{kind}",             AppFace, LAUNCH, |it| on(it, progress::post_progress)),
    row(POST,   "/api/v1/media",                       AppFace, IMPORT, |it| on(it, media::post_media)),
    row(POST,   "/api/v1/packages",                    AppFace, IMPORT, |it| on(it, packages::post_package)),
    row(GET,    "/api/v1/packages",                    AppFace, Staff,  |it| on(it, packages::get_packages)),
    row(GET,    "/api/v1/packages/{topic}",            AppFace, REPORT, |it| on(it, packages::get_package)),
    row(GET,    "/api/v1/courses/{course}",            AppFace, REPORT, |it| on(it, courses::get_course)),
    row(PUT,    "/api/v1/courses/{course}",            AppFace, Admin,  |it| on(it, courses::put_course)),
    row(DELETE, "/api/v1/courses/{course}",            AppFace, Admin,  |it| on(it, courses::delete_course)),
    row(GET,    "/api/v1/tenant",                      AppFace, Staff,  |it| on(it, tenants::get_tenant)),
    row(PUT,    "/api/v1/tenant",                      AppFace, Admin,  |it| on(it, tenants::put_tenant)),
    row(GET,    "/api/v1/keys",                        AppFace, Admin,  |it| on(it, keys::get_keys)),
    row(POST,   "/api/v1/keys",                        AppFace, Admin,  |it| on(it, keys::post_key)),
    row(DELETE, "/api/v1/keys/{id}",                   AppFace, Admin,  |it| on(it, keys::delete_key)),
    row(POST,   "/api/v1/keys/{id}/rotate",            AppFace, Admin,  |it| on(it, keys::rotate_key)),
    row(GET,    "/api/v1/accounts",                    AppFace, Admin,  |it| on(it, accounts::get_accounts)),
    row(POST,   "/api/v1/accounts",                    AppFace, Admin,  |it| on(it, accounts::post_account)),
    row(GET,    "/api/v1/accounts/{name}",             AppFace, Admin,  |it| on(it, accounts::get_account)),
    row(PUT,    "/api/v1/accounts/{name}",             AppFace, Admin,  |it| on(it, accounts::put_account)),
    row(DELETE, "/api/v1/accounts/{name}",             AppFace, Admin,  |it| on(it, accounts::delete_account)),
];

/// The routes of one face, each behind what it declares.
pub(crate) fn routed(app: &App, shown: Face) -> Router<App> {
    let mut routed = Router::new();
    for Route { method, path, access, handler, .. } in shown_by(shown) {
        let Ok(filter) = MethodFilter::try_from(method.clone()) else { continue };
        let mut answered = handler(filter);
        if access.is_enforced() {
            answered = answered.layer(from_fn_with_state((app.clone(), *access), enforce));
        }
        routed = routed.route(path, answered);
    }
    routed
}

/// The paths of one face, as requests are matched against them.
pub(crate) fn names(shown: Face) -> matchit::Router<&'static str> {
    let mut names = matchit::Router::new();
    for Route { path, .. } in shown_by(shown) {
        // Of several methods, the first one brings the path.
        let _ = names.insert(*path, *path);
    }
    names
}

fn shown_by(face: Face) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |it| it.face == face || it.face == Both)
}
