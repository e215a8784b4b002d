//! The choices of which ballots are made, and the derivatives of their likelihood.

use crate::data::profile::Profile;

/// Ballots as stages: at each level but the last, its items are chosen from those there and below.
pub(super) struct Stages {
    items: usize,
    ballots: Vec<Stage>,
    /// For all ballots, the items from the top down, and the number of the stage in which each is.
    ranked: Vec<u32>,
    stage: Vec<u32>,
}

/// One ballot: its places and weight.
struct Stage {
    from: usize,
    to: usize,
    count: f64,
}

/// The gradient of the log-likelihood, with the exponentials that it was made of.
pub(super) struct Slope {
    pub(super) gradient: Vec<f64>,
    /// For each place exp(rating) over the largest of its ballot.
    odds: Vec<f64>,
    /// For each place the sum of the odds from its stage down.
    sums: Vec<f64>,
    /// The negative second derivative by each rating, without the penalty.
    diagonal: Vec<f64>,
}

impl Stages {
    pub(super) fn of(profile: &Profile) -> Self {
        let mut stages =
            Self { items: profile.items().len(), ballots: Vec::new(), ranked: Vec::new(), stage: Vec::new() };
        for ballot in profile.ballots().filter(|ballot| ballot.count > 0.0) {
            if ballot.levels.last().is_some_and(|&last| last > 0) {
                let from = stages.ranked.len();
                stages.ranked.extend(ballot.ranked.iter().map(|item| item.0));
                stages.stage.extend_from_slice(ballot.levels);
                stages.ballots.push(Stage { from, to: stages.ranked.len(), count: ballot.count });
            }
        }
        stages
    }

    /// The weight of all choices.
    pub(super) fn weight(&self) -> f64 {
        let choices = |ballot: &Stage| {
            ballot.count * self.levels(ballot).partition_point(|level| level < &self.last(ballot)) as f64
        };
        self.ballots.iter().map(choices).sum()
    }

    fn levels(&self, ballot: &Stage) -> &[u32] {
        &self.stage[ballot.from..ballot.to]
    }

    /// The level of the items that are not chosen.
    fn last(&self, ballot: &Stage) -> u32 {
        self.stage[ballot.to - 1]
    }

    /// Sums of `values` from each place's stage down, of one ballot.
    fn sums_below(&self, ballot: &Stage, values: &[f64], sums: &mut [f64]) {
        let mut sum = 0.0;
        let mut to = ballot.to;
        while to > ballot.from {
            let level = self.stage[to - 1];
            let from = (ballot.from..to).rev().take_while(|&at| self.stage[at] == level).last().unwrap_or(to - 1);
            sum += values[from..to].iter().sum::<f64>();
            sums[from..to].fill(sum);
            to = from;
        }
    }

    pub(super) fn log_likelihood(&self, ratings: &[f64]) -> f64 {
        let slope = self.slope(ratings, 0.0);
        let of_ballot = |ballot: &Stage| {
            let last = self.last(ballot);
            let chosen = (ballot.from..ballot.to).take_while(|&at| self.stage[at] < last);
            ballot.count * chosen.map(|at| (slope.odds[at] / slope.sums[at]).ln()).sum::<f64>()
        };
        self.ballots.iter().map(of_ballot).sum()
    }

    /// The gradient of the penalised log-likelihood. O(places).
    pub(super) fn slope(&self, ratings: &[f64], penalty: f64) -> Slope {
        let places = self.ranked.len();
        let mut slope = Slope {
            gradient: ratings.iter().map(|rating| -penalty * rating).collect(),
            odds: vec![0.0; places],
            sums: vec![0.0; places],
            diagonal: vec![0.0; self.items],
        };
        for ballot in &self.ballots {
            let of = |at: usize| ratings[self.ranked[at] as usize];
            let most = (ballot.from..ballot.to).map(of).fold(f64::NEG_INFINITY, f64::max);
            for at in ballot.from..ballot.to {
                slope.odds[at] = (of(at) - most).exp();
            }
            self.sums_below(ballot, &slope.odds, &mut slope.sums);
            let last = self.last(ballot);
            let (mut first, mut second, mut stage_ends) = (0.0, 0.0, ballot.from);
            for at in ballot.from..ballot.to {
                if at == stage_ends {
                    stage_ends = self.stage_end(ballot, at);
                    if self.stage[at] < last {
                        let chosen = (stage_ends - at) as f64;
                        first += chosen / slope.sums[at];
                        second += chosen / slope.sums[at].powi(2);
                    }
                }
                let (item, odds) = (self.ranked[at] as usize, slope.odds[at]);
                let chosen = f64::from(u8::from(self.stage[at] < last));
                slope.gradient[item] += ballot.count * (chosen - odds * first);
                slope.diagonal[item] += ballot.count * (odds * first - odds * odds * second);
            }
        }
        slope
    }

    fn stage_end(&self, ballot: &Stage, from: usize) -> usize {
        let level = self.stage[from];
        (from..ballot.to).find(|&at| self.stage[at] != level).unwrap_or(ballot.to)
    }

    /// Adds the negative second derivatives times `direction` to `product`. O(places).
    fn curvature(&self, slope: &Slope, direction: &[f64], product: &mut [f64]) {
        let weighted: Vec<f64> =
            self.ranked.iter().zip(&slope.odds).map(|(&item, odds)| odds * direction[item as usize]).collect();
        let mut sums = vec![0.0; self.ranked.len()];
        for ballot in &self.ballots {
            self.sums_below(ballot, &weighted, &mut sums);
            let last = self.last(ballot);
            let (mut first, mut second, mut stage_ends) = (0.0, 0.0, ballot.from);
            for at in ballot.from..ballot.to {
                if at == stage_ends {
                    stage_ends = self.stage_end(ballot, at);
                    if self.stage[at] < last {
                        let chosen = (stage_ends - at) as f64;
                        first += chosen / slope.sums[at];
                        second += chosen * sums[at] / slope.sums[at].powi(2);
                    }
                }
                product[self.ranked[at] as usize] += ballot.count * (weighted[at] * first - slope.odds[at] * second);
            }
        }
    }

    /// Newton's step by conjugate gradients, as exactly as the `residual` gradient is worth.
    pub(super) fn newton_step(&self, slope: &Slope, penalty: f64, residual: f64) -> Vec<f64> {
        let n = self.items;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let precondition = |r: &[f64]| -> Vec<f64> {
            r.iter().zip(&slope.diagonal).map(|(r, d)| r / (d + penalty).max(f64::MIN_POSITIVE)).collect()
        };
        let (mut step, mut rest) = (vec![0.0; n], slope.gradient.clone());
        let mut scaled = precondition(&rest);
        let mut direction = scaled.clone();
        let mut size = dot(&rest, &scaled);
        let target = (residual * 10.0).clamp(1e-10, 1e-2).powi(2) * size;
        for _ in 0..2 * n + 10 {
            let mut product: Vec<f64> = direction.iter().map(|part| penalty * part).collect();
            self.curvature(slope, &direction, &mut product);
            let bend = dot(&direction, &product);
            if bend <= 0.0 || !bend.is_finite() {
                break;
            }
            let length = size / bend;
            step.iter_mut().zip(&direction).for_each(|(step, part)| *step += length * part);
            rest.iter_mut().zip(&product).for_each(|(rest, part)| *rest -= length * part);
            scaled = precondition(&rest);
            let next = dot(&rest, &scaled);
            if next <= target {
                break;
            }
            direction.iter_mut().zip(&scaled).for_each(|(part, scaled)| *part = scaled + next / size * *part);
            size = next;
        }
        step
    }
}
