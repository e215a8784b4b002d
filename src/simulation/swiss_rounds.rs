//! Swiss tournaments over benchmarks: one ranking of models from many benchmarks without weights.
//!
//! Each benchmark is a round. Models with equal points are a bucket, and inside a bucket they are
//! paired at random; the one with the higher score on the round's benchmark takes a point. In an odd
//! bucket one model has a bye, worth nothing. After a round some models of the lowest bucket may be
//! eliminated; they keep their points. The expected points over all random pairings rank the models,
//! and how they move with the number eliminated tells robust models from brittle ones.
//!
//! A [`WinTensor`] says what every meeting is worth, made from a table of scores or, by
//! [`Majorities`], from a log of comparisons. A [`Simulation`] plays it by [`SwissSettings`] into
//! [`SwissSums`], whole numbers that depend on the seed and the numbers of the trials alone;
//! [`exact`](exact()) computes the [`Moments`] of small tournaments without sampling.
//! [`SwissStandings`] are what is told of either.
//!
//! ```
//! use palio::data::read::{TableOptions, read_table_bytes};
//! use palio::simulation::swiss_rounds::{
//!     Holes, Simulation, SwissContext, SwissSettings, SwissStandings, TieRule, WinTensor,
//! };
//!
//! let text = b"model,mmlu,gsm8k,math\nada,0.9,0.5,0.4\nbob,0.8,0.6,0.3\ncleo,0.7,0.7,0.2\ndan,0.6,0.4,0.1\n";
//! let table = read_table_bytes("scores.csv", text, &TableOptions::default())?.table;
//! let tensor = WinTensor::from_table(&table, TieRule::Lose, Holes::Lose)?;
//! let settings = SwissSettings { runs: 2_000, ..SwissSettings::default() };
//! let simulation = Simulation::new(&tensor, &settings)?;
//! let sums = simulation.play(0..settings.runs, &|_| true);
//! let context = SwissContext::new(table.models(), table.benchmarks(), &simulation);
//! let standings = SwissStandings::from_sums(&context, &sums);
//! assert_eq!(standings.items[0].item, "ada");
//! assert!(standings.items[0].mc_error.is_some_and(|error| error < 0.05));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Competitive Swiss-System Dynamics, arXiv 2512.21010. The paper leaves open, and options settle:
//! equal scores ([`TieRule`]; by default a point needs a higher score), the model that has the bye
//! (uniform), its worth ([`Bye`]), a lowest bucket smaller than the number to eliminate
//! ([`Shortfall`]), missing scores ([`Holes`]), and how failure sensitivity becomes a number (the
//! least-squares slope, [`Sensitivity`]) and a word ([`Profile`]). Rank intervals from resampled
//! benchmarks and the spread over their orders are additions.
//!
//! # What the numbers carry
//! The Monte Carlo error says how well the simulation is known. How well the models are known is
//! another matter: with other benchmarks of the same kind, or the same ones in another order, ranks
//! move far more. Rank intervals come from benchmarks drawn with replacement, and the order spread
//! is the standard deviation of a model's rank over random orders; both are from a hundredth of the
//! runs each, so that they carry a little Monte Carlo noise as well. Where there are many more rounds
//! than models, most buckets hold one model, and most rounds are byes: that is counted and told.

mod draws;
mod exact;
mod field;
mod majorities;
mod moments;
mod notes;
mod parts;
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
pub use self::parts::{Beside, GridSums, Part, SwissSums};
pub use self::rules::{Bye, Rules, Shortfall, TieRule};
pub use self::scores::{Holes, TensorError};
pub use self::sensitivity::{FAR, Profile, Sensitivity};
pub use self::settings::{Eliminate, Order, SwissError, SwissSettings};
pub use self::simulate::{Progress, Simulation};
pub use self::standings::{GridPoint, SwissContext, SwissRow, SwissStandings};
pub use self::sums::{DamagedPart, PointSums, Sums};
pub use self::tensor::WinTensor;
