//! Tournaments inside a group: which matches are played, and the history they leave.
//!
//! A [`Topology`] decides the matches. It does no I/O: a [`Tournament`] gives the matches that can be
//! played now ([`next_matches`](Tournament::next_matches)) and takes their results in any order
//! ([`report`](Tournament::report)). What was played is a [`History`], from which any aggregation
//! makes a standing, whatever the topology was.
//!
//! Matches have numbers that depend on the results alone and never on the order of the reports, so
//! that a tournament whose answers arrive from many threads ends with the same history.
//!
//! A newcomer adds a topology with one file here and one line in [`TOPOLOGIES`].

mod anchor;
pub mod arenarl;
mod bracket;
mod double_elimination;
mod draw;
mod history;
mod judge_model;
mod points;
mod round_robin;
mod schedule;
mod single_elimination;
mod swiss;

use std::fmt::Debug;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub(crate) use self::bracket::{ScoreMean, descending_key, seeding_scores};
pub use self::draw::{Draw, Field};
pub use self::history::{Bye, History, Match, MatchResult, Played, Stage};
pub use self::judge_model::{JudgeModel, JudgeModelError, NoiseLaw, Quality};
pub(crate) use self::points::placings;
pub use self::points::{PointsRow, PointsSettings, TieBreak, Unplayed, points};
pub use self::schedule::Schedule;
use crate::settings::{Setting, Settings, SettingsError};

/// Which matches of a group are played.
///
/// The caller is a [`Tournament`], which keeps the history; a topology keeps only what it needs to
/// go on. Numbers of matches must not depend on the order in which results are reported.
pub trait Topology: Debug + Send + Sync {
    /// Forgets all there was, and plays what can be played at the start of a tournament of `field`,
    /// which has two items or more.
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>);

    /// Takes note of a match that was played, or that nobody could answer (`None`), and plays what can
    /// be played now.
    fn report(&mut self, played: Match, result: Option<MatchResult>, schedule: &mut Schedule<'_>);
}

/// Whether a format is as it should be, or as published code has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rules {
    /// Right for every number of items.
    #[default]
    Standard,
    /// As in the published code of `ArenaRL` (qqr 8653a9a), so that its paper can be reproduced match
    /// by match; but that points are credited to who won them.
    ArenaRl,
}

/// How many matches a tournament has, and how many rounds must be played one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Fewest and most matches.
    pub matches: RangeInclusive<u64>,
    /// Fewest and most sequential rounds.
    pub rounds: RangeInclusive<u32>,
}

impl Size {
    /// Of a tournament that always has this many.
    pub fn exactly(matches: u64, rounds: u32) -> Self {
        Self { matches: matches..=matches, rounds: rounds..=rounds }
    }
}

/// A registered topology.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TopologyEntry {
    /// The name in `--topology`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The number of matches and of sequential rounds as a function of the number N of items, in words.
    pub size_in_words: &'static str,
    /// The name of the aggregation that belongs to it.
    pub aggregation: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
    /// The size of a tournament of so many items.
    #[serde(skip)]
    pub size: fn(u32, &Settings) -> Result<Size, SettingsError>,
    /// Makes the topology from settings.
    #[serde(skip)]
    pub build: fn(&Settings) -> Result<Box<dyn Topology>, SettingsError>,
}

/// Every topology, in the order in which they are shown.
pub const TOPOLOGIES: &[TopologyEntry] = &[
    round_robin::ENTRY,
    round_robin::CIRCULAR,
    anchor::ENTRY,
    single_elimination::ENTRY,
    double_elimination::ENTRY,
    swiss::ENTRY,
];

/// The most matches of a tournament: a round robin of 8,192 items, which takes about 2 GB.
pub const MAX_MATCHES: u64 = 1 << 25;

/// The setting that every topology has.
const RULES: Setting =
    Setting { name: "rules", default: "standard", summary: "standard, or arenarl for its published code" };

impl Rules {
    /// The rules that the settings name.
    ///
    /// # Errors
    /// If they name others.
    pub(crate) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        settings.choice("rules", &[("standard", Self::Standard), ("arenarl", Self::ArenaRl)])
    }
}

impl TopologyEntry {
    /// The topology of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TOPOLOGIES.iter().find(|entry| entry.name == name)
    }

    /// The topology with these settings.
    ///
    /// # Errors
    /// If a setting is not one of this topology's, or its value is not one it takes.
    pub fn topology(&self, settings: &Settings) -> Result<Box<dyn Topology>, SettingsError> {
        settings.check(self.name, self.settings)?;
        (self.build)(settings)
    }
}

/// One tournament of one group, while it is played and after.
#[derive(Debug)]
pub struct Tournament {
    entry: &'static TopologyEntry,
    settings: Settings,
    topology: Box<dyn Topology>,
    field: Field,
    history: History,
    /// What can be played and was not given out yet.
    fresh: Vec<Match>,
    /// A number of items that makes no more matches than are allowed.
    checked: Option<u32>,
}

/// A tournament as text: what it is, and what was reported so far. It is put together again by
/// playing the reports, so that nothing else needs to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TournamentState {
    /// The topology's name.
    pub topology: String,
    /// Its settings.
    pub settings: Settings,
    /// Who plays.
    pub field: Field,
    /// What was reported, by number of the match: `None` where nobody could answer.
    pub reports: Vec<(u32, Option<MatchResult>)>,
}

