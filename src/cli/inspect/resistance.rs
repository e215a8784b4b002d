//! Effective resistances as a person sees them: the log beside schedules of a known shape.

use palio::leaderboard::ELO_PER_LOG_ODDS;
use palio::validation::inspection::{PairFacts, ResistanceFacts};

use super::shown::Page;
use crate::cli::table::{Column, grouped, render, significant};

/// What is left of the table of shapes.
const INDENT: &str = "  ";

/// A row of the table.
struct Row {
    name: String,
    pairs: Option<usize>,
    mean: Option<f64>,
    worst: Option<f64>,
}

/// The resistances of a log, and those of the shapes.
pub(super) fn show(facts: &ResistanceFacts, page: &mut Page) {
    page.fact("resistance", &headline(facts, page));
    if facts.shapes.is_empty() {
        return;
    }
    let mut rows: Vec<Row> = facts
        .shapes
        .iter()
        .map(|it| Row {
            name: it.shape.name().to_owned(),
            pairs: Some(it.pairs),
            mean: Some(it.mean),
            worst: Some(it.worst),
        })
        .collect();
    let own = Row { name: "this log".to_owned(), pairs: None, mean: facts.mean, worst: facts.worst };
    let place = own.mean.map_or(rows.len(), |mean| rows.partition_point(|row| row.mean <= Some(mean)));
    rows.insert(place, own);
    let number = |value: Option<f64>| value.map_or_else(|| "∞".to_owned(), significant);
    let error = |value: Option<f64>| value.map_or_else(|| "∞".to_owned(), |it| significant(elo_error(it)));
    let columns = [
        Column::new("same comparisons as a", false, &rows, |row| row.name.clone()),
        Column::new("pairs", true, &rows, |row| row.pairs.map_or_else(String::new, |pairs| grouped(pairs as f64))),
        Column::new("mean", true, &rows, |row| number(row.mean)),
        Column::new("worst", true, &rows, |row| number(row.worst)),
        Column::new("± Elo", true, &rows, |row| error(row.mean)),
        Column::new("at worst", true, &rows, |row| error(row.worst)),
    ];
    for line in render(&columns).lines() {
        page.text += INDENT;
        page.text += line;
        page.text.push('\n');
    }
}

fn headline(facts: &ResistanceFacts, page: &Page) -> String {
    let pair = |it: &PairFacts| format!("{} and {}", page.name(&it.left), page.name(&it.right));
    let mean = |value: f64| {
        let error = facts.mean_error.map(|error| format!(" ±{}", significant(error))).unwrap_or_default();
        format!("{}{error}", significant(value))
    };
    let (Some(found), Some(worst)) = (facts.mean_connected, facts.worst_pairs.first()) else {
        return "infinite: no two items met".to_owned();
    };
    let connected = if facts.infinite_pairs > 0 {
        format!("infinite for {} pairs that nothing connects; of the others ", grouped(facts.infinite_pairs as f64))
    } else {
        String::new()
    };
    let found_so_far = if facts.exact { "" } else { " of those tried" };
    format!(
        "{connected}mean {}, worst{found_so_far} {} ({}), in 1/comparisons; were all items equal, the standard error \
         of a difference would be ± Elo:",
        mean(found),
        significant(worst.resistance),
        pair(worst),
    )
}

/// The standard error of a difference of Elo ratings at this resistance, all items being equal.
fn elo_error(resistance: f64) -> f64 {
    2.0 * resistance.sqrt() * ELO_PER_LOG_ODDS
}
