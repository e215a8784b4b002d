//! `palio budget`: how far a number of comparisons goes, by sampler and ranker.

mod arguments;
mod shown;

use palio::report::{Report, budget_csv, budget_jsonl, budget_markdown};
use palio::simulation::budget::BudgetError;
use palio::structure::Note;

pub(crate) use self::arguments::BudgetArgs;
use self::arguments::Plan;
use super::output::{Format, Output, progress_bar, tell, warn};
use super::table::grouped;
use super::{Ended, Global, interrupt};

/// Reads what worlds need, simulates and writes.
pub(super) fn run(args: &BudgetArgs, global: &Global) -> anyhow::Result<Ended> {
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let Plan { study, inputs, mut notes } = args.plan(global.seed)?;
    interrupt::listen();
    let bar = progress_bar(study.work(), "trials", global);
    let result = study.run(&|played| {
        bar.inc(played);
        !interrupt::asked()
    });
    bar.finish_and_clear();
    let result = match result {
        Err(error @ BudgetError::Stopped) => {
            tell(&error.to_string(), global);
            return Ok(Ended::Interrupted);
        }
        result => result?,
    };
    notes.extend(result.notes(&study));
    let is_partial = result.trials < study.trials;
    if is_partial {
        let [made, asked] = [result.trials, study.trials].map(|trials| grouped(trials as f64));
        let message = format!("stopped before the end: there are {made} of {asked} trials");
        notes.push(Note::new("partial", message));
    }
    warn(&notes, global);
    let bytes = match format {
        Format::Table => shown::summary(&study, &result).into_bytes(),
        Format::Json => Report::new("budget", args.settings(&study), &inputs, &notes, &result).to_json()?,
        Format::Jsonl => budget_jsonl(&result)?,
        Format::Csv => budget_csv(&result)?,
        Format::Markdown => budget_markdown(&result.summary),
    };
    output.write(&bytes)?;
    Ok(if is_partial { Ended::Interrupted } else { Ended::with(&notes) })
}
