//! palio
pub mod data;
mod random;
