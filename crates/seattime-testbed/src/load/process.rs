//! A server in a process of its own, and what the machine says of it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::client::Addresses;

/// How long a server may take to end, if something counts each of its steps.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) address: Addresses,
}

impl Server {
    /// Starts it; its lines that name the addresses of its faces are waited for.
    pub(crate) async fn start(mut command: Command) -> Result<Server> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let orders = child.stdin.take().context("the server has no input")?;
        let mut answers = BufReader::new(child.stdout.take().context("the server has no output")?).lines();
        let mut named = async || {
            loop {
                let line = answers.next_line().await?.context("the server did not start")?;
                if let Some(rest) = line.split_once("http://").map(|it| it.1) {
                    let is_address = |it: &char| it.is_ascii_digit() || matches!(it, '.' | ':');
                    let text: String = rest.chars().take_while(is_address).collect();
                    break anyhow::Ok(text.parse::<SocketAddr>()?);
                }
            }
        };
        let address = Addresses { app: named().await?, run: named().await? };
        Ok(Server { child, orders, answers, address })
    }

    /// Gives the testbed an order and answers its line.
    pub(crate) async fn order(&mut self, order: &str) -> Result<String> {
        self.orders.write_all(format!("{order}\n").as_bytes()).await?;
        loop {
            let line = self.answers.next_line().await?.context("the testbed has ended")?;
            // What it says of its key is no answer.
            if !line.starts_with("api-key") {
                ensure!(!line.starts_with("error"), "{order}: the testbed says {line}");
                return Ok(line);
            }
        }
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> Result<Used> {
        let id = self.child.id().context("the server has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0);
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0)
        };
        // A tick is a hundredth of a second.
        Ok(Used { cpu_s: (ticks(11) + ticks(12)) / 100.0, memory_mib: kib("VmRSS:") / 1024.0 })
    }

    /// Lets the testbed end by itself.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.orders.write_all(b"quit\n").await?;
        let ended = tokio::time::timeout(ENDS_WITHIN, self.child.wait());
        let status = ended.await.context("the testbed does not end")??;
        ensure!(status.success(), "the testbed ended with {status}");
        Ok(())
    }

    /// Ends it at once.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }
}

/// What a process has used.
pub(crate) struct Used {
    pub(crate) cpu_s: f64,
    pub(crate) memory_mib: f64,
}
