//! Worlds of real data: a table of scores with noise, and a log drawn again.

use super::super::super::samplers::Counts;
use super::super::plans::BudgetError;
use super::super::trial::order_by;
use super::Law;
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::data::profile::{EqualScores, Profile};
use crate::data::table::ScoreTable;
use crate::models::Rater;
use crate::structure::Note;
use crate::uncertainty::Uncertainty;

/// How much scores vary from one evaluation to the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Noise {
    /// By this standard deviation everywhere, in units of the range of a benchmark's scores.
    Constant(f64),
    /// By the standard deviation of what is left of the scaled scores when the means of models and of benchmarks
    /// are taken out. That some models are better at some benchmarks counts as noise in it: it is an upper bound.
    Residual,
    /// By these, in the units of the scores.
    Table(ScoreTable),
}

/// A table of scores.
#[derive(Debug, Clone)]
pub(super) struct TableWorld {
    models: usize,
    benchmarks: usize,
    /// Benchmark × model, scaled.
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// The models from the best down.
    truth: Vec<usize>,
}

impl TableWorld {
    pub(super) fn new(
        label: &str,
        table: &ScoreTable,
        noise: &Noise,
        truth: &dyn Rater,
        notes: &mut Vec<Note>,
    ) -> Result<Self, BudgetError> {
        if !table.is_complete() {
            let block = table.largest_complete_block();
            return Err(BudgetError::Holes {
                label: label.to_owned(),
                holes: table.holes(),
                models: block.models.len(),
                benchmarks: block.benchmarks.len(),
            });
        }
        let (models, benchmarks) = (table.models().len(), table.benchmarks().len());
        let mut world = Self { models, benchmarks, means: Vec::new(), deviations: Vec::new(), truth: Vec::new() };
        for benchmark in 0..benchmarks {
            let (lowest, range) = range_of(table.column(benchmark));
            world.means.extend(table.column(benchmark).iter().map(|score| (score - lowest) / range));
        }
        world.deviations = world.deviations_by(label, table, noise)?;
        world.truth = true_order(label, &Profile::from_table(table, EqualScores::Tied).graph(), truth, notes)?;
        Ok(world)
    }

    pub(super) fn items(&self) -> usize {
        self.models
    }

    pub(super) fn tasks(&self) -> usize {
        self.benchmarks
    }

    fn deviations_by(&self, label: &str, table: &ScoreTable, noise: &Noise) -> Result<Vec<f64>, BudgetError> {
        let constant = match noise {
            Noise::Constant(noise) => *noise,
            Noise::Residual => self.residual_deviation()?,
            Noise::Table(deviations) => return self.deviations_of(label, table, deviations),
        };
        if !(constant.is_finite() && constant >= 0.0) {
            return Err(BudgetError::Noise { noise: constant });
        }
        Ok(vec![constant; self.means.len()])
    }

    /// The root of the residual mean square of the two-way layout without interaction.
    fn residual_deviation(&self) -> Result<f64, BudgetError> {
        let (m, n) = (self.models, self.benchmarks);
        if m < 2 || n < 2 {
            return Err(BudgetError::NoEstimate { models: m, benchmarks: n });
        }
        let at = |model: usize, benchmark: usize| self.means[benchmark * m + model];
        let all = self.means.iter().sum::<f64>() / (m * n) as f64;
        let of_model: Vec<f64> =
            (0..m).map(|model| (0..n).map(|benchmark| at(model, benchmark)).sum::<f64>() / n as f64).collect();
        let mut squares = 0.0;
        for benchmark in 0..n {
            let of_benchmark = (0..m).map(|model| at(model, benchmark)).sum::<f64>() / m as f64;
            squares += (0..m).map(|it| (at(it, benchmark) - of_model[it] - of_benchmark + all).powi(2)).sum::<f64>();
        }
        Ok((squares / ((m - 1) * (n - 1)) as f64).sqrt())
    }

    /// Those of a table by name, scaled as the scores are.
    fn deviations_of(&self, label: &str, table: &ScoreTable, deviations: &ScoreTable) -> Result<Vec<f64>, BudgetError> {
        let mut found = Vec::with_capacity(self.means.len());
        for (benchmark, benchmark_name) in table.benchmarks().iter().enumerate() {
            let (_, range) = range_of(table.column(benchmark));
            for model in table.models().iter() {
                let (row, column) = (deviations.models().get(model), deviations.benchmarks().get(benchmark_name));
                let deviation = row.zip(column).and_then(|(row, column)| deviations.score(row.index(), column.index()));
                let deviation =
                    deviation.filter(|deviation| *deviation >= 0.0).ok_or_else(|| BudgetError::Deviation {
                        label: label.to_owned(),
                        model: model.to_owned(),
                        benchmark: benchmark_name.to_owned(),
                    })?;
                found.push(deviation / range);
            }
        }
        Ok(found)
    }

