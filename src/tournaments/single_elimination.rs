//! Who loses once is out.

use super::bracket::{Elimination, Feed, Form, Graph, Seeding, halvings, positions};
use super::{RULES, Rules, Size, Stage, TopologyEntry, arenarl};
use crate::settings::{Setting, Settings, SettingsError};

/// A standard bracket: places for the next power of two, byes to the best seeds.
///
/// The seeding matches and their scores are those of `ArenaRL` (arXiv 2601.06487), which calls the
/// format seeded single elimination; where N is a power of two and no match is tied, all matches are.
/// There the empty places are taken out before the items are paired, so that for other N the byes fall
/// to any seed; `rules=arenarl` does so.
pub(super) const ENTRY: TopologyEntry = TopologyEntry {
    name: "seeded-single-elimination",
    summary: "a bracket seeded by a match of everyone against the first item; who loses is out",
    size_in_words: "N−1 matches and N−1 more to seed by the anchor; ⌈log₂ N⌉ sequential rounds, and 1 more to seed",
    aggregation: "bracket",
    settings: &[RULES, SEEDS],
    size: |items, settings| {
        let (seeding, items) = (seeding(settings)?, items.max(1));
        let matches = u64::from(items - 1) + u64::from(seeding.matches(items));
        Ok(Size::exactly(matches, halvings(items) + seeding.rounds(items)))
    },
    build: |settings| {
        let seeding = seeding(settings)?;
        Ok(match Rules::of(settings)? {
            Rules::Standard => Box::new(Elimination::new(Form::Fixed(form), seeding, Rules::Standard)),
            Rules::ArenaRl => arenarl::single_elimination(),
        })
    },
};

const SEEDS: Setting = Setting {
    name: "seeds",
    default: "anchor",
    summary: "anchor: by a match against the first item; given: by scores known beforehand; none: drawn",
};

fn seeding(settings: &Settings) -> Result<Seeding, SettingsError> {
    if Rules::of(settings)? == Rules::ArenaRl {
        arenarl::refuse_other(settings, "seeds", "anchor")?;
    }
    settings.choice("seeds", &[("anchor", Seeding::Anchor), ("given", Seeding::Given), ("none", Seeding::Drawn)])
}

fn form(items: u32, graph: &mut Graph) {
    let seed = |seed| if seed < items { Feed::Seed(seed) } else { Feed::Bye };
    let mut feeds: Vec<Feed> = positions(1 << halvings(items)).into_iter().map(seed).collect();
    for round in 1..=halvings(items) {
        feeds =
            feeds.chunks_exact(2).map(|pair| Feed::Winner(graph.add(Stage::Main, round, [pair[0], pair[1]]))).collect();
    }
}
