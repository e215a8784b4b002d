//! From comparisons or scores inside a group of samples to the advantages that training uses.
//!
//! Three steps, which can be crossed: an [`Aggregation`] turns a match history into a [`Standing`], a
//! [`Reward`] turns a standing or scores into rewards, and a [`Normalization`] turns the rewards of a
//! group into advantages. [`AdvantageSettings`] holds the three, and [`PRESETS`] names those that
//! published code uses.
//!
//! What is not known is NaN, or `None` in a [`Standing`]: it counts nowhere and changes nothing for
//! the other samples.

mod aggregate;
mod columns;
mod normalize;
mod orders;
mod presets;
mod ranks;
mod rewards;

pub use self::aggregate::{AGGREGATIONS, AggregateSettings, Aggregation, AggregationEntry, Standing, aggregate};
pub use self::columns::{Column, Columns, Contest, Samples};
pub use self::normalize::{Groups, Missing, Normalization, NormalizeError, Normalizer, Singleton, normalize};
pub use self::orders::{NEUTRAL_SCORES, sum_of_orders};
pub use self::presets::{AdvantageError, AdvantageSettings, PRESETS, PresetEntry};
pub use self::ranks::{RankTies, ranks};
pub use self::rewards::{
    Grade, LengthMargin, LengthRule, Lipo, REWARDS, Reads, Reward, RewardEntry, RewardError, RewardRule, Spread,
    TASK_WEIGHTS, TaskWeight, fidelity, hierarchy, lipo, ndcg, pareto_layers, rank_biased_overlap, recall,
    reciprocal_rank, reward, task_macro, tie_beyond_length,
};
