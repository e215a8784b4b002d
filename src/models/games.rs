//! Ratings of cyclic preferences by the games they are: Nash averaging, maximal lotteries, α-Rank, and the
//! self-play iterations whose limits they are.
//!
//! All read a matrix of [`Payoffs`], from a log's counts by [`Payoff`] or as given; equilibria of different
//! payoffs differ. Cost grows with the cube of the items: an equilibrium of 500 takes about a second, and
//! logs of more than [`ITEM_LIMIT`] are refused.

mod alpha_rank;
mod complementary;
mod entropy;
mod equilibrium;
mod nash_averaging;
mod payoffs;
pub mod self_play;

pub(super) use self::alpha_rank::ENTRY as ALPHA_RANK;
pub use self::alpha_rank::{
    ALPHA_RANK_ITEM_LIMIT, AlphaRank, AlphaRankFit, AlphaRanking, Selection, alpha_rank, log_fixation,
};
pub use self::equilibrium::{AgentsAgainstTasks, Equilibrium};
pub use self::nash_averaging::{GameFit, MaximalLottery, NashAveraging};
pub(super) use self::nash_averaging::{MAXIMAL_LOTTERY, NASH_AVERAGING};
pub use self::payoffs::{Game, Payoff, PayoffError, PayoffSettings, Payoffs, Unmet};

/// The items of a log beyond which its game is refused instead of solved for minutes.
pub const ITEM_LIMIT: usize = 1_000;
