//! What moved since an earlier board, in words.

use std::fmt::Write as _;

use palio::leaderboard::published::PublishedBoard;
use palio::leaderboard::{Leaderboard, Move, Moves};
use palio::report::FixedBoard;
use palio::structure::Note;

use super::known::BoardFile;
use crate::cli::table::{Column, grouped, render, shown_name, trimmed, width, wrapped};

/// Names shown of a long list.
const NAMED: usize = 5;
/// The code of the note that no item of an earlier board is rated now.
pub(super) const NOTHING_IN_COMMON: &str = "nothing-in-common";

/// What moved on a board; a note instead where the file has no board that goes with it.
pub(super) fn moves(
    file: &BoardFile,
    name: Option<&str>,
    board: &Leaderboard,
    shifts: bool,
    level: f64,
) -> Result<Moves, Note> {
    let Some(previous) = file.board(name) else {
        let message = format!("{} has no board of this name; its boards are {}", file.path, file.names());
        return Err(Note::new("no-previous-board", message));
    };
    let found = Moves::between(previous, board, shifts, level);
    found.ok_or_else(|| nothing_in_common(file, previous, board))
}

/// That no item of an earlier board is rated now.
fn nothing_in_common(file: &BoardFile, previous: &PublishedBoard, board: &Leaderboard) -> Note {
    let then: Vec<&str> = previous.items.iter().map(|item| item.item.as_str()).collect();
    let now: Vec<&str> = board.items.iter().map(|row| row.item.as_str()).collect();
    let message = format!(
        "--previous {}: none of its {} items ({}) is rated here, where there are {} ({}); if they are called otherwise, \
         give their names of then with --rename FILE",
        file.path,
        then.len(),
        listed(&then),
        now.len(),
        listed(&now)
    );
    Note::new(NOTHING_IN_COMMON, message)
}

fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// What moved, for people.
pub(super) fn words(moves: &Moves, path: &str) -> String {
    let with = |told: Option<bool>| moves.items.iter().filter(|it| it.beyond == told).collect::<Vec<&Move>>();
    let (beyond, within, unknown) = (with(Some(true)), with(Some(false)), with(None));
    let mut text = wrapped(&about(moves, path), width()) + "\n";
    if let Some(spread) = moves.spread.filter(|spread| !(0.9..=1.1).contains(spread)) {
        let _ = writeln!(
            text,
            "ratings are {spread:.2} times as far apart as then: the boards differ in more than their items (in what \
             counts as a tie, in a penalty, or in who is compared)"
        );
    }
    let level = trimmed(100.0 * moves.level);
    if !beyond.is_empty() {
        let _ = writeln!(text, "changed beyond their {level}% intervals, which carry the errors of both boards:");
        text += &table(&beyond);
    } else if !within.is_empty() {
        let _ =
            writeln!(text, "no rating changed beyond its {level}% interval, which carries the errors of both boards");
    }
    if let Some(largest) = within.first() {
        let who = match (beyond.is_empty() && unknown.is_empty(), within.len()) {
            (true, count) => format!("all {}", grouped(count as f64)),
            (false, count) => format!("another {}", grouped(count as f64)),
        };
        let _ = writeln!(
            text,
            "{who} changed within them, the most {} by {}",
            shown_name(&largest.item, width()),
            change(largest)
        );
    }
    if let Some(largest) = unknown.first() {
        let _ = writeln!(
            text,
            "without an error on one board or both, so that chance can't be told: {}, of which the most moved {} by {}",
            unknown.len(),
            shown_name(&largest.item, width()),
            change(largest)
        );
    }
    if !(beyond.is_empty() && within.is_empty()) {
        text +=
            "intervals are as if the boards rested on different comparisons; where they share some, less is chance\n";
    }
    let others = [
        ("new", &moves.new),
        ("gone", &moves.gone),
        ("hidden now", &moves.hidden),
        ("not identified on one board, so not compared", &moves.not_comparable),
    ];
    for (word, names) in others.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(text, "{word}: {} ({})", names.len(), listed(names));
    }
    text
}

/// What is compared with what.
fn about(moves: &Moves, path: &str) -> Vec<String> {
    let board = moves.board.as_ref().map_or_else(String::new, |name| format!(", board {name}"));
    let items = moves.items.len();
    let counted = format!("{} {} on both boards", grouped(items as f64), if items == 1 { "item" } else { "items" });
    let mut parts = vec![format!("since {path}{board}: {counted}")];
    parts.extend(moves.shift.map(|shift| format!("ratings of then moved by {shift:+.1}, the median change")));
    parts
}

/// What was placed on a board that stays, and what its intervals carry, for people.
pub(super) fn words_of_placed(placed: &FixedBoard, path: &str, has_intervals: bool) -> String {
    let new = placed.new.len();
    let FixedBoard { staying, without_error, .. } = *placed;
    let names = if new == 0 { String::new() } else { format!(" ({})", listed(&placed.new)) };
    let mut parts = vec![format!("on {path}: {staying} stay as they are, new: {new}{names}")];
    if has_intervals && new > 0 {
        let known = staying - without_error;
        if known > 0 {
            let whose =
                if without_error == 0 { "the board's ratings".to_owned() } else { format!("{known} of these ratings") };
            parts.push(format!("intervals of new items carry the errors of {whose}, as if independent"));
        }
        if without_error > 0 {
            parts.push(format!("they take {without_error} ratings as exact, whose errors the board does not give"));
        }
    }
    wrapped(&parts, width()) + "\n"
}

/// A change with its interval.
fn change(found: &Move) -> String {
    match found.margin {
        Some(margin) => format!("{:+.1} ±{margin:.1}", found.change),
        None => format!("{:+.1}", found.change),
    }
}

fn table(moves: &[&Move]) -> String {
    let width = width();
    let columns = [
        Column::new("item", false, moves, |it| shown_name(&it.item, width)),
        Column::new("", false, moves, |it| if it.change > 0.0 { "up" } else { "down" }.to_owned()),
        Column::new("change", true, moves, |it| change(it)),
        Column::new("from", true, moves, |it| format!("{:.1}", it.previous)),
        Column::new("to", true, moves, |it| format!("{:.1}", it.rating)),
        Column::new("rank", false, moves, |it| match (it.rank_before, it.rank_now) {
            (before, now) if before == now => format!("stays {now}"),
            (before, now) => format!("{before} to {now}"),
        }),
    ];
    render(&columns)
}
