//! Whether a model holds: what a log says beyond the numbers that were fitted to it.

pub mod deviance;
pub mod inspection;
