//! Everyone against one item of the group.

use super::{Field, Match, MatchResult, RULES, Rules, Schedule, Size, Stage, Topology, TopologyEntry};

pub(super) const ENTRY: TopologyEntry = TopologyEntry {
    name: "anchor",
    summary: "everyone meets the first item, which is ranked with the others",
    size_in_words: "N−1 matches, 1 sequential round",
    aggregation: "mean-score",
    settings: &[RULES],
    size: |items, settings| {
        Rules::of(settings)?;
        Ok(Size::exactly(items.saturating_sub(1).into(), u32::from(items > 1)))
    },
    build: |settings| {
        Rules::of(settings)?;
        Ok(Box::new(Anchor))
    },
};

/// The item that everyone meets.
pub(super) const ANCHOR: u32 = 0;

#[derive(Debug)]
struct Anchor;

impl Topology for Anchor {
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>) {
        play_anchor(field.items, Stage::Main, schedule);
    }

    /// A challenger's one match is all there is of it.
    fn report(&mut self, played: Match, result: Option<MatchResult>, schedule: &mut Schedule<'_>) {
        if result.is_none() {
            schedule.withdraw(played.left);
        }
    }
}

/// Everyone against the anchor, in round 1, with numbers from 0.
pub(super) fn play_anchor(items: u32, stage: Stage, schedule: &mut Schedule<'_>) {
    for left in 1..items {
        schedule.play(Match { id: left - 1, round: 1, stage, left, right: ANCHOR });
    }
}
