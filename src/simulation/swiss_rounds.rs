//! Competitive Swiss-System Dynamics.

mod rules;
mod tensor;

pub use self::rules::{Bye, Rules, Shortfall, TieRule};
pub use self::tensor::{TensorError, WinTensor};
