//! Boards by name, made of one reading of the log.

use anyhow::{Context, bail};
use palio::data::filter::BoardRows;
use palio::data::graph::PreferenceGraph;
use palio::data::read::{BoardParts, Boards, Comparisons};
use palio::report::NamedRows;
use palio::structure::Note;
use rayon::prelude::*;

use super::{Made, Plan, items_of};
use crate::cli::rating::IntervalKind;

/// Refuses two boards of one name.
pub(super) fn check_names(boards: &[BoardRows]) -> anyhow::Result<()> {
    for (place, board) in boards.iter().enumerate() {
        if boards[..place].iter().any(|other| other.name == board.name) {
            bail!("there are two boards `{}`; give each a name of its own", board.name);
        }
    }
    Ok(())
}

/// What is to be said of boards that no row is on, which are left out.
pub(super) fn empty_boards(asked: &[BoardRows], found: &Boards) -> Vec<Note> {
    let empty = asked.iter().zip(&found.rows).filter(|&(_, &rows)| rows == 0);
    let message =
        |board: &BoardRows| format!("no row is on the board `{}` ({}); it is left out", board.name, board.condition);
    empty.map(|(board, _)| Note::new("empty-board", message(board))).collect()
}

/// The boards that could be made. One that can't, as where it lacks the item of an anchor, is no reason to go without
/// the others: it is left out with a note.
///
/// # Errors
/// If there is none that could be made.
pub(super) fn made(found: Vec<anyhow::Result<Made>>, notes: &mut Vec<Note>) -> anyhow::Result<Vec<Made>> {
    if found.iter().all(Result::is_err) {
        return found.into_iter().collect();
    }
    let mut boards = Vec::new();
    for board in found {
        match board {
            Ok(board) => boards.push(board),
            Err(error) => notes.push(Note::new("board-left-out", format!("{error:#}; it is left out"))),
        }
    }
    Ok(boards)
}

impl Plan<'_> {
    /// The boards that have rows, in the order in which they were asked for, or why one can't be made.
    pub(super) fn named_boards(
        &self,
        found: Boards,
        comparisons: &Comparisons,
        task: Option<&str>,
    ) -> Vec<anyhow::Result<Made>> {
        let Boards { rows, parts } = found;
        let items = match (&parts, comparisons) {
            (BoardParts::Counts(tallies), _) => tallies.iter().map(|tally| tally.items().len()).max().unwrap_or(0),
            (BoardParts::Rows(_), comparisons) => items_of(comparisons).len(),
        };
        self.share_draws(rows.len(), items);
        let asked: Vec<usize> = (0..rows.len()).filter(|&board| rows[board] > 0).collect();
        let one = |board: usize| {
            let BoardRows { name, condition } = self.args.board[board].clone();
            let context = format!("board {name}");
            let of = Some(name.clone());
            let named = NamedRows { board: name, condition, rows: rows[board] };
            let made = match (&parts, comparisons) {
                (BoardParts::Rows(membership), Comparisons::Rows(log)) => {
                    let part = membership.part(log, board);
                    let part = if self.args.input.sorts_by_time() { part.sorted_by_time() } else { part };
                    let part = self.args.covariates.reweighted(part, &self.rating);
                    self.board(of, &PreferenceGraph::from_log(&part), Some(&part), task)
                }
                (BoardParts::Counts(tallies), _) => {
                    self.board(of, &PreferenceGraph::from_tally(tallies[board].clone()), None, None)
                }
                (BoardParts::Rows(_), Comparisons::Counts(_)) => bail!("the rows of the log were not kept"),
            };
            let mut made = made.context(context)?;
            (made.board.by, made.board.of) = (None, Some(named));
            Ok(made)
        };
        // The bootstrap is parallel itself, and shows how far it is.
        if self.rating.interval == IntervalKind::Bootstrap {
            return asked.into_iter().map(one).collect();
        }
        asked.into_par_iter().map(one).collect()
    }
}
