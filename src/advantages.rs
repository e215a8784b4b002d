//! From comparisons or scores inside a group of samples to the advantages that training uses.
//!
//! Three steps, which can be crossed: an [`Aggregation`] turns a match history into a [`Standing`], a
//! [`Reward`] turns a standing or scores into rewards, and a [`Normalization`] turns the rewards of a
//! group into advantages.

mod aggregate;
mod normalize;
mod ranks;
mod rewards;

pub use self::aggregate::{AGGREGATIONS, AggregateSettings, Aggregation, AggregationEntry, Standing, aggregate};
pub use self::normalize::{Groups, Normalization, Normalizer, Singleton, normalize};
pub use self::ranks::{RankTies, ranks};
pub use self::rewards::{Reward, reward};