    /// With model m named `names[m]`.
    pub(super) fn draw(&self, names: &[usize]) -> (Vec<usize>, Law) {
        let renamed = |cells: &[f64]| {
            let mut to = vec![0.0; cells.len()];
            for (benchmark, column) in cells.chunks(self.models).enumerate() {
                for (model, &value) in column.iter().enumerate() {
                    to[benchmark * self.models + names[model]] = value;
                }
            }
            to
        };
        let truth = self.truth.iter().map(|&model| names[model]).collect();
        (truth, Law::Scores { means: renamed(&self.means), deviations: renamed(&self.deviations) })
    }
}

/// The lowest score and how far the highest is above it; 1 where all are equal.
fn range_of(scores: &[f64]) -> (f64, f64) {
    let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lowest, if highest > lowest { highest - lowest } else { 1.0 })
}

/// The items from the highest rated down, equal ones in first-seen order, with what is to be told of that.
fn true_order(
    label: &str,
    graph: &PreferenceGraph,
    truth: &dyn Rater,
    notes: &mut Vec<Note>,
) -> Result<Vec<usize>, BudgetError> {
    let fitted = truth.fit(graph.into(), None).map_err(|error| BudgetError::Fit { label: label.to_owned(), error })?;
    let (ratings, items) = (fitted.ratings(), graph.items());
    let mut order = Vec::with_capacity(items.len());
    order_by(ratings, &mut order);
    let of_world = |note: Note| Note::new(note.code, format!("{label}: {}", note.message));
    notes.extend(Uncertainty::unwanted(items.len()).notes_with(&*fitted).into_iter().map(of_world));
    let held = "its true order is held to be known all the same";
    notes.extend(fitted.identification().notes_held_by(graph, held).into_iter().map(of_world));
    let name = |item: usize| items.name(ItemId(item as u32));
    let level = |pair: &&[usize]| are_level(ratings[pair[0]], ratings[pair[1]]);
    if let Some(first) = order.windows(2).find(level) {
        let message = format!(
            "the true order of {label} puts {} neighbours by their place in the file, {} and {} the first of them: they \
             are rated alike, and an order that puts them the other way is counted as wrong",
            order.windows(2).filter(level).count(),
            name(first[0]),
            name(first[1])
        );
        notes.push(Note::new("truth-tied", message));
    }
    Ok(order)
}

/// Ratings that differ by rounding alone.
fn are_level(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// Chances of outcomes, pair by pair.
#[derive(Debug, Clone)]
pub(super) struct LogWorld {
    items: usize,
    /// Pairs of the log with their chances.
    pairs: Vec<[usize; 2]>,
    chances: Vec<[f64; 2]>,
    truth: Vec<usize>,
}

impl LogWorld {
    pub(super) fn new(
        label: &str,
        graph: &PreferenceGraph,
        truth: &dyn Rater,
        notes: &mut Vec<Note>,
    ) -> Result<Self, BudgetError> {
        let sums = graph.pair_sums();
        let mut world = Self {
            items: graph.items().len(),
            pairs: Vec::new(),
            chances: Vec::new(),
            truth: true_order(label, graph, truth, notes)?,
        };
        for pair in 0..sums.low.len() {
            let all = sums.low_wins[pair] + sums.high_wins[pair] + sums.ties[pair];
            if all > 0.0 {
                world.pairs.push([sums.low[pair], sums.high[pair]].map(|item| ItemId(item).index()));
                world.chances.push([sums.low_wins[pair] / all, sums.ties[pair] / all]);
            }
        }
        if world.pairs.is_empty() {
            return Err(BudgetError::EmptyLog { label: label.to_owned() });
        }
        notes.extend(world.sure_pairs(label));
        Ok(world)
    }

    /// Pairs that come out the same every time, if there are some.
    fn sure_pairs(&self, label: &str) -> Option<Note> {
        let is_sure = |[win, tie]: &&[f64; 2]| [*win, *tie, 1.0 - win - tie].iter().any(|chance| *chance >= 1.0);
        let sure = self.chances.iter().filter(is_sure).count();
        let message = format!(
            "{sure} of the {} pairs of {label} have one outcome only, such as a single comparison, which comes again at \
             each of their meetings",
            self.pairs.len()
        );
        (sure > 0).then(|| Note::new("sure-outcomes", message))
    }

    pub(super) fn items(&self) -> usize {
        self.items
    }

    /// With item i named `names[i]`.
    pub(super) fn draw(&self, names: &[usize]) -> (Vec<usize>, Law) {
        let mut chances = vec![[f64::NAN; 2]; self.items * self.items.saturating_sub(1) / 2];
        for (&[i, j], &[win, tie]) in self.pairs.iter().zip(&self.chances) {
            let (i, j) = (names[i], names[j]);
            let win = if i < j { win } else { 1.0 - win - tie };
            chances[Counts::index_of(self.items, i, j)] = [win, tie];
        }
        let truth = self.truth.iter().map(|&item| names[item]).collect();
        (truth, Law::Outcomes { chances })
    }
}
