//! One file a resource.

pub(crate) mod cells;
pub(crate) mod commits;
pub(crate) mod content;
pub(crate) mod courses;
pub(crate) mod demo;
pub(crate) mod enrolments;
pub(crate) mod exports;
pub(crate) mod form;
pub(crate) mod health;
pub(crate) mod launches;
pub(crate) mod media;
pub(crate) mod packages;
pub(crate) mod pages;
pub(crate) mod progress;
pub(crate) mod reports;
pub(crate) mod sent;
pub(crate) mod tenants;
pub(crate) mod visits;
pub(crate) mod weeks;
