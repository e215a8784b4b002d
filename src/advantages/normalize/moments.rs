//! Means and variances by group, exact where all rewards are equal.

use super::Groups;

/// The moments of one group's known rewards around the first of them: equal rewards deviate by
/// exactly nothing, whatever they are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    /// How many rewards are known.
    pub(super) count: f64,
    /// The first of them.
    first: f64,
    /// The mean of their differences to the first, weighted where weights were given; before the
    /// first pass is over their sum.
    shift: f64,
    /// The sum of weights; equal to the count without.
    weight: f64,
    /// The sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    /// What a reward differs from the mean by.
    pub(super) fn deviation(&self, reward: f64) -> f64 {
        (reward - self.first) - self.shift
    }

    /// The variance, if there are more rewards than `ddof`, and two or more.
    pub(super) fn variance(&self, ddof: u32) -> Option<f64> {
        let freedom = self.count - f64::from(ddof);
        (self.count > 1.0 && freedom > 0.0).then(|| self.squares / freedom)
    }

    fn add(&mut self, reward: f64, weight: f64) {
        if self.count == 0.0 {
            self.first = reward;
        }
        self.count += 1.0;
        self.weight += weight;
        self.shift += weight * (reward - self.first);
    }

    fn settle(&mut self) {
        if self.weight > 0.0 {
            self.shift /= self.weight;
        }
    }
}

/// The moments of each group; squares only where they are `squared`.
pub(super) fn group_moments(rewards: &[f64], groups: &Groups, weights: Option<&[f64]>, squared: bool) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); groups.len()];
    for (sample, (&id, &reward)) in groups.ids().iter().zip(rewards).enumerate() {
        if reward.is_finite() {
            moments[id as usize].add(reward, weights.map_or(1.0, |weights| weights[sample]));
        }
    }
    moments.iter_mut().for_each(Moments::settle);
    if squared {
        for (&id, &reward) in groups.ids().iter().zip(rewards).filter(|(_, reward)| reward.is_finite()) {
            let group = &mut moments[id as usize];
            group.squares += group.deviation(reward).powi(2);
        }
    }
    moments
}

/// The moments of all rewards.
pub(super) fn batch_moments(rewards: &[f64]) -> Moments {
    let mut all = Moments::default();
    let known = rewards.iter().copied().filter(|reward| reward.is_finite());
    known.clone().for_each(|reward| all.add(reward, 1.0));
    all.settle();
    all.squares = known.map(|reward| all.deviation(reward).powi(2)).sum();
    all
}
