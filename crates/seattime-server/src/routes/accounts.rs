//! Who logs in: trainers and administrators; and who is looking.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::reports::unkept;
use super::sent::{Changing, Sent};
use super::tenants::versioned;
use crate::access::{Caller, Tenant, Who};
use crate::accounts::{check_name, check_password, password_kept};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::store::accounts::account_name;
use crate::store::{Account, AccountChange, Role, Scope};

/// Who is looking.
#[derive(Debug, Serialize)]
pub(crate) struct Me {
    role: &'static str,
    name: String,
    tenant: String,
    /// Whose learners they see, if not everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<BTreeSet<String>>,
    /// What a key may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<BTreeSet<Scope>>,
}

impl Me {
    /// A caller, as they are told.
    pub(crate) async fn of(app: &App, caller: &Caller) -> Result<Me, Problem> {
        let tenant = caller.tenant.clone();
        let (role, name, groups, scopes) = match &caller.who {
            Who::Account(it) => {
                let role = if it.role == Role::Admin { "admin" } else { "trainer" };
                (role, it.name.clone(), it.groups.clone(), None)
            }
            Who::Key(it) => ("key", it.name.clone(), None, Some(it.scopes.clone())),
            Who::Learner(id) => {
                let name = app.store.accounts().learner_name(&tenant, id).await?;
                ("learner", name.unwrap_or_default(), None, None)
            }
        };
        Ok(Me { role, name, tenant, groups, scopes })
    }
}

/// An account that is made or changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRequest {
    /// Where it is made: by which they log in.
    #[serde(default)]
    name: Option<String>,
    role: Role,
    /// Of a trainer: whose learners they see; everybody's, if left out.
    #[serde(default)]
    groups: Option<BTreeSet<String>>,
    /// To log in with. Left out, there is none where an account is made, and the old one stays where it is changed.
    #[serde(default)]
    password: Option<String>,
}

/// The accounts of a tenant.
#[derive(Debug, Serialize)]
struct Accounts {
    accounts: Vec<Account>,
}

/// Who is looking: `GET /api/v1/me`, with whatever tells that.
///
/// # Errors
///
/// 401 where nothing does.
pub(crate) async fn get_me(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(unkept(Me::of(&app, &caller).await?))
}

/// The accounts: `GET /api/v1/accounts`, for administrators.
pub(crate) async fn get_accounts(
    State(app): State<App>,
    Tenant(tenant): Tenant,
) -> Result<Response, Problem> {
    Ok(unkept(Accounts { accounts: app.store.accounts().accounts(&tenant).await? }))
}

/// Makes an account: `POST /api/v1/accounts`, for administrators.
///
/// # Errors
///
/// 400 `bad_json`; 409 `name_taken`; 422 `bad_account`.
pub(crate) async fn post_account(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    let mut request: AccountRequest = body.json()?;
    let name = account_name(&request.name.take().unwrap_or_default());
    check_name(&name).map_err(bad)?;
    let wanted = change(&app, request).await?;
    let account = app.store.accounts().put_account(&tenant, &name, wanted, app.now_ms().await).await?;
    Ok((StatusCode::CREATED, told(account)).into_response())
}

/// An account: `GET /api/v1/accounts/{name}`, for administrators. Its version is the answer's `ETag`.
///
/// # Errors
///
/// 404 `not_found`.
pub(crate) async fn get_account(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let found = app.store.accounts().account(&account_name(&name)).await?.map(|it| it.0);
    let own = found.filter(|it| it.tenant == tenant);
    Ok(told(own.ok_or_else(|| Problem::not_found("account"))?))
}

/// Changes an account: `PUT /api/v1/accounts/{name}`, for administrators, with the version that was read in `If-Match`.
/// Another password ends whatever was opened with the old one.
///
/// # Errors
///
/// 400 `bad_json`; 404 `not_found`; 409 `own_account`; 412 `precondition_failed`; 422 `bad_account`; 428
/// `precondition_required`.
pub(crate) async fn put_account(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Changing(known): Changing,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    let request: AccountRequest = body.json()?;
    let name = account_name(&name);
    if request.name.as_ref().is_some_and(|it| account_name(it) != name) {
        return Err(bad("an account keeps its name; make another one".to_owned()));
    }
    if request.role != Role::Admin {
        check_other(&caller, &name)?;
    }
    let wanted = change(&app, request).await?;
    Ok(told(app.store.accounts().change_account(&caller.tenant, &name, known, wanted).await?))
}

/// Deletes an account: `DELETE /api/v1/accounts/{name}`, for administrators, with the version that was read in `If-Match`.
///
/// # Errors
///
/// 404 `not_found`; 409 `own_account`; 412 `precondition_failed`; 428 `precondition_required`.
pub(crate) async fn delete_account(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Changing(known): Changing,
) -> Result<StatusCode, Problem> {
    let name = account_name(&name);
    check_other(&caller, &name)?;
    app.store.accounts().delete_account(&caller.tenant, &name, known).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody takes their own powers: there might be nobody left who could give them back.
fn check_other(caller: &Caller, name: &str) -> Result<(), Problem> {
    match &caller.who {
        Who::Account(own) if own.name == name => {
            let detail = "this is your own account; ask another administrator to take it back";
            Err(Problem::new(StatusCode::CONFLICT, "own_account", detail))
        }
        _ => Ok(()),
    }
}

/// What is asked for, its password as it is kept.
async fn change(app: &App, request: AccountRequest) -> Result<AccountChange, Problem> {
    let AccountRequest { role, groups, password, .. } = request;
    if role == Role::Admin && groups.is_some() {
        return Err(bad(
            "administrators see everybody; leave the groups out, or make it a trainer".to_owned()
        ));
    }
    for group in groups.iter().flatten() {
        check_name(group).map_err(bad)?;
    }
    let Some(password) = password else { return Ok(AccountChange { role, groups, password: None }) };
    check_password(&password).map_err(bad)?;
    let permit = app.hashing.acquire().await.map_err(|_| Problem::internal())?;
    let kept = tokio::task::spawn_blocking(move || password_kept(&password)).await;
    drop(permit);
    let password = Some(kept.map_err(|_| Problem::internal())??);
    Ok(AccountChange { role, groups, password })
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_account", detail)
}

/// An account with its version.
fn told(account: Account) -> Response {
    versioned(account.version, account)
}
