//! What a run costs before it is made, and who gets how many matches of a budget.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::entrants::Entrants;
use super::{Orders, PlaySettings};
use crate::judges::JudgeError;
use crate::tournaments::{Size, TopologyEntry, TournamentError};

/// How many matches a group may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allotted {
    pub(super) matches: u64,
    /// Whether it may need more.
    pub(super) in_part: bool,
}

/// What the groups of one size cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The number of items of each.
    pub items: u32,
    /// How many groups there are.
    pub groups: u64,
    /// Fewest and most matches of one.
    pub matches: RangeInclusive<u64>,
    /// Fewest and most sequential rounds.
    pub rounds: RangeInclusive<u32>,
}

/// What a run costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TotalCost {
    /// By size of the groups, ascending.
    pub sizes: Vec<Cost>,
    /// Fewest and most matches of all, within the budget.
    pub matches: RangeInclusive<u64>,
    /// Fewest and most calls for them.
    pub calls: RangeInclusive<u64>,
    /// Fewest and most sequential rounds of any group: groups are played at the same time.
    pub rounds: RangeInclusive<u32>,
}

fn size_of(settings: &PlaySettings, items: u32) -> Result<Size, JudgeError> {
    let unknown = || TournamentError::Unknown { name: settings.topology.clone() };
    let entry = TopologyEntry::find(&settings.topology).ok_or_else(unknown)?;
    entry.topology(&settings.settings).map_err(TournamentError::from)?;
    Ok((entry.size)(items, &settings.settings).map_err(TournamentError::from)?)
}

/// Groups get all they may need, in their order, until one gets what is left; the others get nothing.
pub(super) fn allotted(groups: &[Entrants], settings: &PlaySettings) -> Result<Vec<Allotted>, JudgeError> {
    let mut left = settings.max_matches.unwrap_or(u64::MAX);
    let allot = |group: &Entrants| {
        let most = *size_of(settings, group.items.len() as u32)?.matches.end();
        let matches = most.min(left);
        // Who comes later gets nothing, however little it needs: a budget is spent from the front.
        left = if matches < most { 0 } else { left - matches };
        let matches = if settings.max_matches.is_some() { matches } else { u64::MAX };
        Ok(Allotted { matches, in_part: matches < most })
    };
    groups.iter().map(allot).collect()
}

/// What playing these groups costs, without a call. Questions that come up twice are counted twice.
///
/// # Errors
/// If the topology can't be played.
pub fn cost(groups: &[Entrants], settings: &PlaySettings) -> Result<TotalCost, JudgeError> {
    let mut counts = std::collections::BTreeMap::<u32, u64>::new();
    for group in groups {
        *counts.entry(group.items.len() as u32).or_default() += 1;
    }
    let of_size = |(&items, &groups): (&u32, &u64)| {
        let Size { matches, rounds } = size_of(settings, items)?;
        Ok(Cost { items, groups, matches, rounds })
    };
    let sizes: Vec<Cost> = counts.iter().map(of_size).collect::<Result<_, JudgeError>>()?;
    let most = settings.max_matches.unwrap_or(u64::MAX);
    let total = |of: fn(&Cost) -> u64| sizes.iter().map(|cost| of(cost) * cost.groups).sum::<u64>().min(most);
    let (least, most) = (total(|cost| *cost.matches.start()), total(|cost| *cost.matches.end()));
    let rounds = |of: fn(&Cost) -> u32| sizes.iter().map(of).max().unwrap_or(0);
    let calls = settings.calls_per_match();
    Ok(TotalCost {
        matches: least..=most,
        calls: least * calls..=most * calls,
        rounds: rounds(|cost| *cost.rounds.start())..=rounds(|cost| *cost.rounds.end()),
        sizes,
    })
}

impl Orders {
    /// The name in `--orders`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::One => "one",
        }
    }
}
