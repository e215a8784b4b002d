//! What tournaments come to on average.

/// What the tournaments of one schedule come to, on average over all of them. Points are points, not
/// half points.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// The expected points of each model.
    pub expected_score: Vec<f64>,
    /// The standard deviation of each model's points in a single tournament.
    pub std_dev: Vec<f64>,
    /// The probability that a model ends at a competition rank: 1 and the number of models with more
    /// points, so that equal points share a rank. Models that were eliminated are ranked by the points
    /// they kept. Shape: models × ranks, model-major; the column of rank r is r - 1.
    pub rank_probability: Vec<f64>,
    /// The probability that a model is still active after a round. Shape: models × rounds,
    /// model-major.
    pub survival: Vec<f64>,
    /// The expected number of each model's meetings.
    pub meetings: Vec<f64>,
    /// The mean points that a model's opponents bring into their meetings: the expected sum over its
    /// meetings divided by their expected number. Opponents have the model's own points, so this is
    /// how high it plays. `None` for a model that never meets anyone.
    pub mean_opponent_score: Vec<Option<f64>>,
}

impl Moments {
    /// The share of rounds that models have an opponent in, of those in which they are active.
    pub fn paired(&self) -> Option<f64> {
        let models = self.meetings.len();
        let rounds = self.survival.len().checked_div(models)?;
        // All are active in the first round, and in each that follows those who survived the one before.
        let survived: f64 = self.survival.chunks(rounds.max(1)).flat_map(|of_model| &of_model[..rounds - 1]).sum();
        (rounds > 0).then(|| self.meetings.iter().sum::<f64>() / (models as f64 + survived))
    }
}
