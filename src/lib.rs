//! palio
pub mod data;
pub mod leaderboard;
pub mod models;
mod random;
pub mod report;
pub mod simulation;
pub mod structure;
pub mod uncertainty;
