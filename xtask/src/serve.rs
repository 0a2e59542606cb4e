//! `serve`: builds what has changed, then serves the demo course.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::{build, setup};

/// `cargo xtask serve [--port N] [--data DIR]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let options = Options::parse(arguments)?;
    let page = setup::page(project)?;
    build::wasm(project, &page)?;
    let binary = build::server(project, build::TESTED)?;
    let mut server = project.program(binary);
    server.args(["serve", "--demo", "--port", &options.port.to_string(), "--data", &options.data]);
    become_program(server)
}

#[derive(Debug, PartialEq)]
struct Options {
    port: u16,
    data: String,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Options> {
        let mut options = Options { port: 8080, data: "data".to_owned() };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().with_context(|| format!("`{name}` is not followed by a value"))?;
            match name.as_str() {
                "--port" => {
                    let wrong = || format!("found port `{value}`, expected a number from 0 to 65535");
                    options.port = value.parse().with_context(wrong)?;
                }
                "--data" => options.data.clone_from(value),
                _ => bail!("found `{name}`, expected `--port N` or `--data DIR`"),
            }
        }
        Ok(options)
    }
}

/// Takes the server's place, so that signals reach the server itself.
#[cfg(unix)]
fn become_program(mut server: std::process::Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(server.exec()).context("cannot start the server")
}

/// Waits for the server; the console sends its signals to both.
#[cfg(not(unix))]
fn become_program(mut server: std::process::Command) -> Result<ExitCode> {
    let status = server.status().context("cannot start the server")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Option<(u16, String)> {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words).ok().map(|it| (it.port, it.data))
    }

    #[test]
    fn port_and_folder_have_defaults_and_take_values() {
        #[rustfmt::skip]
        let cases = [
            ("",                       Some((8080, "data"))),
            ("--port 9000",            Some((9000, "data"))),
            ("--data d --port 1",      Some((1, "d"))),
            ("--port",                 None), // no value
            ("--port 65536",           None), // no such port
            ("--prot 1",               None), // misspelt
        ];
        for (arguments, expected) in cases {
            let expected = expected.map(|(port, data)| (port, data.to_owned()));
            assert_eq!(parse(arguments), expected, "arguments: {arguments:?}");
        }
    }
}
