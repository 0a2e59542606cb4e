//! The server with a clock that is set and faults that are asked for, driven by lines on its standard
//! input; tests use it, and it is never shipped.
//!
//! | order | what it does |
//! |---|---|
//! | `advance MS` | moves the clock on, then closes what was silent for too long |
//! | `fail POINT` | the next request that reaches the point fails with 503 |
//! | `drop POINT` | the next request that reaches the point loses its connection |
//! | `die POINT` | the process dies when a request reaches the point, as if it was killed |
//! | `now` | tells the time, in ms since 1970 |
//! | `quit` | ends |
//!
//! Each order is answered by one line.

use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use clap::Parser;
use seattime_server::assets::FolderAssets;
use seattime_server::clock::ServerClock;
use seattime_server::config::Config;
use seattime_server::faults::{Fault, Faults};
use seattime_server::{Server, World, serve};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(Debug, Parser)]
struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long)]
    data: PathBuf,
    /// The address of a PostgreSQL database; then its clock counts, and ours is only compared with it.
    #[arg(long)]
    database: Option<String>,
    /// The folder of the pages.
    #[arg(long)]
    web: PathBuf,
    /// The folder of the run-time.
    #[arg(long)]
    pkg: PathBuf,
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The time at the start, in ms since 1970.
    #[arg(long)]
    start_ms: i64,
}

/// A clock that stands still until it is moved.
struct SetClock(AtomicI64);

impl ServerClock for SetClock {
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        Box::pin(std::future::ready(self.0.load(Ordering::SeqCst)))
    }
}

/// Faults that were asked for and have not happened yet.
#[derive(Default)]
struct OrderedFaults {
    faults: Mutex<HashMap<String, Fault>>,
    death: Mutex<Option<String>>,
}

impl Faults for OrderedFaults {
    fn reached(&self, point: &str) -> Fault {
        if self.death.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(point) {
            std::process::abort();
        }
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).remove(point).unwrap_or(Fault::None)
    }
}

const API_KEY: &str = "testbed-key";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let clock = Arc::new(SetClock(AtomicI64::new(arguments.start_ms)));
    let faults = Arc::new(OrderedFaults::default());
    let assets = FolderAssets { www: arguments.web.clone(), pkg: arguments.pkg.clone() };
    let world = World { clock: clock.clone(), faults: faults.clone(), vfs: None, assets: Arc::new(assets) };
    let Arguments { port, database, data, .. } = arguments;
    let config = Config { port, database, ..Config::local(data, API_KEY.to_owned()) };
    let server = serve(config, world).await?;
    println!("listening http://{}", server.address);
    println!("api-key {API_KEY}");
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        if order == "quit" {
            break;
        }
        match obey(&order, &server, &clock, &faults).await {
            Ok(answer) => println!("{answer}"),
            Err(error) => println!("error: {error:#}"),
        }
    }
    server.shut_down().await;
    Ok(())
}

async fn obey(order: &str, server: &Server, clock: &SetClock, faults: &OrderedFaults) -> Result<String> {
    let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
    let fault = |fault| {
        faults.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(rest.to_owned(), fault);
        Ok("ok".to_owned())
    };
    match verb {
        "advance" => {
            let ms: i64 = rest.parse().with_context(|| format!("found {rest:?}, expected milliseconds"))?;
            clock.0.fetch_add(ms, Ordering::SeqCst);
            server.sweep().await;
            Ok("ok".to_owned())
        }
        "fail" => fault(Fault::Fail),
        "drop" => fault(Fault::Drop),
        "die" => {
            *faults.death.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest.to_owned());
            Ok("ok".to_owned())
        }
        "now" => Ok(clock.0.load(Ordering::SeqCst).to_string()),
        _ => anyhow::bail!("found {verb:?}, expected advance, fail, drop, die, now or quit"),
    }
}
