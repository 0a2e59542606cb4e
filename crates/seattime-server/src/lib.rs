//! Launches attempts, keeps commits, answers reports.
//!
//! The server is a library: [`serve`] is given the world that it runs in, so that tests run the very same
//! server with a clock that they set.

pub mod access;
pub mod accounts;
pub mod app;
pub mod assets;
pub mod backup;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod error;
mod faces;
pub mod faults;
pub mod front;
pub mod hosts;
pub mod import;
pub mod limits;
mod listen;
mod metrics;
mod mime;
pub mod peer;
pub mod recompute;
pub mod request;
pub mod routes;
pub mod secret;
pub mod store;
pub mod token;
pub mod verify;
pub mod world;
pub mod zone;

pub use app::App;
pub use config::Config;
pub use error::StartError;
pub use front::Front;
pub use world::{Server, World, serve, serve_as};