/// Why a tournament can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TournamentError {
    /// No topology of this name.
    #[error("no topology is called '{name}'; there are: {}", names())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// A setting that can't be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A report that can't be taken.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// More matches than can be kept.
    #[error(
        "{topology} of {items} items has up to {matches} matches, and a tournament is limited to {MAX_MATCHES}; make groups smaller, or choose a topology with fewer matches"
    )]
    TooLarge {
        /// The topology's name.
        topology: &'static str,
        /// How many items there are.
        items: u32,
        /// The most matches it can have.
        matches: u64,
    },
    /// Seeds for some items only, or for too many.
    #[error("{items} items and {scores} scores to seed them by; give a finite one for each item, or none")]
    Scores {
        /// How many items there are.
        items: u32,
        /// How many scores there are.
        scores: usize,
    },
}

/// Why a result can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// No match of this number was given out.
    #[error("match {id} was not given out; report the matches that next_matches gave")]
    Unknown {
        /// The number.
        id: u32,
    },
    /// The match has a result already.
    #[error("match {id} was reported before; report each match once")]
    Twice {
        /// The number.
        id: u32,
    },
    /// A score that is not finite.
    #[error("a score of match {id} is not finite; report None if nobody could answer")]
    NotFinite {
        /// The number.
        id: u32,
    },
    /// A share that is none.
    #[error("the share of match {id} is not from 0 to 1; report None if nobody could answer")]
    Share {
        /// The number.
        id: u32,
    },
    /// A weight that can't be one.
    #[error("the weight of match {id} is negative or not finite; leave out what doesn't count")]
    Weight {
        /// The number.
        id: u32,
    },
    /// A match that is not between two items of the group.
    #[error(
        "a match of item {left} against item {right} in a group of {items}; give two different items, counted from 0"
    )]
    Items {
        /// The item on the left.
        left: u32,
        /// The item on the right.
        right: u32,
        /// How many items the group has.
        items: u32,
    },
}

fn names() -> String {
    TOPOLOGIES.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

impl Tournament {
    /// A tournament of `field` under the topology of this name.
    ///
    /// # Errors
    /// If there is no such topology, it doesn't take the settings, seeds are incomplete, or it has more
    /// than [`MAX_MATCHES`] matches.
    pub fn new(topology: &str, settings: &Settings, field: Field) -> Result<Self, TournamentError> {
        let entry =
            TopologyEntry::find(topology).ok_or_else(|| TournamentError::Unknown { name: topology.to_owned() })?;
        let topology = entry.topology(settings)?;
        let (settings, history) = (settings.clone(), History::default());
        let mut tournament = Self { entry, settings, topology, field, history, fresh: Vec::new(), checked: None };
        tournament.start()?;
        Ok(tournament)
    }

    /// Begins anew with another field, in the memory of the last one.
    ///
    /// # Errors
    /// If seeds are incomplete, or there are too many matches.
    pub fn restart(&mut self, field: Field) -> Result<(), TournamentError> {
        self.field = field;
        self.start()
    }

    fn start(&mut self) -> Result<(), TournamentError> {
        self.field.check()?;
        self.check_size()?;
        self.history.reset(self.field.items);
        self.fresh.clear();
        if self.field.items > 1 {
            let mut schedule = Schedule::new(&mut self.history, &mut self.fresh);
            self.topology.start(&self.field, &mut schedule);
        }
        Ok(())
    }

    fn check_size(&mut self) -> Result<(), TournamentError> {
        let items = self.field.items;
        if self.checked == Some(items) {
            return Ok(());
        }
        let matches = *(self.entry.size)(items, &self.settings)?.matches.end();
        if matches > MAX_MATCHES {
            return Err(TournamentError::TooLarge { topology: self.entry.name, items, matches });
        }
        self.checked = Some(items);
        Ok(())
    }

    /// The matches that can be played now and were not given out before, by number.
    pub fn next_matches(&mut self) -> Vec<Match> {
        let mut matches = Vec::new();
        self.take_matches(&mut matches);
        matches
    }

    /// Appends the matches of [`next_matches`](Self::next_matches) to `matches`.
    pub fn take_matches(&mut self, matches: &mut Vec<Match>) {
        self.fresh.sort_unstable_by_key(|fresh| fresh.id);
        matches.append(&mut self.fresh);
    }

    /// Takes the result of a match that was given out; `None` if nobody could answer it.
    ///
    /// # Errors
    /// If there is no such match, it has a result already, or a score is not finite.
    pub fn report(&mut self, id: u32, result: Option<MatchResult>) -> Result<(), ReportError> {
        let played = self.history.report(id, result)?;
        let mut schedule = Schedule::new(&mut self.history, &mut self.fresh);
        self.topology.report(played, result, &mut schedule);
        Ok(())
    }

    /// Whether every match has been given out and reported.
    pub fn is_over(&self) -> bool {
        self.history.open() == 0
    }

    /// What was played so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The registry's entry of the topology.
    pub fn entry(&self) -> &'static TopologyEntry {
        self.entry
    }

    /// The tournament as it stands, to be written down.
    pub fn state(&self) -> TournamentState {
        TournamentState {
            topology: self.entry.name.to_owned(),
            settings: self.settings.clone(),
            field: self.field.clone(),
            reports: self.history.reports(),
        }
    }

    /// The tournament that was written down. Matches that were given out but not reported are given
    /// out again.
    ///
    /// # Errors
    /// If the state is not one that a tournament can be in.
    pub fn resume(state: TournamentState) -> Result<Self, TournamentError> {
        let mut tournament = Self::new(&state.topology, &state.settings, state.field)?;
        for (id, result) in state.reports {
            tournament.fresh.retain(|fresh| fresh.id != id);
            tournament.report(id, result)?;
        }
        Ok(tournament)
    }
}
