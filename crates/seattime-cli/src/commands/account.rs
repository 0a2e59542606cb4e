//! `account`: who logs in.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use seattime_server::accounts::{check_name, check_password, password_kept};
use seattime_server::config::{DATABASE_VARIABLE, TENANT};
use seattime_server::store::accounts::account_name;
use seattime_server::store::{AccountChange, Role, StoreError};

use super::kept;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Add somebody who logs in. The password is asked for, or read from standard input: one line.
    Add(Arguments),
}

/// What somebody who logs in may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Named {
    /// Reads what learners did.
    Trainer,
    /// Everything, keys and accounts included.
    Admin,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The name to log in with, such as an address of e-mail.
    name: String,
    /// Whose they are.
    #[arg(long, default_value = TENANT)]
    tenant: String,
    /// What they may do.
    #[arg(long, value_enum)]
    role: Named,
    /// A trainer sees only learners of this group. May be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Without a password: only a proxy says who it is (`seattime serve --login-header`).
    #[arg(long)]
    no_password: bool,
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let Command::Add(arguments) = command;
    let name = account_name(&arguments.name);
    let fine = |found: Result<(), String>| found.map_err(|it| anyhow::anyhow!("{it}"));
    fine(check_name(&name))?;
    arguments.groups.iter().try_for_each(|it| fine(check_name(it)))?;
    let role = match arguments.role {
        Named::Trainer => Role::Trainer,
        Named::Admin if arguments.groups.is_empty() => Role::Admin,
        Named::Admin => bail!("administrators see everybody; leave --group out, or say --role trainer"),
    };
    let (store, now_ms) = kept::open(&arguments.data, arguments.database.as_deref()).await?;
    let tenant = arguments.tenant.trim();
    if store.accounts().api_keys(tenant, now_ms).await?.is_empty() {
        bail!("there is no tenant {tenant}; add it with `seattime tenant add`");
    }
    let password = if arguments.no_password { None } else { Some(asked()?) };
    let password = password.map(|it| {
        fine(check_password(&it))?;
        anyhow::Ok(password_kept(&it)?)
    });
    let groups: BTreeSet<String> = arguments.groups.into_iter().collect();
    let account = AccountChange {
        role,
        groups: (!groups.is_empty()).then_some(groups),
        password: password.transpose()?,
    };
    match store.accounts().put_account(tenant, &name, account, now_ms).await {
        Err(StoreError::NameTaken) => bail!("there is an account {name} already; choose another name"),
        made => drop(made?),
    }
    store.settle().await?;
    println!("{name} may log in at /login/");
    Ok(())
}

/// The password: asked for twice where somebody sits there.
fn asked() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("no password comes from standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let first = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("The same again: ")? != first {
        bail!("the two are not the same; nothing was added");
    }
    Ok(first)
}
