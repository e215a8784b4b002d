//! The comparisons to buy next as a person sees them.

use palio::simulation::next::{NextComparison, Separation, Truth};

use super::Planned;
use super::arguments::Chosen;
use crate::cli::table::{
    Column, drop_until_it_fits, grouped, render, shown_name, significant, what_was_compared, width, wrapped,
};

/// A header line, one line a comparison, and what it takes.
pub(super) fn plan(planned: &Planned, chosen: &Chosen) -> String {
    let width = width();
    let mut parts = vec![chosen.entry.name.to_owned()];
    parts.extend(what_was_compared(&planned.graph));
    let rows = &planned.comparisons;
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let mut columns = [
        Column::new("left", false, rows, |it| shown_name(&it.left, width)),
        Column::new("right", false, rows, |it| shown_name(&it.right, width)),
        Column::new("task", false, rows, |it| it.task.as_ref().map_or_else(String::new, |it| shown_name(it, width))),
        Column::new("probability", true, rows, |it| percent(it.probability)),
        Column::new("gain, nats", true, rows, |it| significant(it.gain)),
        Column::new("met", true, rows, |it| grouped(it.met)),
        Column::new("", false, rows, |it: &NextComparison| if it.joins { "joins" } else { "" }.to_owned()),
    ];
    drop_until_it_fits(&mut columns, width, &["met", "task"]);
    let until = planned.until.as_ref().map(|it| until(it) + "\n").unwrap_or_default();
    format!("{}\n{}{until}", wrapped(&parts, width), render(&columns))
}

/// What it takes, in a sentence.
pub(super) fn until(found: &Separation) -> String {
    let needed = &found.needed;
    let number = |value: Option<u64>| value.map(|value| grouped(value as f64));
    let most = grouped(found.most as f64);
    let truth = match found.truth {
        Truth::Posterior => "",
        Truth::Estimate => " in which the fit is exact",
    };
    let futures = format!("{} simulated futures{truth}", grouped(f64::from(found.trials)));
    let wrongly = match found.wrong {
        0 => String::new(),
        wrong => format!("; in {wrong} of them something is told apart that is not so in truth"),
    };
    if found.met_now {
        let of = if wrongly.is_empty() { String::new() } else { format!(" in {futures}") };
        return format!("{}: the log is enough{of}{wrongly}", found.goal);
    }
    let Some(median) = number(needed.median) else {
        return format!(
            "{}: met in {} of {futures} within {most} more comparisons{wrongly}",
            found.goal,
            grouped(f64::from(found.reached))
        );
    };
    let end = |value: Option<u64>| number(value).unwrap_or_else(|| format!("more than {most}"));
    format!(
        "{}: about {median} more comparisons ({} to {} by the number of futures), the median of {futures}; 8 in 10 \
         need {} to {}{wrongly}",
        found.goal,
        end(needed.median_low),
        end(needed.median_high),
        end(needed.decile),
        end(needed.ninth_decile)
    )
}
