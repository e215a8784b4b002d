//! What the reader of standings must know.

use super::parts::SHARE;
use super::standings::{SwissContext, SwissStandings};
use crate::structure::Note;

/// Where models have an opponent in a smaller share of rounds, that is told.
const MOSTLY: f64 = 0.5;

/// With fewer tournaments than this a series of them says little of ranks.
const FEW_RUNS: u64 = 100;
/// Fewer benchmarks than this can't be resampled with sense.
const FEW_BENCHMARKS: usize = 5;

impl SwissStandings {
    /// What its reader must know.
    pub fn notes(&self, context: &SwissContext) -> Vec<Note> {
        let stopped = self.partial.then(|| self.stopped(context));
        let never_met = self.never_met();
        let byes = self.paired.filter(|&paired| paired < MOSTLY).map(|paired| {
            let message = format!(
                "models had an opponent in {:.0}% of their rounds: in the others they sat out or had a bye, since few had \
                 equal points; with so many rounds for so few models most benchmarks decide little (--eliminate brings \
                 models together again)",
                100.0 * paired
            );
            Note::new("mostly-byes", message)
        });
        let coarse = self.coarse(context);
        let unplayed = self.unplayed();
        stopped.into_iter().chain(never_met).chain(byes).chain(unplayed).chain(coarse).collect()
    }

    /// Rounds that hardly any tournament gets to.
    fn unplayed(&self) -> Option<Note> {
        let rounds = self.rounds.len();
        let left_after = |round: usize| self.items.iter().map(|row| row.survival[round]).sum::<f64>();
        let reached = 1 + (1..rounds).take_while(|&round| left_after(round - 1) >= 2.0).count();
        (reached < rounds).then(|| {
            let message = format!(
                "{} of {rounds} rounds hardly count: on average fewer than two models are left after round {reached}; \
                 eliminate fewer, or only in some rounds (--eliminate with a number for each)",
                rounds - reached
            );
            Note::new("rounds-not-reached", message)
        })
    }

    /// Ranges and spreads that are mostly noise of the simulation, or of few benchmarks.
    fn coarse(&self, context: &SwissContext) -> Vec<Note> {
        let mut notes = Vec::new();
        let few_each = context.runs < FEW_RUNS * SHARE && (self.samples > 0 || self.orders > 0);
        let few_an_order = context.shuffled && context.runs < FEW_RUNS * self.orders as u64;
        if few_each || few_an_order {
            let message = format!(
                "rank ranges and order spreads are partly noise of the simulation, since each sample and order has few \
                 of the {} tournaments; play more",
                context.runs
            );
            notes.push(Note::new("few-runs", message));
        }
        let rounds = self.rounds.len();
        if self.samples > 0 && rounds < FEW_BENCHMARKS {
            let message =
                format!("{rounds} benchmarks say little about others of their kind: rank ranges are too narrow");
            notes.push(Note::new("few-benchmarks", message));
        }
        if self.samples > 0 && (self.samples as f64) < 2.0 / (1.0 - context.level) {
            let message = format!(
                "{} samples are too few for rank ranges at the level {}; take {:.0} or more",
                self.samples,
                context.level,
                (2.0 / (1.0 - context.level)).ceil()
            );
            notes.push(Note::new("few-samples", message));
        }
        notes
    }

    fn stopped(&self, context: &SwissContext) -> Note {
        let message = match self.runs {
            Some(runs) if runs < context.runs => {
                format!(
                    "stopped before the end: this is the result of {runs} of {} tournaments, without rank ranges and order \
                     spreads, which come last",
                    context.runs
                )
            }
            _ => "stopped before other orders and samples of the benchmarks were played: there are no rank ranges"
                .to_owned(),
        };
        Note::new("partial", message)
    }

    /// Models whose scores say nothing.
    fn never_met(&self) -> Option<Note> {
        let alone: Vec<&str> =
            self.items.iter().filter(|row| row.mean_opponent_score.is_none()).map(|row| row.item.as_str()).collect();
        let first = alone.first()?;
        let message =
            format!("models that never met another, and whose scores say nothing: {}, such as {first}", alone.len());
        Some(Note::new("never-met", message))
    }
}
