//! What the user of a tournament must know of its judge and its budget.

use palio::advantages::{AggregateSettings, Aggregation};
use palio::data::{ItemId, Items};
use palio::judges::{GroupOutcome, JudgeReport, OnFailure, Orders, PlaySettings};
use palio::structure::Note;

use crate::cli::advantage::notes::named;
use crate::cli::table::grouped;

/// A group that was played, and what came of it.
type Outcome<'a> = (ItemId, &'a GroupOutcome);

/// Questions without an answer, and what became of their matches.
pub(super) fn unanswered(judge: &JudgeReport, outcomes: &[Outcome<'_>], settings: &PlaySettings) -> Option<Note> {
    let reason = judge.first_failure.as_deref()?;
    let matches = outcomes.iter().map(|(_, group)| group.unanswered).sum::<u64>();
    let (failed, all) = (grouped(judge.failures as f64), grouped(judge.calls as f64));
    let needs_both = settings.orders == Orders::Both && settings.settings.get("rules") != Some("arenarl");
    let needed = if needs_both { ", as each needs an answer in both orders" } else { "" };
    let matches = match (matches, settings.on_failure) {
        (0, _) => "every match has a result from its other answers".to_owned(),
        (matches, OnFailure::Tie) => format!("{} matches count as ties{needed}", grouped(matches as f64)),
        (matches, _) => format!("{} matches have no result{needed}", grouped(matches as f64)),
    };
    let message = format!("{failed} of {all} questions have no answer, and {matches}; the first: {reason}");
    Some(Note::new("unanswered", message))
}

/// Groups for which the budget was too small.
pub(super) fn over_budget(groups: &Items, outcomes: &[Outcome<'_>], settings: &PlaySettings) -> Option<Note> {
    let over = || outcomes.iter().filter(|(_, group)| group.over_budget > 0);
    let had_room = |group: &GroupOutcome| {
        let given = group.history.played().count() + group.history.unanswered().count();
        given as u64 > group.over_budget
    };
    let named = |in_part: bool| {
        let found: Vec<ItemId> = over().filter(|(_, it)| had_room(it) == in_part).map(|&(group, _)| group).collect();
        named(groups, &found)
    };
    let told = [(named(true), "played in part"), (named(false), "not played at all")];
    let told = told.into_iter().filter_map(|(groups, how)| Some(format!("{} were {how}", groups?)));
    let told = told.collect::<Vec<_>>().join(", and ");
    let message = format!(
        "--max-matches {} was too few: {told}; advantages of the items there rest on fewer matches than the topology \
         has, and items without a match are masked",
        settings.max_matches?
    );
    over().next().map(|_| Note::new("budget", message))
}

/// Matches whose scores are shares of a win, where the aggregation reads scores.
pub(super) fn without_scores(outcomes: &[Outcome<'_>], aggregation: &AggregateSettings) -> Option<Note> {
    if !matches!(aggregation.aggregation, Aggregation::MeanScore | Aggregation::Margin) {
        return None;
    }
    let without = outcomes.iter().map(|(_, group)| group.without_scores).sum::<u64>();
    let answered = outcomes.iter().map(|(_, group)| group.history.played().count()).sum::<usize>();
    let message = format!(
        "{} of {} matches have a winner or a grade of the judge and no scores, and {} reads scores: there a win stands \
         for 1 and a loss for 0; let the judge answer with scores, or give --aggregate win-rate",
        grouped(without as f64),
        grouped(answered as f64),
        aggregation.aggregation.name()
    );
    (without > 0).then(|| Note::new("matches-without-scores", message))
}
