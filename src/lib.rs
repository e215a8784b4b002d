//! palio
pub mod data;
mod random;
pub mod simulation;
