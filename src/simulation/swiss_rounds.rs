//! Competitive Swiss-System Dynamics.

mod exact;
mod moments;
mod rules;
mod tensor;

pub use self::exact::{ExactError, exact};
pub use self::moments::Moments;
pub use self::rules::{Bye, Rules, Shortfall, TieRule};
pub use self::tensor::{TensorError, WinTensor};
