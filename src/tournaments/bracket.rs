//! Brackets: matches whose winners, and sometimes losers, go on to other matches.
//!
//! Every elimination format is a [`Graph`] of nodes, which is known before the first match. A match is
//! played as soon as both its items are known, whatever else is still open, and its number is that of
//! its node. A node where only one item comes is a walkover, which is kept as a bye; it may be known
//! from the start ([`Place::Bye`]) or come from a match that nobody could answer ([`Place::Empty`]).

mod graph;
mod score_mean;
mod seeding;

pub(super) use self::graph::{Feed, Graph, halvings, positions};
pub(crate) use self::score_mean::{ScoreMean, descending_key};
pub(super) use self::seeding::Seeding;
pub(crate) use self::seeding::seeding_scores;

use std::cmp::Ordering;

use self::graph::Slot;
use self::seeding::Seeds;
use super::{Field, Match, MatchResult, Rules, Schedule, Stage, Topology};

/// What is known of a place in a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It depends on a match without a result.
    Pending,
    /// Nobody comes, as the bracket has more places than items.
    Bye,
    /// Nobody comes, as nobody could answer a match.
    Empty,
    Item(u32),
}

/// How a bracket is drawn up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// The same for all fields of so many items.
    Fixed(fn(u32, &mut Graph)),
    /// With draws, so that it is another one for each field.
    Drawn(fn(&Field, &mut Graph)),
}

/// A format in which who loses goes out, at once or the second time.
#[derive(Debug)]
pub(super) struct Elimination {
    form: Form,
    seeding: Seeding,
    rules: Rules,
    /// The bracket of the last field, which often is that of the next.
    graph: Graph,
    /// How many items the graph is for.
    items: u32,
    places: Vec<[Place; 2]>,
    seeds: Seeds,
    /// The scores so far, by item.
    means: Vec<ScoreMean>,
}

impl Elimination {
    pub(super) fn new(form: Form, seeding: Seeding, rules: Rules) -> Self {
        let (graph, seeds) = (Graph::default(), Seeds::default());
        Self { form, seeding, rules, graph, items: 0, places: Vec::new(), seeds, means: Vec::new() }
    }

    fn draw_up(&mut self, field: &Field) {
        match self.form {
            Form::Fixed(_) if self.items == field.items => return,
            Form::Fixed(form) => {
                self.graph.clear();
                form(field.items, &mut self.graph);
            }
            Form::Drawn(form) => {
                self.graph.clear();
                form(field, &mut self.graph);
            }
        }
        self.items = field.items;
    }

    /// Fills in what is known without a match of the bracket.
    fn begin(&mut self, schedule: &mut Schedule<'_>) {
        for start in 0..self.graph.starts.len() {
            let (slot, seed) = self.graph.starts[start];
            let place = seed.map_or(Place::Bye, |seed| Place::Item(self.seeds.item(seed)));
            self.fill(slot, place, schedule);
        }
    }

    /// Fills one place, and has played or passed over what that decides.
    fn fill(&mut self, slot: Slot, place: Place, schedule: &mut Schedule<'_>) {
        let places = &mut self.places[slot.node as usize];
        places[usize::from(slot.side)] = place;
        match *places {
            [Place::Pending, _] | [_, Place::Pending] => {}
            [Place::Item(left), Place::Item(right)] => self.play(slot.node, left, right, schedule),
            [Place::Item(item), _] | [_, Place::Item(item)] => {
                let node = self.graph.nodes[slot.node as usize];
                schedule.bye(node.round + self.seeding.rounds(self.items), item);
                self.leave(slot.node, Place::Item(item), Place::Empty, schedule);
            }
            [Place::Bye | Place::Empty, Place::Bye | Place::Empty] => {
                self.leave(slot.node, Place::Empty, Place::Empty, schedule);
            }
        }
    }

    fn play(&self, node: u32, left: u32, right: u32, schedule: &mut Schedule<'_>) {
        let node = self.graph.nodes[node as usize];
        // A node without a number has a bye on one side, so that two items never meet there.
        let Some(number) = node.number else { return };
        let id = self.seeding.matches(self.items) + number;
        let round = self.seeding.rounds(self.items) + node.round;
        schedule.play(Match { id, round, stage: node.stage, left, right });
    }

    /// Sends who won a node, and who lost it, where they go.
    fn leave(&mut self, node: u32, winner: Place, loser: Place, schedule: &mut Schedule<'_>) {
        let node = self.graph.nodes[node as usize];
        for (to, place) in [(node.winner_to, winner), (node.loser_to, loser)] {
            if let Some(slot) = to {
                self.fill(slot, place, schedule);
            }
        }
    }

    fn settle(&mut self, node: u32, played: Match, result: MatchResult, schedule: &mut Schedule<'_>) {
        for (item, score) in [played.left, played.right].into_iter().zip(result.scores) {
            self.means[item as usize].add(score);
        }
        let left = self.left_goes_on(played, result);
        let (winner, loser) = if left { (played.left, played.right) } else { (played.right, played.left) };
        self.leave(node, Place::Item(winner), Place::Item(loser), schedule);
        if !left
            && played.stage == Stage::GrandFinal
            && let Some(reset) = self.graph.reset
        {
            self.play(reset, played.left, played.right, schedule);
        }
    }

    /// Whether the left item goes on. One always does: of a tied match the one with the higher mean of
    /// its scores so far, and if those are equal too the better seed, which is no evidence. The
    /// published code has the left one go on.
    fn left_goes_on(&self, played: Match, result: MatchResult) -> bool {
        match result.outcome.share().total_cmp(&0.5) {
            Ordering::Greater => return true,
            Ordering::Less => return false,
            Ordering::Equal if self.rules == Rules::ArenaRl => return true,
            Ordering::Equal => {}
        }
        let mean = |item: u32| self.means[item as usize].value();
        match mean(played.left).partial_cmp(&mean(played.right)) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Less) => false,
            _ => self.seeds.of(played.left) < self.seeds.of(played.right),
        }
    }
}

impl Topology for Elimination {
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>) {
        self.draw_up(field);
        self.places.clear();
        self.places.resize(self.graph.nodes.len(), [Place::Pending; 2]);
        self.means.clear();
        self.means.resize(field.items as usize, ScoreMean::default());
        if self.seeds.start(self.seeding, field, schedule) {
            self.begin(schedule);
        }
    }

    /// Both items of a match that nobody could answer go out. But not in the seeding: there the
    /// challenger is seeded last, and the bracket will tell.
    fn report(&mut self, played: Match, result: Option<MatchResult>, schedule: &mut Schedule<'_>) {
        let Some(number) = played.id.checked_sub(self.seeding.matches(self.items)) else {
            if self.seeds.report(schedule.history(), &mut self.means) {
                self.begin(schedule);
            }
            return;
        };
        let node = self.graph.matches[number as usize];
        if let Some(result) = result {
            self.settle(node, played, result, schedule);
        } else {
            schedule.withdraw(played.left);
            schedule.withdraw(played.right);
            self.leave(node, Place::Empty, Place::Empty, schedule);
        }
    }
}
