//! What moved since an earlier board, in words.

use std::fmt::Write as _;

use anyhow::bail;
use palio::leaderboard::{Leaderboard, Move, Moves};
use palio::structure::Note;

use super::known::BoardFile;
use crate::cli::table::{Column, grouped, render, shown_name, trimmed, width, wrapped};

/// Names shown of a long list.
const NAMED: usize = 5;

/// What moved on a board; a note instead where the file has no board that goes with it.
pub(super) fn moves(
    file: &BoardFile,
    name: Option<&str>,
    board: &Leaderboard,
    shifts: bool,
    level: f64,
) -> anyhow::Result<Result<Moves, Note>> {
    let Some(previous) = file.board(name) else {
        let message = format!("{} has no board of this name; its boards are {}", file.path, file.names());
        return Ok(Err(Note::new("no-previous-board", message)));
    };
    let Some(moves) = Moves::between(previous, board, shifts, level) else {
        let then: Vec<&str> = previous.items.iter().map(|item| item.item.as_str()).collect();
        let now: Vec<&str> = board.items.iter().map(|row| row.item.as_str()).collect();
        bail!(
            "--previous {}: none of its {} items ({}) is rated here, where there are {} ({}); if they are called otherwise, \
             give their names of then with --rename FILE",
            file.path,
            then.len(),
            listed(&then),
            now.len(),
            listed(&now)
        );
    };
    Ok(Ok(moves))
}

fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// What moved, for people.
pub(super) fn words(moves: &Moves, path: &str) -> String {
    let beyond: Vec<&Move> = moves.items.iter().filter(|it| it.beyond == Some(true)).collect();
    let within: Vec<&Move> = moves.items.iter().filter(|it| it.beyond == Some(false)).collect();
    let unknown = moves.items.iter().filter(|it| it.beyond.is_none()).count();
    let level = trimmed(100.0 * moves.level);
    let mut parts = vec![format!("since {path}: {} items on both boards", moves.items.len())];
    parts.extend(moves.shift.map(|shift| format!("ratings of then moved by {shift:+.1}, the median change")));
    let mut text = wrapped(&parts, width()) + "\n";
    if let Some(spread) = moves.spread.filter(|spread| !(0.9..=1.1).contains(spread)) {
        let _ = writeln!(
            text,
            "ratings are {spread:.2} times as far apart as then: the boards differ in more than their items (in what \
             counts as a tie, in a penalty, or in who is compared)"
        );
    }
    if beyond.is_empty() {
        let _ = writeln!(text, "no rating changed beyond what {level}% intervals of both boards allow");
    } else {
        let by_chance = (1.0 - moves.level) * moves.items.len() as f64;
        let _ = writeln!(
            text,
            "changed beyond what {level}% intervals of both boards allow, as about {} of {} would by chance alone:",
            trimmed((10.0 * by_chance).round() / 10.0),
            moves.items.len()
        );
        text += &table(&beyond, moves.level);
    }
    if let Some(largest) = within.first() {
        let _ = writeln!(
            text,
            "{} changed within them, the most {} by {}",
            if beyond.is_empty() {
                format!("all {}", within.len())
            } else {
                format!("the other {}", grouped(within.len() as f64))
            },
            largest.item,
            change(largest, moves.level)
        );
    }
    if unknown > 0 {
        let _ = writeln!(text, "without an error on either board, so that chance can't be told: {unknown}");
    }
    for (word, names) in [("new", &moves.new), ("gone", &moves.gone)] {
        if !names.is_empty() {
            let _ = writeln!(text, "{word}: {} ({})", names.len(), listed(names));
        }
    }
    text
}

/// A change with its interval.
fn change(found: &Move, level: f64) -> String {
    let quantile = |error: f64| error * normal_quantile(level);
    match found.std_error {
        Some(error) => format!("{:+.1} ±{:.1}", found.change, quantile(error)),
        None => format!("{:+.1}", found.change),
    }
}

fn normal_quantile(level: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    Normal::standard().inverse_cdf(0.5 * (1.0 + level))
}

fn table(moves: &[&Move], level: f64) -> String {
    let width = width();
    let columns = [
        Column::new("item", false, moves, |it| shown_name(&it.item, width)),
        Column::new("", false, moves, |it| if it.change > 0.0 { "up" } else { "down" }.to_owned()),
        Column::new("change", true, moves, |it| change(it, level)),
        Column::new("from", true, moves, |it| format!("{:.1}", it.previous)),
        Column::new("to", true, moves, |it| format!("{:.1}", it.rating)),
        Column::new("rank", false, moves, |it| match (it.rank_before, it.rank_now) {
            (before, now) if before == now => format!("stays {now}"),
            (before, now) => format!("{before} to {now}"),
        }),
    ];
    render(&columns)
}
