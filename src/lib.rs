//! palio
pub mod data;
pub mod models;
mod random;
pub mod structure;
pub mod uncertainty;
