//! The advantages that a person sees.

use palio::report::{AdvantageRow, AdvantageTable};

use crate::cli::table::{Column, drop_until_it_fits, grouped, render, shown_name, trimmed, width};

/// Advantages as text.
pub(in crate::cli) fn advantages(table: &AdvantageTable) -> String {
    let width = width();
    let (samples, groups) = (grouped(table.len() as f64), grouped(table.groups.len() as f64));
    let rows: Vec<AdvantageRow<'_>> = table.rows().collect();
    let optional = |value: Option<String>| value.unwrap_or_default();
    let count = |row: &AdvantageRow<'_>, of: fn(&palio::report::Results) -> f64| {
        optional(row.results.as_ref().map(|results| grouped(of(results))))
    };
    let mut columns = vec![
        Column::new("group", false, &rows, |row| shown_name(row.group, width)),
        Column::new("item", false, &rows, |row| shown_name(row.item, width)),
        Column::new("wins", true, &rows, |row| count(row, |it| it.wins)),
        Column::new("losses", true, &rows, |row| count(row, |it| it.losses)),
        Column::new("ties", true, &rows, |row| count(row, |it| it.ties)),
        Column::new("reward", true, &rows, |row| optional(row.reward.map(|reward| format!("{reward:.4}")))),
        Column::new("rank", true, &rows, |row| optional(row.rank.map(trimmed))),
        Column::new("advantage", true, &rows, |row| optional(row.advantage.map(|it| format!("{it:+.4}")))),
        Column::new("", false, &rows, |row| if row.masked { "masked".to_owned() } else { String::new() }),
    ];
    drop_until_it_fits(&mut columns, width, &["ties", "losses", "wins"]);
    format!("{samples} samples in {groups} groups\n{}", render(&columns))
}
