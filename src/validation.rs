//! How far predictions can be trusted: what raters say of comparisons that they have not seen
//! ([`crossval`]), and what one of them says of any pair, with intervals ([`predict`]).

mod calibration;
mod crossval;
mod predict;
mod scores;

pub use self::calibration::{Calibration, CalibrationBin};
pub use self::crossval::{
    Candidate, Crossval, CrossvalError, FoldLoss, HeldOut, LossDifference, MethodScore, crossval, predicting_raters,
};
pub use self::predict::{Matchup, Prediction, predict};
pub use self::scores::TieScore;
