//! The matches of a bracket, and where their winners and losers go.

use crate::tournaments::Stage;

/// Where an item of a match comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tournaments) enum Feed {
    /// The item of this seed, 0 being the best.
    Seed(u32),
    /// Who wins this node.
    Winner(u32),
    /// Who loses this node.
    Loser(u32),
    /// Nobody.
    Bye,
}

/// One of the two places of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) node: u32,
    /// 0 on the left, 1 on the right.
    pub(super) side: u8,
}

/// A match, or a place in the bracket that an item passes without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) stage: Stage,
    /// From 1.
    pub(super) round: u32,
    /// The number of the match; without one the node is a bye.
    pub(super) number: Option<u32>,
    pub(super) winner_to: Option<Slot>,
    pub(super) loser_to: Option<Slot>,
    /// How many items come here if every match is answered.
    entrants: u8,
}

/// A bracket of some number of items, without the items.
///
/// A node comes after those that feed it. Byes are followed through at once: who would have lost to a
/// bye is a bye in the losers' bracket, so that only nodes where two items can meet have a number.
#[derive(Debug, Clone, Default)]
pub(in crate::tournaments) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// What is known before the first match: the seed, or a bye.
    pub(super) starts: Vec<(Slot, Option<u32>)>,
    /// The node of each match.
    pub(super) matches: Vec<u32>,
    /// The node where a grand final is played again.
    pub(super) reset: Option<u32>,
}

impl Graph {
    /// Forgets all but the memory.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.starts.clear();
        self.matches.clear();
        self.reset = None;
    }

    /// Adds a match, or a bye, of who comes from `feeds`: left and right.
    pub(in crate::tournaments) fn add(&mut self, stage: Stage, round: u32, feeds: [Feed; 2]) -> u32 {
        let node = self.nodes.len() as u32;
        let mut entrants = 0;
        for (side, feed) in (0..).zip(feeds) {
            let slot = Slot { node, side };
            match feed {
                Feed::Seed(seed) => self.starts.push((slot, Some(seed))),
                Feed::Winner(from) if self.nodes[from as usize].entrants > 0 => {
                    self.nodes[from as usize].winner_to = Some(slot);
                }
                Feed::Loser(from) if self.nodes[from as usize].entrants > 1 => {
                    self.nodes[from as usize].loser_to = Some(slot);
                }
                Feed::Winner(_) | Feed::Loser(_) | Feed::Bye => {
                    self.starts.push((slot, None));
                    continue;
                }
            }
            entrants += 1;
        }
        self.push(stage, round, entrants);
        node
    }

    /// Adds the match that is played if the right side wins the grand final.
    pub(in crate::tournaments) fn add_reset(&mut self, round: u32) {
        self.reset = Some(self.nodes.len() as u32);
        self.push(Stage::Reset, round, 2);
    }

    fn push(&mut self, stage: Stage, round: u32, entrants: u8) {
        let number = (entrants == 2).then_some(self.matches.len() as u32);
        if number.is_some() {
            self.matches.push(self.nodes.len() as u32);
        }
        self.nodes.push(Node { stage, round, number, winner_to: None, loser_to: None, entrants });
    }
}

/// The seeds of a bracket of this many places, a power of two, from top to bottom, so that the better
/// seed always wins lead to matches of first against last, and the best two meet in the final.
pub(in crate::tournaments) fn positions(places: u32) -> Vec<u32> {
    let mut seeds = Vec::with_capacity(places as usize);
    seeds.push(0);
    while seeds.len() < places as usize {
        let last = 2 * seeds.len() as u32 - 1;
        seeds = seeds.iter().flat_map(|&seed| [seed, last - seed]).collect();
    }
    seeds
}

/// The number of rounds in which so many items become one.
pub(in crate::tournaments) fn halvings(items: u32) -> u32 {
    u32::BITS - items.saturating_sub(1).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_of_every_first_match_add_up_to_the_last_seed() {
        assert_eq!(positions(1), [0]);
        assert_eq!(positions(8), [0, 7, 3, 4, 1, 6, 2, 5]);
        assert!(positions(64).chunks(2).all(|pair| pair[0] + pair[1] == 63));
    }

    #[test]
    fn who_would_lose_to_a_bye_is_a_bye() {
        let mut graph = Graph::default();
        let bye = graph.add(Stage::Main, 1, [Feed::Seed(0), Feed::Bye]);
        let first = graph.add(Stage::Main, 1, [Feed::Seed(1), Feed::Seed(2)]);
        let walkover = graph.add(Stage::Losers, 2, [Feed::Loser(bye), Feed::Loser(first)]);
        let nobody = graph.add(Stage::Losers, 3, [Feed::Loser(walkover), Feed::Bye]);
        let numbers: Vec<_> = graph.nodes.iter().map(|node| node.number).collect();
        assert_eq!(numbers, [None, Some(0), None, None]);
        assert_eq!(graph.nodes[nobody as usize].entrants, 0);
        assert_eq!(graph.nodes[first as usize].loser_to, Some(Slot { node: walkover, side: 1 }));
    }

    #[test]
    fn halvings_are_logarithms_rounded_up() {
        let expected = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (65, 7)];
        for (items, rounds) in expected {
            assert_eq!(halvings(items), rounds, "{items} items");
        }
    }
}
