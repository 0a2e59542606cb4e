//! Who asks, and what they may: declared with each route, found out and enforced by one layer before a handler runs.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::{App, bearer};
use crate::error::Problem;
use crate::peer::Peer;
use crate::secret::sha256;
use crate::store::accounts::account_name;
use crate::store::{Account, ApiKey, Role, Scope};

/// Which of the server's two faces answers an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// What LMSs, trainers and administrators ask, and the report: keys and logins are good here.
    App,
    /// Player, content and commits: nothing that is shown here can do more than one attempt's learner could.
    Run,
    /// Either.
    Both,
}

/// Who may ask what an address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: nothing of anybody's is told or changed.
    Open,
    /// Whoever has what the handler itself checks: a token in the body, a code, a grant in the address.
    Token,
    /// Whoever has an API key with one of these scopes, or with that for everything; administrators; where it is for
    /// reports, trainers of all learners.
    Key(&'static [Scope]),
    /// Whoever has any API key, and whoever logs in.
    Staff,
    /// Whoever reads the report: with a key for it or a login, or a learner with a token their own.
    Reader,
    /// Whoever has an API key for everything, and administrators.
    Admin,
    /// Whoever is known at all.
    Known,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whom everything belongs to that they may see.
    pub(crate) tenant: String,
    pub(crate) who: Who,
}

/// Who asks, within a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever has an API key: an LMS, most likely.
    Key(ApiKey),
    /// A trainer or administrator.
    Account(Account),
    /// A learner, by our id, who reads what is theirs.
    Learner(String),
}

impl Access {
    /// Whether a handler is only reached by those whom [`enforce`] lets in.
    pub(crate) fn is_enforced(self) -> bool {
        !matches!(self, Access::Open | Access::Token)
    }

    fn admits(self, who: &Who) -> Result<(), Problem> {
        match (self, who) {
            (Access::Open | Access::Token | Access::Known, _)
            | (Access::Reader, Who::Learner(_) | Who::Account(_))
            | (Access::Staff, Who::Key(_) | Who::Account(_)) => Ok(()),
            (Access::Key(_) | Access::Staff | Access::Admin, Who::Learner(_)) => Err(Problem::key_invalid()),
            (Access::Key(scopes), Who::Key(key)) => holds(key, scopes),
            (Access::Reader, Who::Key(key)) => holds(key, &[Scope::Report]),
            (Access::Admin, Who::Key(key)) => holds(key, &[]),
            (_, Who::Account(account)) if account.role == Role::Admin => Ok(()),
            (Access::Key(scopes), Who::Account(account)) if scopes.contains(&Scope::Report) => {
                account.check_sees_all()
            }
            (Access::Key(_) | Access::Admin, Who::Account(_)) => {
                Err(Problem::scope_missing("an administrator"))
            }
        }
    }
}

impl Account {
    /// Refuses a trainer of some groups what is told of all learners together.
    pub(crate) fn check_sees_all(&self) -> Result<(), Problem> {
        match self.groups {
            None => Ok(()),
            Some(_) => Err(Problem::scope_missing("somebody who sees all learners")),
        }
    }
}

/// Whether a key has one of these scopes; that for everything does for all of them.
fn holds(key: &ApiKey, scopes: &[Scope]) -> Result<(), Problem> {
    if key.scopes.contains(&Scope::Admin) || scopes.iter().any(|it| key.scopes.contains(it)) {
        return Ok(());
    }
    let needed: Vec<String> = scopes.iter().map(|it| format!("{it:?}").to_lowercase()).collect();
    let needed = if needed.is_empty() { "admin".to_owned() } else { needed.join(" or ") };
    Err(Problem::scope_missing(&format!("a key with the scope {needed}")))
}

/// Lets in whom the route's access admits, and tells its handler who that is.
pub(crate) async fn enforce(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<Peer>().copied();
    let caller = app.caller(request.headers(), peer).await?;
    access.admits(&caller.who)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The name of what a browser keeps that is logged in. `__Host-`: no other host and no other path can have set it.
pub(crate) const LOGIN_COOKIE: &str = "__Host-seattime";

/// What a browser keeps that is logged in.
pub(crate) fn kept_by_browser(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|it| it.0 == LOGIN_COOKIE && !it.1.is_empty()).map(|it| it.1)
}

impl App {
    /// Who sends a request with these headers: by a key or a token, else by a proxy's word, else by what the browser
    /// keeps.
    async fn caller(&self, headers: &HeaderMap, peer: Option<Peer>) -> Result<Caller, Problem> {
        let now_ms = self.now_ms().await;
        let accounts = self.store.accounts();
        if headers.contains_key(header::AUTHORIZATION) {
            let key = bearer(headers).ok_or_else(Problem::key_invalid)?;
            // Every token of ours has two points and begins so; no API key does.
            if key.starts_with("eyJ") && key.matches('.').count() == 2 {
                let claims = self.tokens.report_of(key, now_ms)?;
                return Ok(Caller { tenant: claims.tenant, who: Who::Learner(claims.learner) });
            }
            let found = accounts.api_key(&sha256(key.as_bytes()), now_ms).await?;
            let (tenant, key) = found.ok_or_else(Problem::key_invalid)?;
            return Ok(Caller { tenant, who: Who::Key(key) });
        }
        let account = if let Some(name) = self.named_by_proxy(headers, peer) {
            accounts.account(&account_name(name)).await?.map(|it| it.0)
        } else if let Some(kept) = kept_by_browser(headers) {
            accounts.logged_in(&sha256(kept.as_bytes()), now_ms).await?
        } else {
            return Err(Problem::key_invalid());
        };
        let account = account.ok_or_else(Problem::login_expired)?;
        Ok(Caller { tenant: account.tenant.clone(), who: Who::Account(account) })
    }

    /// Who has logged in at a proxy, which is believed only if it is one of ours.
    fn named_by_proxy<'a>(&self, headers: &'a HeaderMap, peer: Option<Peer>) -> Option<&'a str> {
        let header = self.config.login_header.as_deref()?;
        let peer = peer?.0.to_canonical();
        let is_ours = self.config.proxies.iter().any(|it| it.to_canonical() == peer);
        headers.get(header).filter(|_| is_ours)?.to_str().ok().filter(|it| !it.is_empty())
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(|| {
            tracing::error!(
                path = parts.uri.path(),
                "A handler asks who asks, and its route lets in anybody"
            );
            Problem::internal()
        })
    }
}

/// The tenant that a request is about: the caller's.
pub(crate) struct Tenant(pub(crate) String);

impl FromRequestParts<App> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Tenant(Caller::from_request_parts(parts, app).await?.tenant))
    }
}
