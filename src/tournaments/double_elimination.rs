//! Who loses twice is out.

use std::ops::Range;

use super::bracket::{Elimination, Feed, Form, Graph, Seeding, halvings, positions};
use super::{RULES, Rules, Size, Stage, TopologyEntry, arenarl};
use crate::settings::{Setting, Settings, SettingsError};

/// Two standard brackets: who loses in the winners' goes on in the losers', and the winners of both
/// meet in the grand final.
///
/// Byes are those of a single elimination, and the places they leave empty in the losers' bracket are
/// passed without a match. If the winners' best loses the grand final it is played again, so that all
/// but the winner have two losses; with `reset=false` its one loss is the end.
pub(super) const ENTRY: TopologyEntry = TopologyEntry {
    name: "double-elimination",
    summary: "a bracket, and another one for those who lost once; who loses twice is out",
    size_in_words: "2N−2 matches, 2N−1 with a reset; 2⌈log₂ N⌉ sequential rounds, and 1 more for a reset",
    aggregation: "bracket",
    settings: &[RULES, SEEDS, RESET],
    size: |items, settings| {
        let (options, items) = (Options::of(settings)?, items.max(1));
        let matches = 2 * u64::from(items - 1);
        let rounds = match options.rules {
            Rules::Standard => 2 * halvings(items),
            Rules::ArenaRl => arenarl::double_elimination_rounds(items),
        };
        let more = u32::from(options.reset && items > 1);
        Ok(Size { matches: matches..=matches + u64::from(more), rounds: rounds..=rounds + more })
    },
    build: |settings| {
        let options = Options::of(settings)?;
        Ok(match options.rules {
            Rules::Standard => {
                let form = Form::Fixed(if options.reset { with_reset } else { brackets });
                Box::new(Elimination::new(form, options.seeding, options.rules))
            }
            Rules::ArenaRl => arenarl::double_elimination(),
        })
    },
};

const SEEDS: Setting =
    Setting { name: "seeds", default: "none", summary: "given: by scores known beforehand; none: drawn" };

const RESET: Setting = Setting {
    name: "reset",
    default: "true",
    summary: "true: the grand final is played again if who never lost before lost it; false: never",
};

struct Options {
    rules: Rules,
    seeding: Seeding,
    reset: bool,
}

impl Options {
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let rules = Rules::of(settings)?;
        if rules == Rules::ArenaRl {
            arenarl::refuse_other(settings, "seeds", "none")?;
            arenarl::refuse_other(settings, "reset", "false")?;
        }
        let seeding = settings.choice("seeds", &[("none", Seeding::Drawn), ("given", Seeding::Given)])?;
        let reset = settings.choice("reset", &[("true", true), ("false", false)])?;
        Ok(Self { rules, seeding, reset: reset && rules == Rules::Standard })
    }
}

fn with_reset(items: u32, graph: &mut Graph) {
    brackets(items, graph);
    graph.add_reset(2 * halvings(items) + 1);
}

/// Both brackets and the grand final, node by node in the order of their rounds.
///
/// The losers' bracket has two rounds for each round of the winners' after the first: who is left in
/// it plays off, then the survivors meet those who just dropped. So its rounds 2r−3 and 2r−2 belong to
/// round r of the winners', and are the sequential rounds 2r−2 and 2r−1.
fn brackets(items: u32, graph: &mut Graph) {
    let rounds = halvings(items);
    let mut winners = first_round(items, graph);
    let mut survivors: Vec<Feed> = winners.clone().map(Feed::Loser).collect();
    let mut dropped = Vec::new();
    for time in 2..2 * rounds {
        if time <= rounds {
            winners = next_round(&winners, time, graph);
            dropped.push(winners.clone());
        }
        let feeds: Vec<[Feed; 2]> = if time % 2 == 0 {
            survivors.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
        } else {
            let round = time.div_ceil(2);
            let drops = dropped[round as usize - 2].clone();
            let cross = crossing(round, rounds);
            (0..)
                .zip(&survivors)
                .map(|(slot, &survivor)| [Feed::Loser(drops.start + (slot ^ cross)), survivor])
                .collect()
        };
        survivors = feeds.into_iter().map(|pair| Feed::Winner(graph.add(Stage::Losers, time, pair))).collect();
    }
    let best = Feed::Winner(winners.start);
    graph.add(Stage::GrandFinal, 2 * rounds, [best, survivors[0]]);
}

fn first_round(items: u32, graph: &mut Graph) -> Range<u32> {
    let seed = |seed| if seed < items { Feed::Seed(seed) } else { Feed::Bye };
    let seeds = positions(1 << halvings(items));
    for pair in seeds.chunks_exact(2) {
        graph.add(Stage::Main, 1, [seed(pair[0]), seed(pair[1])]);
    }
    0..seeds.len() as u32 / 2
}

fn next_round(before: &Range<u32>, round: u32, graph: &mut Graph) -> Range<u32> {
    let pairs = before.clone().step_by(2);
    let nodes: Vec<u32> =
        pairs.map(|node| graph.add(Stage::Main, round, [Feed::Winner(node), Feed::Winner(node + 1)])).collect();
    nodes[0]..nodes[0] + nodes.len() as u32
}

/// Where those who drop from a round of the winners' bracket go in the losers', so that they meet who
/// lost to them before as late as can be: the place of each is that of its match with these bits
/// exchanged.
///
/// Who dropped in rounds q and r out of one part of the winners' bracket are in parts of the losers'
/// that come together the later, the higher the first bit is in which their crossings differ. The bits
/// of r−1 in reverse order (van der Corput's sequence: none, a half, a quarter, three quarters) keep all
/// rounds as far apart as possible. Round 2 shifts by half and round 3 by a quarter; bracket software
/// mixes reversals and shifts by halves to the same end, from tables for some sizes.
fn crossing(round: u32, rounds: u32) -> u32 {
    let bits = rounds - round;
    if bits == 0 { 0 } else { (round - 1).reverse_bits() >> (u32::BITS - bits) }
}
