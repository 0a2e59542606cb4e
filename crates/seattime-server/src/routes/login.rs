//! Logging in and out: trainers and administrators, with a password.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::accounts::Me;
use super::reports::unkept;
use super::sent::{Client, Sent, read};
use crate::access::{Caller, LOGIN_COOKIE, Who, kept_by_browser};
use crate::accounts::{LONGEST_PASSWORD, is_password, random};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::secret::sha256;
use crate::store::{Account, Role, accounts::account_name};

/// How long a login holds, in s: a working day.
const LOGIN_LIFE_S: i64 = 8 * 3_600;

/// Who logs in.
#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    name: String,
    password: String,
    /// Where to go afterwards: a path of this face.
    #[serde(default)]
    next: String,
}

/// Logs in: `POST /login`, as a form or as JSON. Answers who that is; a form is sent on to `next`.
///
/// # Errors
///
/// 400 `bad_json`, `bad_form`; 401 `login_failed`; 429 `too_many_tries`. A form is sent back to the page instead.
pub(crate) async fn post_login(
    State(app): State<App>,
    Client(client): Client,
    request: Request,
) -> Result<Response, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let is_form = kind.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        let login: Login = Sent::<MAX_BODY_BYTES>::from_request(request, &app).await?.json()?;
        let (account, cookie) = log_in(&app, &client, &login).await?;
        let caller = Caller { tenant: account.tenant.clone(), who: Who::Account(account) };
        let mut response = unkept(Me::of(&app, &caller).await?);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        return Ok(response);
    }
    let login = form(&app, request).await?;
    let (to, cookie) = match log_in(&app, &client, &login).await {
        Ok((account, cookie)) => (after(&login.next, &account).to_owned(), Some(cookie)),
        Err(problem) => (format!("/login/?{}", problem.code()), None),
    };
    let mut response = Redirect::to(&to).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Logs out: `POST /logout`. Whoever was not logged in is told the same.
pub(crate) async fn post_logout(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(kept) = kept_by_browser(&headers) {
        app.store.accounts().log_out(&sha256(kept.as_bytes())).await?;
    }
    let is_page = headers.get(header::ACCEPT).is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    let mut response = if is_page {
        Redirect::to("/login/").into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    };
    response.headers_mut().insert(header::SET_COOKIE, cookie("", 0)?);
    Ok(response)
}

async fn form(app: &App, request: Request) -> Result<Login, Problem> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let body = read(request, MAX_BODY_BYTES, app.config.limits.body, None).await?;
    let read = Form::<Login>::from_request(Request::from_parts(parts, Body::from(body)), app).await;
    let bad = "the form cannot be read; send name and password";
    Ok(read.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_form", bad))?.0)
}

/// The account, and what its browser keeps.
async fn log_in(app: &App, client: &str, login: &Login) -> Result<(Account, HeaderValue), Problem> {
    let now_ms = app.now_ms().await;
    let name = account_name(&login.name);
    // By address, so that nobody tries many names; by name, so that it does not help to have many addresses.
    let counted = [format!("from {client}"), format!("as {name}")];
    for it in &counted {
        app.logins.may_pass(it, now_ms).map_err(Problem::too_many_tries)?;
    }
    let found = app.store.accounts().account(&name).await?;
    let (account, kept) = found.map_or((None, None), |(account, kept)| (Some(account), kept));
    let is_theirs = login.password.len() <= LONGEST_PASSWORD && {
        let permit = app.hashing.acquire().await.map_err(|_| Problem::internal())?;
        let password = login.password.clone();
        let looked = tokio::task::spawn_blocking(move || is_password(&password, kept.as_deref())).await;
        drop(permit);
        looked.map_err(|_| Problem::internal())?
    };
    let Some(account) = account.filter(|_| is_theirs) else {
        for it in &counted {
            let _ = app.logins.pass(it, now_ms); // It counts for the next one.
        }
        tracing::warn!(client, "A login failed");
        return Err(Problem::login_failed());
    };
    let kept = random()?;
    let until_ms = now_ms.saturating_add(LOGIN_LIFE_S * 1_000);
    app.store.accounts().log_in(&sha256(kept.as_bytes()), &account.name, until_ms, now_ms).await?;
    Ok((account, cookie(&kept, LOGIN_LIFE_S)?))
}

/// What a browser keeps, bound to this host, out of reach of scripts, and sent by no page of another site.
fn cookie(value: &str, life_s: i64) -> Result<HeaderValue, Problem> {
    let cookie =
        format!("{LOGIN_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={life_s}");
    HeaderValue::from_str(&cookie).map_err(|_| Problem::internal())
}

/// Where to go once logged in: a path of this face, and never another host.
fn after<'a>(next: &'a str, account: &Account) -> &'a str {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|it| it.is_ascii_graphic() && it != b'\\');
    match account.role {
        _ if is_path => next,
        Role::Admin => "/admin/",
        Role::Trainer => "/reports/my-learning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_no_other_host() {
        let account = Account {
            name: "anna".to_owned(),
            tenant: "t".to_owned(),
            role: Role::Admin,
            groups: None,
            has_password: true,
            version: 1,
            created_ms: 0,
        };
        #[rustfmt::skip]
        let cases = [
            ("/reports/my-learning?course=a%20b", "/reports/my-learning?course=a%20b"),
            ("",                        "/admin/"),
            ("//evil.example",          "/admin/"),
            ("/\\evil.example",         "/admin/"),
            ("https://evil.example/",   "/admin/"),
            ("/a\r\nset-cookie: x",     "/admin/"),
        ];
        for (next, expected) in cases {
            assert_eq!(after(next, &account), expected, "{next:?}");
        }
    }
}
