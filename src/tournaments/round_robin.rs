//! Everyone against everyone, and everyone against the next.

use super::{Field, Match, MatchResult, RULES, Rules, Schedule, Size, Stage, Topology, TopologyEntry};
use crate::settings::{Settings, SettingsError};

pub(super) const ENTRY: TopologyEntry = TopologyEntry {
    name: "round-robin",
    summary: "everyone meets everyone once, in Berger's order",
    size_in_words: "N(N−1)/2 matches; they need no result of each other: 1 sequential round",
    aggregation: "win-rate",
    settings: &[RULES],
    size: |items, settings| {
        Rules::of(settings)?;
        let items = u64::from(items);
        Ok(Size::exactly(items * items.saturating_sub(1) / 2, u32::from(items > 1)))
    },
    build: |settings| {
        Ok(match Rules::of(settings)? {
            Rules::Standard => Box::new(AllPairs(berger)),
            Rules::ArenaRl => Box::new(AllPairs(lexicographic)),
        })
    },
};

pub(super) const CIRCULAR: TopologyEntry = TopologyEntry {
    name: "circular",
    summary: "each item meets the next, and the last the first",
    size_in_words: "N matches, 1 for two items; 1 sequential round",
    aggregation: "win-rate",
    settings: &[RULES],
    size: |items, settings| {
        Rules::of(settings)?;
        Ok(match items {
            0 | 1 => Size::exactly(0, 0),
            2 => Size::exactly(1, 1),
            _ => Size::exactly(items.into(), 1),
        })
    },
    build: |settings| standard_only(settings, "circular").map(|()| Box::new(AllPairs(circle)) as Box<dyn Topology>),
};

/// Refuses rules of published code where that has no such format.
fn standard_only(settings: &Settings, name: &str) -> Result<(), SettingsError> {
    match Rules::of(settings)? {
        Rules::Standard => Ok(()),
        Rules::ArenaRl => Err(SettingsError::Value {
            name: "rules".to_owned(),
            value: "arenarl".to_owned(),
            expected: format!("standard for {name}, which ArenaRL doesn't have"),
        }),
    }
}

/// Matches that are all known from the start, in the order of a function.
#[derive(Debug)]
struct AllPairs(fn(u32) -> Vec<[u32; 2]>);

impl Topology for AllPairs {
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>) {
        for (id, [left, right]) in (0..).zip((self.0)(field.items)) {
            schedule.play(Match { id, round: 1, stage: Stage::Main, left, right });
        }
    }

    fn report(&mut self, _played: Match, _result: Option<MatchResult>, _schedule: &mut Schedule<'_>) {}
}

fn lexicographic(items: u32) -> Vec<[u32; 2]> {
    (0..items).flat_map(|left| (left + 1..items).map(move |right| [left, right])).collect()
}

fn circle(items: u32) -> Vec<[u32; 2]> {
    let last = if items > 2 { items } else { 1 };
    (0..last).map(|left| [left, (left + 1) % items]).collect()
}

/// The order of Berger's tables: rounds in which everyone plays once, with sides that alternate.
fn berger(items: u32) -> Vec<[u32; 2]> {
    let places = items + items % 2;
    let fixed = places - 1;
    let mut pairs = Vec::with_capacity(items as usize * (items as usize - 1) / 2);
    for round in 0..fixed {
        for table in 0..places / 2 {
            // All but one place move round the circle; half a turn a round makes Berger's order.
            let turn = round * (places / 2) % fixed;
            let first = if table == 0 { fixed } else { (turn + table) % fixed };
            let second = (turn + fixed - table) % fixed;
            let pair = if table == 0 && round % 2 == 0 { [second, first] } else { [first, second] };
            if pair.iter().all(|&item| item < items) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn berger_is_the_fide_table_of_six() {
        // FIDE Handbook C.05, annex 1, table for 5 or 6 players.
        let table = [
            [[1, 6], [2, 5], [3, 4]],
            [[6, 4], [5, 3], [1, 2]],
            [[2, 6], [3, 1], [4, 5]],
            [[6, 5], [1, 4], [2, 3]],
            [[3, 6], [4, 2], [5, 1]],
        ];
        let expected: Vec<[u32; 2]> = table.iter().flatten().map(|pair| pair.map(|player| player - 1)).collect();
        assert_eq!(berger(6), expected);
    }
}
