//! Launches attempts, keeps commits, answers reports.
