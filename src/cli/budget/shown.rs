//! The summary that a person sees.

use std::fmt::Write as _;

use palio::simulation::budget::{BudgetResult, BudgetStudy, SummaryRow, Top};

use crate::cli::table::{Column, drop_until_it_fits, grouped, render, shown_name, trimmed, width, wrapped};

/// A table for each world.
pub(super) fn summary(study: &BudgetStudy, result: &BudgetResult) -> String {
    let width = width();
    let error = match study.top {
        Top::Of(top) => format!("GRE({top})"),
        Top::All => "GRE, the mean over all k".to_owned(),
    };
    let probability = trimmed(100.0 * study.target.probability);
    let parts = [
        format!(
            "{} comparisons in each of {} trials",
            grouped(study.comparisons as f64),
            grouped(result.trials as f64)
        ),
        format!("error: {error}; its mean along the budget, and at the end"),
        "behind: the lowest of the world, paired".to_owned(),
        format!("to target: error {} in {probability}% of trials", trimmed(study.target.error)),
    ];
    let mut text = wrapped(&parts, width) + "\n";
    for rows in result.summary.chunk_by(|a, b| a.world == b.world) {
        let world = rows.first().map_or("", |row| row.world.as_str());
        let _ = write!(text, "\n{world}\n{}", world_table(study, rows, width));
    }
    text
}

/// From where on the target is met, and between what that lies.
fn to_target(row: &SummaryRow) -> String {
    let number = |count: Option<u64>| count.map(|count| grouped(count as f64)).unwrap_or_default();
    let samples = row.samples_to_target.map(|samples| grouped(samples as f64) + " ").unwrap_or_default();
    let ends = [row.samples_to_target_low, row.samples_to_target_high];
    if ends == [None; 2] { "–".to_owned() } else { format!("{samples}({}–{})", number(ends[0]), number(ends[1])) }
}

fn world_table(study: &BudgetStudy, rows: &[SummaryRow], width: usize) -> String {
    let with_error = |value: f64, error: f64| format!("{value:.4} ±{error:.4}");
    let batches = study.batches.len() > 1 || study.batches.iter().any(|&batch| batch > 1);
    let only_if = |shown: bool, text: String| if shown { text } else { String::new() };
    let number = |count: Option<u64>| count.map_or_else(|| "–".to_owned(), |count| grouped(count as f64));
    let is_priced = (study.cost - 1.0).abs() > 0.0;
    let mut columns = vec![
        Column::new("sampler", false, rows, |row: &SummaryRow| shown_name(&row.sampler, width)),
        Column::new("ranker", false, rows, |row| shown_name(&row.ranker, width)),
        Column::new("batch", true, rows, |row| only_if(batches, grouped(row.batch as f64))),
        Column::new("average error", true, rows, |row| with_error(row.average_error, row.std_error)),
        Column::new("behind", true, rows, |row| match row.behind_best {
            behind if behind > 0.0 => with_error(behind, row.behind_best_error),
            _ => "lowest".to_owned(),
        }),
        Column::new("at the end", true, rows, |row| with_error(row.final_error, row.final_std_error)),
        Column::new("to target", true, rows, to_target),
        Column::new("rounds", true, rows, |row| only_if(batches, number(row.rounds_to_target))),
        Column::new("cost", true, rows, |row| {
            only_if(is_priced, row.cost_to_target.map_or_else(|| "–".to_owned(), trimmed))
        }),
    ];
    drop_until_it_fits(&mut columns, width, &["at the end", "behind"]);
    render(&columns)
}
