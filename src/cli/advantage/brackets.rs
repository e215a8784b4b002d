//! Whether matches can be those of a bracket.

use std::cmp::Ordering;

use palio::advantages::{AGGREGATIONS, Aggregation};
use palio::tournaments::{History, Match, Played, Stage};

/// What no bracket has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stray {
    /// An item met several others in one round.
    Several { item: u32, round: u32 },
    /// An item lost its place in a round, and played on in another.
    PlayedOn { item: u32, lost: u32, again: u32 },
}

/// The last match of an item.
#[derive(Debug, Clone, Copy)]
struct Last {
    round: u32,
    stage: Stage,
    opponent: u32,
    /// The item's shares of the rows of the match less those of the opponent, summed.
    lead: f64,
}

/// The first item, by round, whose matches are not those of a bracket. Matches for seeds are left out, and
/// rows of two items in one round are one match. O(matches log matches).
pub(super) fn outside_a_bracket(history: &History) -> Option<Stray> {
    let mut last: Vec<Option<Last>> = vec![None; history.items()];
    let mut matches: Vec<Played> = history.played().filter(|played| played.game.stage != Stage::Seeding).collect();
    matches.sort_by_key(|played| played.game.round);
    for played in matches {
        let Match { left, right, .. } = played.game;
        let share = played.result.outcome.share();
        for (item, opponent, lead) in [(left, right, 2.0 * share - 1.0), (right, left, 1.0 - 2.0 * share)] {
            let last = &mut last[item as usize];
            match last.map(|last| last.goes_on(item, opponent, played.game)).transpose() {
                Err(stray) => return Some(stray),
                Ok(goes_on) => {
                    let Match { round, stage, .. } = played.game;
                    let before = if goes_on == Some(Going::SameMatch) { last.map_or(0.0, |it| it.lead) } else { 0.0 };
                    *last = Some(Last { round, stage, opponent, lead: before + lead });
                }
            }
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    SameMatch,
    Further,
}

impl Last {
    /// Whether the item may be in this match after the last one.
    fn goes_on(self, item: u32, opponent: u32, game: Match) -> Result<Going, Stray> {
        if self.round == game.round {
            let is_same = self.opponent == opponent;
            return if is_same { Ok(Going::SameMatch) } else { Err(Stray::Several { item, round: game.round }) };
        }
        let has_lost = self.lead.total_cmp(&0.0) == Ordering::Less;
        let is_out = self.stage == Stage::Losers || (self.stage == Stage::Main && game.stage == Stage::Main);
        if has_lost && is_out {
            return Err(Stray::PlayedOn { item, lost: self.round, again: game.round });
        }
        Ok(Going::Further)
    }
}

impl Stray {
    /// What the user is told, who knows the items by their names.
    pub(super) fn in_words(self, group: &str, name: impl Fn(u32) -> String) -> String {
        let what = match self {
            Self::Several { item, round } => format!("{:?} met several items in round {round}", name(item)),
            Self::PlayedOn { item, lost, again } => {
                format!("{:?} lost in round {lost} and played on in round {again}", name(item))
            }
        };
        let others = AGGREGATIONS.iter().filter(|it| it.aggregation != Aggregation::Bracket).map(|it| it.name);
        format!(
            "--aggregate bracket: the matches of group {group:?} make no bracket ({what}); give {}, or a column stage \
             where there are several parts",
            others.collect::<Vec<_>>().join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use palio::settings::Settings;
    use palio::tournaments::{Draw, Field, MatchResult, TOPOLOGIES, TopologyEntry, Tournament};

    use super::*;

    /// A tournament in which this decides the matches.
    fn played(entry: &TopologyEntry, items: u32, rules: &str, judge: impl Fn(Match) -> MatchResult) -> History {
        let mut settings = Settings::default();
        settings.set("rules", rules);
        let draw = Draw::Seeded { seed: 1, group: u64::from(items) };
        let mut tournament = Tournament::new(entry.name, &settings, Field::new(items, draw)).unwrap();
        loop {
            let matches = tournament.next_matches();
            if matches.is_empty() {
                return tournament.history().clone();
            }
            for game in matches {
                tournament.report(game.id, Some(judge(game))).unwrap();
            }
        }
    }

    fn better(game: Match) -> MatchResult {
        MatchResult::from_scores(f64::from(game.left), f64::from(game.right), 0.0)
    }

    fn worse_at_times(game: Match) -> MatchResult {
        if game.id.is_multiple_of(3) { better(game).mirrored() } else { better(game) }
    }

    #[test]
    fn eliminations_make_a_bracket_and_other_topologies_none() {
        for (entry, items) in TOPOLOGIES.iter().flat_map(|entry| (4..=17).map(move |items| (entry, items))) {
            let is_bracket = entry.aggregation == Aggregation::Bracket.name();
            let both = [Some("standard"), Some("arenarl").filter(|_| entry.name != "circular")];
            for rules in both.into_iter().flatten() {
                for judge in [better, worse_at_times] {
                    let found = outside_a_bracket(&played(entry, items, rules, judge));
                    assert_eq!(found.is_none(), is_bracket, "{} {items} {rules}: {found:?}", entry.name);
                }
                let tied = outside_a_bracket(&played(entry, items, rules, |_| MatchResult::TIE));
                assert!(!is_bracket || tied.is_none(), "{} {items} {rules}: {tied:?}", entry.name);
            }
        }
    }

    #[test]
    fn rows_of_one_match_are_one_match() {
        let mut history = History::new(3);
        let rows = [(1, 0, 1, MatchResult::RIGHT), (1, 1, 0, MatchResult::RIGHT), (1, 0, 1, MatchResult::LEFT)];
        for (round, left, right, result) in rows.into_iter().chain([(2, 2, 0, MatchResult::LEFT)]) {
            let game = Match { id: 0, round, stage: Stage::Main, left, right };
            history.push(Played { game, result, weight: 1.0 }).unwrap();
        }
        assert_eq!(outside_a_bracket(&history), None);
        let game = Match { id: 0, round: 3, stage: Stage::Main, left: 1, right: 2 };
        history.push(Played { game, result: MatchResult::LEFT, weight: 1.0 }).unwrap();
        assert_eq!(outside_a_bracket(&history), Some(Stray::PlayedOn { item: 1, lost: 1, again: 3 }));
    }
}
