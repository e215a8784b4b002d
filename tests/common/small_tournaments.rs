//! Small tournaments of all kinds, for properties.

use std::ops::Range;

use palio::data::Items;
use palio::data::table::ScoreTable;
use palio::simulation::swiss_rounds::{
    Bye, Eliminate, ExactError, Holes, Moments, Order, Part, Shortfall, Simulation, SwissContext, SwissSettings,
    SwissStandings, SwissSums, TieRule, WinTensor, exact,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A table of scores and how it is played.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    /// Shape: `scores[benchmark][model]`.
    pub(crate) scores: Vec<Vec<f64>>,
    pub(crate) ties: TieRule,
    pub(crate) holes: Holes,
    pub(crate) settings: SwissSettings,
}

impl Small {
    pub(crate) fn models(&self) -> usize {
        self.scores[0].len()
    }

    pub(crate) fn tensor(&self) -> WinTensor {
        let scores = self.scores.concat();
        let table = ScoreTable::new(names(self.models()), names(self.scores.len()), scores).expect("a table");
        WinTensor::from_table(&table, self.ties, self.holes).expect("a tensor")
    }

    /// The same table under other settings.
    #[must_use]
    pub(crate) fn with(&self, change: impl FnOnce(&mut SwissSettings)) -> Self {
        let mut other = self.clone();
        change(&mut other.settings);
        other
    }

    pub(crate) fn simulated<T>(&self, look: impl FnOnce(&Simulation<'_>) -> T) -> T {
        look(&Simulation::new(&self.tensor(), &self.settings).expect("settings that fit"))
    }

    pub(crate) fn play(&self, trials: Range<u64>) -> SwissSums {
        self.simulated(|simulation| simulation.play(trials, &|_| true))
    }

    pub(crate) fn play_all(&self) -> SwissSums {
        self.play(0..self.settings.runs)
    }

    pub(crate) fn exact(&self) -> Result<Moments, ExactError> {
        self.simulated(|simulation| exact(simulation.tensor(), simulation.rounds(), simulation.rules()))
    }

    pub(crate) fn rounds(&self) -> usize {
        self.simulated(|simulation| simulation.rounds().len())
    }

    pub(crate) fn context(&self) -> SwissContext {
        self.simulated(|simulation| SwissContext {
            items: names(self.models()).iter().map(str::to_owned).collect(),
            rounds: simulation.rounds().iter().map(ToString::to_string).collect(),
            mean_scores: self.scores[0].iter().map(|&score| Some(score).filter(|score| !score.is_nan())).collect(),
            runs: self.settings.runs,
            shuffled: matches!(self.settings.order, Order::Shuffle(_)),
            level: self.settings.level,
            eliminate: simulation.rules().eliminate.clone(),
        })
    }

    pub(crate) fn part(&self, trials: Range<u64>) -> Part {
        Part { context: self.context(), sums: self.play(trials) }
    }

    pub(crate) fn standings(&self) -> SwissStandings {
        SwissStandings::from_sums(&self.context(), &self.play_all())
    }
}

fn names(count: usize) -> Items {
    (0..count).map(|number| number.to_string()).collect()
}

/// Scores without ties and holes, from 0 to 1.
pub(crate) fn strict(models: usize) -> BoxedStrategy<Vec<f64>> {
    let order = Just((0..models).collect::<Vec<_>>()).prop_shuffle();
    order.prop_map(move |order| order.iter().map(|&place| place as f64 / (models - 1) as f64).collect()).boxed()
}

/// Scores of which many are equal, from 0 to 1.
pub(crate) fn tied(models: usize) -> BoxedStrategy<Vec<f64>> {
    vec((0..=4_u8).prop_map(|score| f64::from(score) / 4.0), models).boxed()
}

/// Any scores from 0 to 1.
fn any_scores(models: usize) -> BoxedStrategy<Vec<f64>> {
    let score = prop_oneof![4 => (0..=4_u8).prop_map(|score| f64::from(score) / 4.0), 1 => Just(f64::NAN)];
    prop_oneof![strict(models), tied(models), vec(score, models)].boxed()
}

fn eliminations(models: usize, rounds: usize) -> impl Strategy<Value = Eliminate> {
    let list = vec(prop_oneof![Just(0), Just(1), 0..=models as u32 + 1], rounds).prop_map(Eliminate::List);
    prop_oneof![2 => Just(Eliminate::Every(0)), 2 => (1..4_u32).prop_map(Eliminate::Every), 3 => list]
}

/// Some of the benchmarks, or all, in any order.
fn orders(benchmarks: usize) -> impl Strategy<Value = Order> {
    let all = Just((0..benchmarks).collect::<Vec<_>>()).prop_shuffle();
    let some = (all, 1..=benchmarks).prop_map(|(mut order, rounds)| {
        order.truncate(rounds);
        Order::Listed(order)
    });
    prop_oneof![2 => Just(Order::AsGiven), 1 => some]
}

fn settings(models: usize, benchmarks: usize) -> impl Strategy<Value = SwissSettings> {
    let order = orders(benchmarks).prop_flat_map(move |order| {
        let rounds = if let Order::Listed(listed) = &order { listed.len() } else { benchmarks };
        (Just(order), eliminations(models, rounds))
    });
    let shortfall = select(vec![Shortfall::Stop, Shortfall::Cascade, Shortfall::KeepLast]);
    let bye = select(vec![Bye::Nothing, Bye::Half, Bye::Point]);
    (order, shortfall, bye, any::<u64>()).prop_map(|((order, eliminate), shortfall, bye, seed)| SwissSettings {
        eliminate,
        shortfall,
        bye,
        order,
        seed,
        samples: 0,
        ..SwissSettings::default()
    })
}

/// 2 to 9 models on 1 to 6 benchmarks whose scores are of a kind, in a given order and without
/// samples.
pub(crate) fn small_of(scores: fn(usize) -> BoxedStrategy<Vec<f64>>) -> impl Strategy<Value = Small> {
    (2..=9_usize, 1..=6_usize).prop_flat_map(move |(models, benchmarks)| {
        let ties = select(vec![TieRule::Lose, TieRule::Half, TieRule::Win, TieRule::Bernoulli]);
        let holes = select(vec![Holes::Lose, Holes::Skip]);
        let parts = (vec(scores(models), benchmarks), ties, holes, settings(models, benchmarks));
        parts.prop_map(|(scores, ties, holes, settings)| Small { scores, ties, holes, settings })
    })
}

pub(crate) fn small() -> impl Strategy<Value = Small> {
    small_of(any_scores)
}

/// Few runs of any tournament, with whatever may be asked for beside.
pub(crate) fn small_of_all_kinds() -> impl Strategy<Value = Small> {
    let grid = prop::option::of((0..3_u32, 1..3_u32).prop_map(|(first, steps)| first..=first + steps));
    let beside = (grid, 0..4_u32, 0.5..0.99, prop_oneof![20..50_u64, 50..700_u64], prop::option::of(1..5_u32));
    (small(), beside).prop_map(|(small, (sensitivity, samples, level, runs, orders))| {
        small.with(|settings| {
            if let Some(orders) = orders {
                // A list may be for fewer rounds than are shuffled.
                settings.eliminate = Eliminate::Every(orders % 3);
                settings.order = Order::Shuffle(orders);
            }
            *settings = SwissSettings { sensitivity, samples, level, runs, ..settings.clone() };
        })
    })
}
