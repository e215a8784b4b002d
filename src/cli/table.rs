//! The table a person sees, made to fit the terminal.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Table};
use palio::leaderboard::{FitSummary, GraphSummary, Leaderboard, Row};
use palio::models::{RaterEntry, Units};
use palio::report::{Board, ranges, rank_range};
use palio::structure::Status;
use palio::uncertainty::{ClusterSummary, RankRule};

/// What the header line says of intervals.
#[derive(Debug)]
pub(super) struct Heading {
    /// How errors were made, in words.
    pub(super) interval: Option<&'static str>,
    /// The level of all intervals.
    pub(super) level: f64,
    /// What rank intervals claim.
    pub(super) ranks: RankRule,
    /// What became of the weights, in words.
    pub(super) weights: Option<String>,
    /// What was known beside the log, in words.
    pub(super) known: Option<String>,
}

/// Width where stdout is not a terminal.
const DEFAULT_WIDTH: usize = 140;
const BAR_WIDTHS: std::ops::RangeInclusive<usize> = 8..=24;

/// A leaderboard as text.
pub(super) fn leaderboard(board: &Board, heading: &Heading, rater: &RaterEntry) -> String {
    let width = width();
    let mut text = String::new();
    if let Some(by) = &board.by {
        let _ = writeln!(text, "{}", if by.is_empty() { "(empty)" } else { by });
    }
    if let Some(of) = &board.of {
        let parts = [of.board.clone(), of.condition.to_string(), format!("{} rows", grouped(of.rows as f64))];
        let _ = writeln!(text, "{}", wrapped(&parts, width));
    }
    let _ = writeln!(text, "{}", header(&board.board, heading, width));
    text + &rows(&board.board, heading, rater, width)
}

/// How many characters fit on a line.
pub(super) fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout()).map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0))
}

fn header(board: &Leaderboard, heading: &Heading, width: usize) -> String {
    let mut parts = what_was_compared(&board.graph);
    parts.extend(what_is_controlled_for(&board.fit));
    parts.extend(heading.weights.clone());
    parts.extend(heading.known.clone());
    if let Some(kind) = heading.interval {
        parts.push(what_intervals(kind, heading.level, board.fit.cluster.as_ref()));
        parts.push(match heading.ranks {
            RankRule::Simultaneous => "ranks hold jointly".to_owned(),
            RankRule::Overlap => "ranks by overlap".to_owned(),
        });
    }
    if board.hidden > 0 {
        parts.push(format!("items hidden: {}", grouped(board.hidden as f64)));
    }
    parts.extend(parameters(&board.fit));
    wrapped(&parts, width)
}

/// A number of things, and their name.
pub(super) fn counted(number: f64, one: &str, several: &str) -> String {
    #[expect(clippy::float_cmp, reason = "one is exactly one")]
    let is_one = number == 1.0;
    format!("{} {}", grouped(number), if is_one { one } else { several })
}

/// How much was compared and what that identifies.
pub(super) fn what_was_compared(graph: &GraphSummary) -> Vec<String> {
    let status = match graph.status {
        Status::Identified => "identified",
        Status::PartiallyIdentified => "partially identified",
        Status::Disconnected => "disconnected",
    };
    let comparisons = counted(graph.comparisons, "comparison", "comparisons");
    let items = counted(graph.items as f64, "item", "items");
    let ballots = graph.ballots.map(|ballots| format!(" on {}", counted(ballots, "ballot", "ballots")));
    vec![format!("{comparisons} of {items}{}", ballots.unwrap_or_default()), status.to_owned()]
}

/// The covariates that were fitted, if there are any.
fn what_is_controlled_for(fit: &FitSummary) -> Option<String> {
    let fitted = fit.covariates.iter().filter(|row| row.fitted.coefficient.is_some());
    let names: Vec<&str> = fitted.map(|row| row.fitted.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("controlled for {}", names.join(", ")))
}

/// Which intervals are shown.
pub(super) fn what_intervals(kind: &str, level: f64, cluster: Option<&ClusterSummary>) -> String {
    let mut intervals = format!("{}% {kind} intervals", trimmed(level * 100.0));
    if let Some(cluster) = cluster {
        let _ = write!(intervals, " clustered by {} ({}", cluster.column, grouped(cluster.clusters as f64));
        if let Some(effect) = cluster.design_effect {
            let _ = write!(intervals, ", design effect {effect:.2}");
        }
        intervals.push(')');
    }
    intervals
}

