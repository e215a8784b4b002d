#![doc = include_str!("../README.md")]

pub mod advantages;
pub mod data;
pub mod judges;
pub mod leaderboard;
pub mod metrics;
pub mod models;
mod random;
pub mod report;
pub mod settings;
pub mod simulation;
pub mod structure;
pub mod tournaments;
pub mod uncertainty;
pub mod validation;

pub use crate::data::graph::PreferenceGraph;
pub use crate::data::read::read_log;
pub use crate::leaderboard::{BoardSettings, Leaderboard};
pub use crate::models::{BradleyTerry, Evidence, Fitted, Rater};
pub use crate::uncertainty::{CovarianceKind, bootstrap, covariance};
