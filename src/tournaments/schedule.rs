//! What a topology can do.

use super::history::{Bye, History, Match};

/// The way from a topology into the history of its tournament.
#[derive(Debug)]
pub struct Schedule<'a> {
    history: &'a mut History,
    fresh: &'a mut Vec<Match>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(history: &'a mut History, fresh: &'a mut Vec<Match>) -> Self {
        Self { history, fresh }
    }

    /// Has a match played. Its number must be one that no other match of the tournament has.
    pub fn play(&mut self, game: Match) {
        self.history.give(game);
        self.fresh.push(game);
    }

    /// Has an item sit a round out.
    pub fn bye(&mut self, round: u32, item: u32) {
        self.history.bye(Bye { round, item });
    }

    /// Takes an item out whose match nobody could answer: its standing is unknown from here on.
    pub fn withdraw(&mut self, item: u32) {
        self.history.withdraw(item);
    }

    /// What was played so far.
    pub fn history(&self) -> &History {
        self.history
    }
}
