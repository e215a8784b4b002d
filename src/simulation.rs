//! Synthetic evaluations: worlds whose truth is known, and the logs that they would leave behind.
//!
//! A [`World`] says how likely each outcome of a pair is, [`GenerateSettings`] say how many items,
//! judges and tasks there are and who meets whom, and a [`Generator`] draws the comparisons, as a
//! [`Log`](crate::data::Log) or as CSV that is written while it is drawn. The truth behind a log
//! stays open to question, so that an estimate from the log can be held against it.
//!
//! ```
//! use palio::simulation::{GenerateSettings, Generator};
//!
//! let settings = GenerateSettings { items: 5, comparisons: 1_000, seed: 7, ..Default::default() };
//! let generator = Generator::new(settings)?;
//! let log = generator.log();
//! assert_eq!((log.len(), log.items().len()), (1_000, 5));
//! assert!((generator.probability(0, 1) + generator.probability(1, 0) - 1.0).abs() < 1e-12);
//! # Ok::<(), palio::simulation::GenerateError>(())
//! ```

pub mod budget;
mod generate;
pub mod next;
pub mod orders;
mod popularity;
pub mod samplers;
mod settings;
pub mod swiss_rounds;
pub mod topologies;
mod worlds;

pub use generate::Generator;
pub use popularity::Popularity;
pub use settings::{GenerateError, GenerateSettings};
pub use worlds::World;