/// Fitted parameters beside the ratings.
pub(super) fn parameters(fit: &FitSummary) -> impl Iterator<Item = String> {
    let value = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), trimmed);
    // The blocks tell their σ themselves.
    let beside = fit.parameters.iter().filter(|(name, _)| fit.blocks.is_empty() || !name.starts_with("sigma_"));
    let blocks = fit.blocks.iter().map(|block| {
        let kind = if block.transitive { "transitive" } else { "cyclic" };
        if block.is_empty() {
            "an empty block".to_owned()
        } else {
            format!("{kind} block, σ {}", trimmed(block.sigma))
        }
    });
    beside.map(move |(name, found)| format!("{name} {}", value(*found))).chain(blocks)
}

/// Parts on as few lines as the width allows.
pub(super) fn wrapped(parts: &[String], width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + part.chars().count() <= width => {
                let _ = write!(line, " · {part}");
            }
            _ => lines.push(part.clone()),
        }
    }
    lines.join("\n")
}

/// A column: its head, whether it is aligned right, and its cells.
pub(super) struct Column {
    head: &'static str,
    right: bool,
    cells: Vec<String>,
}

impl Column {
    pub(super) fn new<T>(head: &'static str, right: bool, items: &[T], cell: impl Fn(&T) -> String) -> Self {
        Self { head, right, cells: items.iter().map(cell).collect() }
    }

    fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.chars().count()).chain([self.head.chars().count()]).max().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

fn rows(board: &Leaderboard, heading: &Heading, rater: &RaterEntry, width: usize) -> String {
    let items = &board.items;
    let decimals = decimals(items);
    let mut columns = vec![
        Column::new("rank", true, items, |row| row.rank.to_string()),
        Column::new("range", false, items, rank_interval),
        Column::new("item", false, items, |row| shown_name(&row.item, width)),
        Column::new(rating_head(rater), true, items, |row| rating(row, decimals)),
        Column::new("", false, items, |_| String::new()),
        Column::new("comparisons", true, items, |row| grouped(row.comparisons)),
        Column::new("beats next", true, items, |row| {
            row.win_rate_against_next.map_or_else(String::new, |share| format!("{:.1}%", share * 100.0))
        }),
        Column::new("", false, items, verdict),
    ];
    let bar = 4;
    let intervals = heading.interval.is_some();
    drop_until_it_fits(&mut columns, width, &["comparisons", "beats next"]);
    let room = width.saturating_sub(used(&columns) + 2);
    if intervals && room >= *BAR_WIDTHS.start() {
        columns[bar].cells = interval_bars(items, room.min(*BAR_WIDTHS.end()));
    }
    render(&columns)
}

fn used(columns: &[Column]) -> usize {
    columns.iter().filter(|it| !it.is_empty()).map(|it| it.width() + 2).sum()
}

/// Empties columns, what matters least first, until the rest fit a narrow terminal.
pub(super) fn drop_until_it_fits(columns: &mut [Column], width: usize, heads: &[&str]) {
    for head in heads {
        if used(columns) > width {
            columns.iter_mut().filter(|it| it.head == *head).for_each(|it| it.cells.fill(String::new()));
        }
    }
}

/// A name on one line: control characters as escapes, and the middle of what is very long left out.
pub(super) fn shown_name(name: &str, width: usize) -> String {
    let visible: String = name
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    let most = (width / 2).max(20);
    let length = visible.chars().count();
    if length <= most {
        return visible;
    }
    let (head, tail) = (most * 2 / 3, most - most * 2 / 3 - 1);
    visible.chars().take(head).chain(['…']).chain(visible.chars().skip(length - tail)).collect()
}

