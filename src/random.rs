//! Seeded random streams: one [`ChaCha8`](rand_chacha::ChaCha8Rng) stream for each trial, so that a
//! result depends on the seed and the trial's number and never on which thread ran it.

use rand::SeedableRng;

/// The generator of every random number in palio. Named here and nowhere else.
pub(crate) type SimRng = rand_chacha::ChaCha8Rng;

/// What a stream is for. Two purposes never share a stream, so that asking for bootstrap intervals
/// does not change the rank intervals of the same run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Synthetic logs: one stream a block of rows.
    Generate = 1,
    /// Bootstrap replicates: one stream a replicate.
    Bootstrap = 2,
    /// Normal draws for simultaneous statements: one stream a block of draws.
    RankIntervals = 3,
    /// Orders in which a sequential rater replays its log: one stream an order.
    Orders = 4,
    /// Swiss tournaments over benchmarks: one stream a tournament.
    SwissTrials = 5,
    /// Orders of the benchmarks: one stream an order.
    SwissOrders = 6,
    /// Benchmarks drawn with replacement: one stream a sample.
    SwissSamples = 7,
    /// Tournaments on those samples.
    SwissSampleTrials = 8,
    /// Tournaments in those orders, where they stand beside a given one.
    SwissOrderTrials = 9,
    /// Draws of a group's tournament: pairings, seeds, sides. One stream a group and round.
    GroupDraws = 10,
    /// Answers of a simulated judge: one stream a question.
    JudgeAnswers = 11,
    /// Simulated groups: qualities and scores, one stream a group.
    GroupTrials = 12,
    /// Folds of a cross-validation: two streams a repetition.
    Folds = 20,
    /// Vectors that mElo starts with.
    MeloVectors = 21,
    /// Logs drawn from a fitted ladder: one stream a log.
    LadderLogs = 22,
    /// Where a general preference embedding begins that the data leave open.
    Embedding = 30,
    /// Ballots of stochastic Soft Condorcet steps.
    SoftCondorcet = 40,
    /// Orders of items by tasks or voters: one stream an order.
    TaskOrders = 41,
    /// Worlds of a simulated budget: one stream a trial.
    BudgetWorlds = 50,
    /// Scores and outcomes in them.
    BudgetScores = 51,
    /// What samplers draw in them.
    BudgetChoices = 52,
    /// Random regular graphs that a graph of comparisons is held against: one stream a graph.
    RegularGraphs = 60,
    /// Signs of pairs that resistances of large graphs are estimated with: one stream a projection.
    ResistanceSketch = 61,
    /// The comparisons to buy next: what the sampler draws, and sides.
    NextBatch = 62,
    /// What is true in a simulated future of a log: one stream a future.
    FutureTruths = 63,
    /// What samplers draw there.
    FutureChoices = 64,
    /// Outcomes there.
    FutureOutcomes = 65,
}

/// The stream of one trial.
///
/// The purpose takes the upper 16 bits of the stream's number and the trial the lower 48.
pub(crate) fn stream(seed: u64, purpose: Purpose, trial: u64) -> SimRng {
    let mut rng = SimRng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 48) | (trial & 0xFFFF_FFFF_FFFF));
    rng
}
