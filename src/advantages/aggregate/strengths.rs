//! Bradley-Terry strengths of a group.

use super::matches;
use crate::data::graph::PreferenceGraph;
use crate::data::{Comparison, ItemId, Items, Log};
use crate::models::{BradleyTerry, Rater};
use crate::tournaments::History;

/// Bradley-Terry ratings in log-odds, ties as half wins, of the items that played.
///
/// Where the matches identify no finite maximum (some item won or lost all, or parts never met) the
/// rater's fallback penalty is used for all: an undefeated item has a finite lead. A group is small
/// enough for that to be the rule rather than the exception, which the caller should know: such
/// strengths depend on the penalty.
pub(super) fn strengths(history: &History) -> Vec<f64> {
    let mut place = vec![None; history.items()];
    let mut names = Items::new();
    for played in matches(history) {
        for item in [played.game.left, played.game.right] {
            place[item as usize].get_or_insert_with(|| names.intern(&item.to_string()));
        }
    }
    let mut log = Log::new(names);
    for played in matches(history) {
        let id = |item: u32| place[item as usize].unwrap_or(ItemId(0));
        let (left, right) = (id(played.game.left), id(played.game.right));
        log.push(Comparison { weight: played.weight, ..Comparison::new(left, right, played.result.outcome) });
    }
    let graph = PreferenceGraph::from_log(&log);
    let fitted = BradleyTerry::default().fit((&graph).into(), None);
    let rating =
        |id: Option<ItemId>| fitted.as_ref().ok().and_then(|fitted| fitted.ratings().get(id?.index()).copied());
    place.into_iter().map(|id| rating(id).unwrap_or(f64::NAN)).collect()
}