/// The columns that are not empty, side by side.
pub(super) fn render(columns: &[Column]) -> String {
    let columns: Vec<&Column> = columns.iter().filter(|column| !column.is_empty()).collect();
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let align = |text: &str, column: &Column| {
        Cell::new(text).set_alignment(if column.right { CellAlignment::Right } else { CellAlignment::Left })
    };
    table.set_header(columns.iter().map(|column| align(column.head, column)));
    for row in 0..columns.first().map_or(0, |column| column.cells.len()) {
        table.add_row(columns.iter().map(|column| align(&column.cells[row], column)));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn rating_head(rater: &RaterEntry) -> &'static str {
    match rater.units {
        Units::LogOdds | Units::Points | Units::Own => "rating",
        Units::Share => "win rate",
        Units::Count => "wins",
        Units::Items => "items below",
        Units::Votes => "votes",
        Units::Weight => "weight",
        Units::Probability => "probability",
        Units::Payoff => "payoff",
    }
}

fn rank_interval(row: &Row) -> String {
    rank_range(row.rank_best, row.rank_worst).unwrap_or_default()
}

fn rating(row: &Row, decimals: usize) -> String {
    let Some(rating) = row.rating else { return "?".to_owned() };
    match (row.low, row.high) {
        (Some(low), Some(high)) if is_symmetric(low, rating, high) => {
            format!("{rating:.decimals$} ±{:.decimals$}", (high - low) / 2.0)
        }
        (Some(low), Some(high)) => format!("{rating:.decimals$} ({low:.decimals$} to {high:.decimals$})"),
        // What no data hold up stands in brackets.
        _ if !row.identified => format!("({rating:.decimals$})"),
        _ => format!("{rating:.decimals$}"),
    }
}

/// Whether ± says what the interval is: bootstrap intervals and those of shares lean to a side.
fn is_symmetric(low: f64, rating: f64, high: f64) -> bool {
    ((high - rating) - (rating - low)).abs() <= 1e-6 * (high - low)
}

/// Enough decimals to tell the ratings apart, judged by their spread.
fn decimals(items: &[Row]) -> usize {
    let ratings = || items.iter().filter_map(|row| row.rating);
    let spread = ratings().fold(f64::NEG_INFINITY, f64::max) - ratings().fold(f64::INFINITY, f64::min);
    if spread >= 200.0 || items.iter().all(|row| row.rating.is_some_and(|rating| rating.fract() == 0.0)) {
        0
    } else if spread >= 20.0 {
        1
    } else {
        3
    }
}

fn verdict(row: &Row) -> String {
    if !row.identified {
        return "not identified".to_owned();
    }
    match row.rank_best {
        None => String::new(),
        Some(_) if row.tied_with.is_empty() => "separated".to_owned(),
        Some(_) => format!("tied with {}", ranges(&row.tied_with).join(", ")),
    }
}

/// Each interval as a line with a dot at the rating, all on one scale of `width` characters.
fn interval_bars(items: &[Row], width: usize) -> Vec<String> {
    let low = items.iter().filter_map(|row| row.low).fold(f64::INFINITY, f64::min);
    let high = items.iter().filter_map(|row| row.high).fold(f64::NEG_INFINITY, f64::max);
    let place = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        (share.clamp(0.0, 1.0) * (width - 1) as f64).round() as usize
    };
    let bar = |row: &Row| {
        let (Some(low), Some(rating), Some(high)) = (row.low, row.rating, row.high) else { return " ".repeat(width) };
        let (from, dot, to) = (place(low), place(rating), place(high));
        (0..width)
            .map(|at| match at {
                _ if at == dot => '●',
                _ if (from..=to).contains(&at) => '─',
                _ => ' ',
            })
            .collect()
    };
    items.iter().map(bar).collect()
}

/// A number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let text = trimmed(number);
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

/// A number with at most three decimals, none of them a trailing zero.
pub(super) fn trimmed(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with three significant digits, and all those before the point.
pub(super) fn significant(value: f64) -> String {
    if value <= 0.0 {
        return "0".to_owned();
    }
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_numbers_have_three_digits() {
        let shown = [0.0, 0.000_123_4, 0.0159, 1.0, 12.34, 4_321.0].map(significant);
        assert_eq!(shown, ["0", "0.000123", "0.0159", "1.00", "12.3", "4321"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(999.5), "999.5");
        assert_eq!(trimmed(95.0), "95");
    }
}
