//! How much an exact answer may take.

use thiserror::Error;

/// Standings, or outcomes of buckets, that are kept at the same time at most: some 100 bytes each with
/// the room that maps leave to grow.
pub(super) const MAX_KEPT: usize = 2_000_000;

/// Steps of the computation, of about 0.1 microseconds each, that are taken at most.
pub(super) const MAX_STEPS: u64 = 15_000_000;

/// Why there is no exact answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExactError {
    /// The standings of so many models, or of so many rounds, are not written down.
    #[error(
        "{models} models over {rounds} rounds are too large for an exact answer: \
         leave out --exact, so that tournaments are sampled"
    )]
    TooManyModels {
        /// How many models there are.
        models: usize,
        /// How many rounds there are.
        rounds: usize,
    },
    /// There are too many standings to keep them all.
    #[error(
        "an exact answer is too large: in round {round} it goes through more than {MAX_KEPT} standings; \
         leave out --exact, so that tournaments are sampled"
    )]
    TooManyStandings {
        /// The round, counted from 1.
        round: usize,
    },
    /// It would take too long to go through all tournaments.
    #[error(
        "an exact answer takes too long: it would take more than {MAX_STEPS} steps up to round {round}; \
         leave out --exact, so that tournaments are sampled"
    )]
    TooManySteps {
        /// The round, counted from 1.
        round: usize,
    },
    /// The schedule names a benchmark that there isn't.
    #[error("round {round} is on benchmark {benchmark}, but there are {benchmarks}, counted from 0")]
    UnknownBenchmark {
        /// The round, counted from 1.
        round: usize,
        /// The benchmark that it names.
        benchmark: usize,
        /// How many there are.
        benchmarks: usize,
    },
    /// The rules are for another number of rounds.
    #[error("there are {rounds} rounds, but {eliminations} numbers of models to eliminate: give one a round")]
    OtherRounds {
        /// How many rounds the schedule has.
        rounds: usize,
        /// How many rounds the rules have.
        eliminations: usize,
    },
}

/// What is left of the limits.
#[derive(Debug)]
pub(super) struct Budget {
    round: usize,
    steps: u64,
    kept: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { round: 0, steps: MAX_STEPS, kept: MAX_KEPT }
    }

    /// Starts a round, which keeps nothing of the one before but its standings.
    pub(super) fn start(&mut self, round: usize) {
        (self.round, self.kept) = (round + 1, MAX_KEPT);
    }

    /// Takes some steps.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), ExactError> {
        let left = self.steps.checked_sub(steps as u64);
        self.steps = left.ok_or(ExactError::TooManySteps { round: self.round })?;
        Ok(())
    }

    /// Keeps some outcomes of buckets until the round ends.
    pub(super) fn keep(&mut self, outcomes: usize) -> Result<(), ExactError> {
        self.kept = self.kept.checked_sub(outcomes).ok_or(self.too_many())?;
        Ok(())
    }

    /// Whether so many standings can be kept.
    pub(super) fn fits(&self, standings: usize) -> Result<(), ExactError> {
        if standings > MAX_KEPT { Err(self.too_many()) } else { Ok(()) }
    }

    fn too_many(&self) -> ExactError {
        ExactError::TooManyStandings { round: self.round }
    }
}
