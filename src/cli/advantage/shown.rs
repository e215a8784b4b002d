//! The advantages that a person sees.

use palio::report::{AdvantageRow, AdvantageTable};

use crate::cli::table::{Column, drop_until_it_fits, grouped, render, shown_name, trimmed, width};

/// Advantages as text.
pub(in crate::cli) fn advantages(table: &AdvantageTable) -> String {
    let width = width();
    let plural =
        |count: usize, one: &str| format!("{} {one}{}", grouped(count as f64), if count == 1 { "" } else { "s" });
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
        Column::new("reward", true, &rows, |row| {
            optional(row.reward.map(|reward| zero_without_sign(format!("{reward:.4}"))))
        }),
        Column::new("rank", true, &rows, |row| optional(row.rank.map(trimmed))),
        Column::new("advantage", true, &rows, |row| {
            optional(row.advantage.map(|it| zero_without_sign(format!("{it:+.4}"))))
        }),
        Column::new("", false, &rows, |row| if row.masked { "masked".to_owned() } else { String::new() }),
    ];
    drop_until_it_fits(&mut columns, width, &["ties", "losses", "wins"]);
    let (samples, groups) = (plural(table.len(), "sample"), plural(table.groups.len(), "group"));
    format!("{samples} in {groups}\n{}", render(&columns))
}

/// A number as it is written, but for a zero, which has no sign: it may be rounded.
fn zero_without_sign(number: String) -> String {
    let is_zero = !number.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if is_zero { number.trim_start_matches(['+', '-']).to_owned() } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_have_no_sign_however_they_came_about() {
        for (number, shown) in
            [(0.0, "0.0000"), (-0.0, "0.0000"), (-4e-5, "0.0000"), (6e-5, "+0.0001"), (-1.0, "-1.0000")]
        {
            assert_eq!(zero_without_sign(format!("{number:+.4}")), shown);
        }
    }
}
