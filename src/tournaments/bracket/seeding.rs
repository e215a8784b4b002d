//! Who takes which place of a bracket.

use super::{ScoreMean, descending_key};
use crate::tournaments::anchor::play_anchor;
use crate::tournaments::{Field, History, Schedule, Stage};

/// How items are seeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tournaments) enum Seeding {
    /// By a match of everyone against the first item, as in `ArenaRL`.
    Anchor,
    /// By the scores of the field, or as given without them.
    Given,
    /// By a draw.
    Drawn,
    /// As given.
    None,
}

/// The purpose of the draw of seeds; rounds have numbers from 1.
const SEEDS: u32 = 0;

impl Seeding {
    /// The number of matches that it takes, all in one round.
    pub(in crate::tournaments) fn matches(self, items: u32) -> u32 {
        if self == Self::Anchor { items.saturating_sub(1) } else { 0 }
    }

    /// The number of rounds that it takes.
    pub(in crate::tournaments) fn rounds(self, items: u32) -> u32 {
        self.matches(items).min(1)
    }
}

/// The seeds, while they are found and after.
#[derive(Debug, Clone, Default)]
pub(super) struct Seeds {
    /// The items by seed.
    order: Vec<u32>,
    /// The seeds by item.
    of: Vec<u32>,
    /// What to sort by, and the items.
    keys: Vec<(u64, u32)>,
    /// Seeding matches without a report.
    open: u32,
}

impl Seeds {
    /// Seeds the field, or has the matches played that will. Whether the seeds are known.
    pub(super) fn start(&mut self, seeding: Seeding, field: &Field, schedule: &mut Schedule<'_>) -> bool {
        self.order.clear();
        self.order.extend(0..field.items);
        self.open = seeding.matches(field.items);
        match seeding {
            Seeding::Anchor => play_anchor(field.items, Stage::Seeding, schedule),
            Seeding::Given if !field.scores.is_empty() => {
                self.sort(field.scores.iter().map(|&score| Some(score)));
            }
            Seeding::Drawn => field.draw.shuffle(SEEDS, &mut self.order),
            Seeding::Given | Seeding::None => {}
        }
        self.index();
        self.open == 0
    }

    /// Takes note of a seeding match, and seeds after the last one. Whether it was the last.
    pub(super) fn report(&mut self, history: &History, means: &mut [ScoreMean]) -> bool {
        self.open -= 1;
        if self.open > 0 {
            return false;
        }
        seeding_scores(history, means);
        self.sort(means.iter().map(|mean| mean.value()));
        self.index();
        true
    }

    /// Higher scores first, none last, equal ones by index.
    fn sort(&mut self, scores: impl Iterator<Item = Option<f64>>) {
        // Adding zero makes one of the two zeros, which are equal.
        let key = |score: Option<f64>| descending_key(score.map_or(f64::NEG_INFINITY, |score| score + 0.0));
        self.keys.clear();
        self.keys.extend(scores.map(key).zip(0..));
        self.keys.sort_unstable();
        self.order.clear();
        self.order.extend(self.keys.iter().map(|&(_, item)| item));
    }

    fn index(&mut self) {
        self.of.clear();
        self.of.resize(self.order.len(), 0);
        for (seed, &item) in (0..).zip(&self.order) {
            self.of[item as usize] = seed;
        }
    }

    /// The item of a seed.
    pub(super) fn item(&self, seed: u32) -> u32 {
        self.order[seed as usize]
    }

    /// The seed of an item.
    pub(super) fn of(&self, item: u32) -> u32 {
        self.of[item as usize]
    }
}

/// Begins the mean of each item with what the seeding matches say of it. That is one score an item,
/// or those of the anchor, which meets everyone, would outweigh those of its other matches.
pub(crate) fn seeding_scores(history: &History, means: &mut [ScoreMean]) {
    for played in history.played().filter(|played| played.game.stage == Stage::Seeding) {
        means[played.game.left as usize].add(played.result.scores[0]);
        means[played.game.right as usize].add(played.result.scores[1]);
    }
    for mean in means {
        *mean = mean.as_one_score();
    }
}
