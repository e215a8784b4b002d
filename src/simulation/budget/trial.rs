//! One world with one sampler, trial by trial: the hot loop.

use std::ops::Range;

use super::super::samplers::{Choice, Counts};
use super::plans::BudgetError;
use super::rankers::Learner;
use super::results::{Accumulated, Cell, Errors};
use super::worlds::{Drawn, Sample, WorldPlan};
use super::{BudgetStudy, Top};
use crate::data::graph::{PairSums, PreferenceGraph};
use crate::data::profile::Profile;
use crate::data::{Comparison, ItemId, Items, Log, Outcome};
use crate::metrics::{normalised_kendall_distance, ranking_error, top_k_error};
use crate::models::{Evidence, Needs};
use crate::random::{Purpose, stream};

/// Trials of one cell of the grid.
pub(super) struct Trials<'a> {
    study: &'a BudgetStudy,
    cell: &'a Cell,
    world: &'a WorldPlan,
    checkpoints: Vec<u64>,
    /// No comparisons yet, all pairs open.
    blank: Counts,
    names: Items,
}

impl<'a> Trials<'a> {
    pub(super) fn new(study: &'a BudgetStudy, cell: &'a Cell) -> Result<Self, BudgetError> {
        let world = &study.worlds[cell.world];
        let (items, tasks) = world.size(study.items, study.tasks);
        Ok(Self {
            study,
            cell,
            world,
            checkpoints: study.checkpoints_of(cell),
            blank: Counts::new(items, tasks)?,
            names: (0..items).map(|item| item.to_string()).collect(),
        })
    }

    /// Plays these trials, while it `goes_on`; `None` where it did not.
    pub(super) fn play(
        &self,
        trials: Range<u64>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<Accumulated>, BudgetError> {
        let mut sums = Accumulated::new(self.study.rankers.len(), self.checkpoints.len());
        let mut errors = vec![Errors::default(); self.checkpoints.len() * self.study.rankers.len()];
        for trial in trials {
            let Some(played) = self.trial(trial, &mut errors, goes_on)? else { return Ok(None) };
            sums.add_trial(played.start, &errors, &self.checkpoints, self.cell.batch, self.study.target.error);
            sums.add_failures(&played.failures);
        }
        Ok(Some(sums))
    }

    /// Plays one, and writes the errors of each ranker at each checkpoint: checkpoint × ranker.
    fn trial(
        &self,
        trial: u64,
        errors: &mut [Errors],
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<Played>, BudgetError> {
        let study = self.study;
        let drawn = self.world.draw(study.items, study.tasks, study.seed, trial);
        let mut counts = self.blank.clone();
        drawn.open(&mut counts);
        let mut sampler = study.samplers[self.cell.sampler].sampler()?;
        let mut noise = stream(study.seed, Purpose::BudgetScores, trial);
        let mut luck = stream(study.seed, Purpose::BudgetChoices, trial);
        let mut results = Results::new(self, &counts);
        let mut pending: Vec<(Choice, Sample)> = Vec::with_capacity(self.cell.batch.min(study.comparisons) as usize);
        let (mut made, mut asked) = (0, 0);
        for (&checkpoint, errors) in self.checkpoints.iter().zip(errors.chunks_mut(study.rankers.len())) {
            while made < checkpoint {
                if made >= asked {
                    if !goes_on() {
                        return Ok(None);
                    }
                    asked = made + BETWEEN_QUESTIONS;
                }
                let end = (made + self.cell.batch).min(study.comparisons);
                for _ in made..end {
                    let Some(choice) = sampler.pick(&counts, &mut luck) else { break };
                    counts.schedule(choice);
                    pending.push((choice, drawn.sample(&counts, choice, &mut noise)));
                }
                for (choice, sample) in pending.drain(..) {
                    counts.record(choice, sample.share);
                    sampler.told(&counts, choice, sample.share);
                    results.hear(counts.items_of(choice), choice, sample);
                }
                made = end;
            }
            results.measure(&counts, &drawn, study.top, errors)?;
        }
        let in_order: Vec<usize> = (0..counts.items()).collect();
        let failures = results.learners.iter().map(Learner::failures).collect();
        Ok(Some(Played { start: errors_of(&in_order, &drawn.truth, study.top), failures }))
    }
}

/// Comparisons between two questions whether to go on.
const BETWEEN_QUESTIONS: u64 = 256;

/// What is told of a trial beside its errors.
struct Played {
    /// The errors of an order that knows nothing.
    start: Errors,
    /// For each ranker, at how many checkpoints its fit had not converged.
    failures: Vec<u64>,
}

/// What rankers know in a trial.
struct Results<'a> {
    learners: Vec<Learner<'a>>,
    names: &'a Items,
    /// One a pair: votes for the low item, and ties.
    low_wins: Vec<f64>,
    ties: Vec<f64>,
    /// Whether a ranker reads anything at checkpoints.
    needs_graph: bool,
    needs_ballots: bool,
    /// The comparisons one by one, if a ranker needs them.
    rows: Option<Log>,
    order: Vec<usize>,
}

impl<'a> Results<'a> {
    fn new(trials: &'a Trials<'_>, counts: &Counts) -> Self {
        let rankers = &trials.study.rankers;
        let any = |needs: Needs| rankers.iter().any(|ranker| ranker.needs() == Some(needs));
        Self {
            learners: rankers.iter().map(|ranker| ranker.learner(counts.items(), counts.tasks())).collect(),
            names: &trials.names,
            low_wins: vec![0.0; counts.pairs()],
            ties: vec![0.0; counts.pairs()],
            needs_graph: rankers.iter().any(|ranker| ranker.needs().is_some()),
            needs_ballots: any(Needs::Ballots),
            rows: any(Needs::Rows).then(|| Log::new(trials.names.clone())),
            order: Vec::with_capacity(counts.items()),
        }
    }

