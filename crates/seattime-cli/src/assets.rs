//! The pages, the run-time and the demo courses, inside the binary.

use std::borrow::Cow;

use rust_embed::RustEmbed;
use seattime_server::assets::Assets;

#[derive(RustEmbed)]
#[folder = "../../www"]
struct Www;

#[derive(RustEmbed)]
#[folder = "../../pkg"]
#[allow_missing = true]
struct Pkg;

/// The demo courses, a folder each.
#[derive(RustEmbed)]
#[folder = "demo"]
pub(crate) struct Demo;

/// The pages and the run-time.
pub(crate) struct Embedded;

impl Assets for Embedded {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let (folder, rest) = path.split_once('/')?;
        let file = match folder {
            "www" => Www::get(rest),
            "pkg" => Pkg::get(rest),
            _ => None,
        };
        file.map(|it| it.data)
    }
}
