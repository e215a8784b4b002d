//! What a person sees of a run.

use std::ops::RangeInclusive;

use palio::judges::{Cost, Estimate, JudgeReport, Progress, TotalCost};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::table::{Column, grouped, render, trimmed};

/// What a run would cost, as text.
pub(super) fn cost(cost: &TotalCost, calls_per_match: u64) -> String {
    let mut columns = vec![
        Column::new("items", true, &cost.sizes, |it: &Cost| it.items.to_string()),
        Column::new("groups", true, &cost.sizes, |it| grouped(it.groups as f64)),
        Column::new("matches each", true, &cost.sizes, |it| range(&it.matches)),
        Column::new("calls each", true, &cost.sizes, |it| {
            range(&(it.matches.start() * calls_per_match..=it.matches.end() * calls_per_match))
        }),
        Column::new("rounds", true, &cost.sizes, |it| rounds(&it.rounds)),
    ];
    let (matches, calls) = (range(&cost.matches), range(&cost.calls));
    let head = format!("{matches} matches · {calls} calls · {} sequential rounds\n", rounds(&cost.rounds));
    if cost.sizes.is_empty() {
        columns.clear();
        return head;
    }
    head + &render(&columns)
}

fn range(range: &RangeInclusive<u64>) -> String {
    let [least, most] = [range.start(), range.end()].map(|&end| grouped(end as f64));
    if least == most { least } else { format!("{least}–{most}") }
}

fn rounds(rounds: &RangeInclusive<u32>) -> String {
    range(&(u64::from(*rounds.start())..=u64::from(*rounds.end())))
}

/// What a run would cost, as JSON.
pub(super) fn cost_json(cost: &TotalCost) -> Value {
    let size = |it: &Cost| {
        json!({
            "items": it.items,
            "groups": it.groups,
            "matches": ends(&it.matches),
            "rounds": ends(&it.rounds),
        })
    };
    json!({
        "matches": ends(&cost.matches),
        "calls": ends(&cost.calls),
        "rounds": ends(&cost.rounds),
        "sizes": cost.sizes.iter().map(size).collect::<Vec<_>>(),
    })
}

fn ends<T: Serialize>(range: &RangeInclusive<T>) -> Value {
    json!({"least": range.start(), "most": range.end()})
}

/// How the judge did, in words.
pub(super) fn judge(report: &JudgeReport, progress: Progress) -> String {
    let mut parts = vec![format!("{} calls", grouped(report.calls as f64))];
    let mut count = |number: u64, what: &str| {
        if number > 0 {
            parts.push(format!("{} {what}", grouped(number as f64)));
        }
    };
    count(progress.from_journal, "of them from the journal");
    count(report.failures, "without an answer");
    count(report.retried, "asked again");
    count(report.reused, "answers used once more");
    if let Some(bias) = report.position_bias {
        parts.push(format!("who is shown first wins {}, where 50% is fair", percent(bias, 0.5)));
    }
    if let Some(agreement) = report.self_consistency {
        parts.push(format!("both orders agree in {}", percent(agreement, 0.0)));
    }
    for (name, sum) in &report.usage {
        parts.push(format!("{name} {}", grouped(*sum)));
    }
    if let Some(cost) = report.cost {
        parts.push(format!("cost {}", trimmed(cost)));
    }
    format!("judge: {}", parts.join(" · "))
}

/// A share with its interval, of which the estimate tells how far it is above `base`.
fn percent(estimate: Estimate, base: f64) -> String {
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(|it| 100.0 * (base + it));
    format!("{value:.1}% ({low:.1} to {high:.1})")
}