    #[inline]
    fn hear(&mut self, ends: [usize; 2], choice: Choice, sample: Sample) {
        if sample.share > 0.5 {
            self.low_wins[choice.pair] += 1.0;
        } else if sample.share >= 0.5 {
            self.ties[choice.pair] += 1.0;
        }
        if let Some((rows, outcome)) = self.rows.as_mut().zip(Outcome::from_share(sample.share)) {
            let [low, high] = ends.map(|item| ItemId(item as u32));
            rows.push(Comparison::new(low, high, outcome));
        }
        for learner in &mut self.learners {
            learner.hear(ends, choice.task, sample);
        }
    }

    /// The errors of each ranker as it is now.
    fn measure(&mut self, counts: &Counts, drawn: &Drawn, top: Top, errors: &mut [Errors]) -> Result<(), BudgetError> {
        let graph = self.needs_graph.then(|| self.graph(counts));
        let ballots = self.needs_ballots.then(|| self.ballots(counts));
        let evidence =
            graph.as_ref().map(|graph| Evidence { graph, rows: self.rows.as_ref(), ballots: ballots.as_ref() });
        for (learner, errors) in self.learners.iter_mut().zip(errors) {
            let ratings = learner.ratings(evidence)?;
            order_by(ratings, &mut self.order);
            *errors = errors_of(&self.order, &drawn.truth, top);
        }
        Ok(())
    }

    /// Pairs that have met, with their votes.
    fn graph(&self, counts: &Counts) -> PreferenceGraph {
        let mut sums = PairSums::default();
        for pair in (0..counts.pairs()).filter(|&pair| counts.played(pair) > 0.0) {
            let [low, high] = counts.ends(pair);
            sums.low.push(low as u32);
            sums.high.push(high as u32);
            sums.low_wins.push(self.low_wins[pair]);
            sums.high_wins.push(counts.played(pair) - self.low_wins[pair] - self.ties[pair]);
            sums.ties.push(self.ties[pair]);
        }
        PreferenceGraph::from_pair_sums(self.names.clone(), &sums)
    }

    /// Each comparison as a ballot of two.
    fn ballots(&self, counts: &Counts) -> Profile {
        let mut profile = Profile::new(self.names.clone());
        for pair in (0..counts.pairs()).filter(|&pair| counts.played(pair) > 0.0) {
            let [low, high] = counts.ends(pair).map(|item| ItemId(item as u32));
            let losses = counts.played(pair) - self.low_wins[pair] - self.ties[pair];
            let ballots = [
                ([low, high], [0, 1], self.low_wins[pair]),
                ([high, low], [0, 1], losses),
                ([low, high], [0, 0], self.ties[pair]),
            ];
            for (ranked, levels, count) in ballots.into_iter().filter(|(_, _, count)| *count > 0.0) {
                profile.extend(&ranked, &levels, count);
            }
        }
        profile
    }
}

/// The items from the highest rated down; equal ones by number, which tells nothing of the truth. What is not
/// a number comes last.
pub(super) fn order_by(ratings: &[f64], order: &mut Vec<usize>) {
    let key = |item: usize| if ratings[item].is_nan() { f64::NEG_INFINITY } else { ratings[item] };
    order.clear();
    order.extend(0..ratings.len());
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
}

fn errors_of(order: &[usize], truth: &[usize], top: Top) -> Errors {
    let kendall = normalised_kendall_distance(order, truth);
    match top {
        Top::Of(k) => Errors { error: ranking_error(order, truth, k), kendall, top_k: top_k_error(order, truth, k) },
        Top::All => {
            let mean = |of: fn(&[usize], &[usize], usize) -> f64| {
                (1..=truth.len()).map(|k| of(order, truth, k)).sum::<f64>() / truth.len() as f64
            };
            Errors { error: mean(ranking_error), kendall, top_k: mean(top_k_error) }
        }
    }
}
