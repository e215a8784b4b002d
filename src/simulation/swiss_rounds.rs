//! Competitive Swiss-System Dynamics.

mod draws;
mod exact;
mod field;
mod majorities;
mod moments;
mod rules;
mod scores;
mod sensitivity;
mod settings;
mod simulate;
mod standings;
mod sums;
mod tensor;

pub use self::exact::{ExactError, exact};
pub use self::majorities::Majorities;
pub use self::moments::Moments;
pub use self::rules::{Bye, Rules, Shortfall, TieRule};
pub use self::scores::{Holes, TensorError};
pub use self::sensitivity::{FAR, Profile, Sensitivity};
pub use self::settings::{Eliminate, Order, SwissError, SwissSettings};
pub use self::simulate::{Beside, GridSums, Progress, Simulation, SwissSums};
pub use self::standings::{GridPoint, Part, SwissContext, SwissRow, SwissStandings};
pub use self::sums::{DamagedPart, PointSums, Sums};
pub use self::tensor::WinTensor;
