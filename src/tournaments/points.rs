//! Points with tie-breaks, from any history.
//!
//! The definitions are those of FIDE, Handbook C.07, "Play-Off and Tie-Break Regulations" in force
//! since 1 September 2023: article 6 (direct encounter), 7 (wins, progressive), 8 (Buchholz), 9
//! (Sonneborn-Berger), 14 (cuts) and 16 (unplayed rounds). In a group nobody sits a round out by
//! choice, so the articles on voluntary absence have nothing to act on.

mod encounter;
mod groups;
mod sheet;
mod tie_break;

use serde::{Deserialize, Serialize};

use self::encounter::EncounterScore;
use self::groups::Groups;
use self::sheet::Sheets;
pub use self::tie_break::{TieBreak, Unplayed};
use super::History;

/// What points are made of, and what decides between equal ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointsSettings {
    /// What a round without an opponent is worth, in points.
    pub bye: f64,
    /// What decides among items of equal points, the first one first.
    pub tie_breaks: Vec<TieBreak>,
    /// What a round that an item didn't play counts in tie-breaks that look at opponents.
    pub unplayed: Unplayed,
}

impl Default for PointsSettings {
    /// A full point for a bye (FIDE C.04.1). Then Buchholz, which needs no cut where nobody is absent;
    /// Sonneborn-Berger, which separates those whom Buchholz can't, as in a round robin; and direct
    /// encounter last: in few rounds all tied items have seldom met, so that it mostly has no say.
    fn default() -> Self {
        let tie_breaks = vec![TieBreak::Buchholz, TieBreak::SonnebornBerger, TieBreak::DirectEncounter];
        Self { bye: 1.0, tie_breaks, unplayed: Unplayed::default() }
    }
}

/// One item's points, and its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PointsRow {
    /// Shares of matches won, by weight, and byes.
    pub points: f64,
    /// The value of each tie-break of the settings, in their order. `None` for a direct encounter that
    /// has no say: nobody is tied with the item when its turn comes, or not all who are have met.
    pub tie_breaks: Vec<Option<f64>>,
    /// 1 for the best; equal items share the best of their places. `None` if the item was withdrawn.
    pub rank: Option<u32>,
}

/// The points of each item, and the ranks that they and the tie-breaks make.
///
/// A match gives its share to either side, times its weight. A match that nobody could answer gives
/// nothing to either. If no match was decisive, all share rank 1: what separates them then is who had a
/// bye, and that is made by their order and not by the judge.
///
/// Values are taken as equal if they differ by less than a billionth of themselves, since sums of
/// shares depend on their order that much. O(M log M) for M matches, and O(N log N) a tie-break.
pub fn points(history: &History, settings: &PointsSettings) -> Vec<PointsRow> {
    let sheets = Sheets::new(history, settings);
    let value = |tie_break: &TieBreak, item| sheets.tie_break(*tie_break, item);
    let mut rows: Vec<PointsRow> = (0..history.items() as u32)
        .map(|item| PointsRow {
            points: sheets.points(item),
            tie_breaks: settings.tie_breaks.iter().map(|tie_break| value(tie_break, item)).collect(),
            rank: None,
        })
        .collect();
    let groups = ranked(history, &sheets, settings, |at, it| rows[it.item as usize].tie_breaks[at] = Some(it.score));
    groups.for_each_rank(|item, rank| rows[item as usize].rank = Some(rank));
    rows
}

/// What [`PointsRow`] says but for the tie-breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placing {
    pub(crate) points: f64,
    pub(crate) rank: Option<u32>,
}

/// The points and ranks of [`points`], of whose tie-breaks only those are counted that have a say.
pub(crate) fn placings(history: &History, settings: &PointsSettings) -> Vec<Placing> {
    let sheets = Sheets::new(history, settings);
    let unranked = |item| Placing { points: sheets.points(item), rank: None };
    let mut placings: Vec<Placing> = (0..history.items() as u32).map(unranked).collect();
    let groups = ranked(history, &sheets, settings, |_, _| ());
    groups.for_each_rank(|item, rank| placings[item as usize].rank = Some(rank));
    placings
}

/// The items that can be ranked, in groups that no tie-break splits. `note` is told the number of each
/// direct encounter among the tie-breaks, and the scores in it.
fn ranked(
    history: &History,
    sheets: &Sheets,
    settings: &PointsSettings,
    mut note: impl FnMut(usize, &EncounterScore),
) -> Groups {
    let mut groups = Groups::new((0..history.items() as u32).filter(|&item| !history.is_withdrawn(item)));
    if !sheets.is_decisive() {
        return groups;
    }
    groups.split_by(|item| sheets.points(item));
    for (at, &tie_break) in settings.tie_breaks.iter().enumerate() {
        if tie_break == TieBreak::DirectEncounter {
            groups.split_by_encounters(sheets, |it| note(at, it));
        } else {
            groups.split_by(|item| sheets.tie_break(tie_break, item).unwrap_or(0.0));
        }
    }
    groups
}

#[cfg(test)]
mod tests;
