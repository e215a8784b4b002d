//! One group after another, played before a simulated judge.

use rand_distr::{Distribution, StandardNormal};

use super::{MAX_ITEMS, StudyError};
use crate::advantages::{RankTies, ranks};
use crate::random::{Purpose, SimRng, stream};
use crate::settings::Settings;
use crate::tournaments::{Draw, Field, History, JudgeModel, Match, MatchResult, Quality, Tournament};

/// A group of items whose strengths are known, and their tournament. Its memory serves one trial after
/// another: a trial allocates nothing but what the topology does.
#[derive(Debug)]
pub struct SimulatedGroup {
    judge: JudgeModel,
    seed: u64,
    tournament: Tournament,
    qualities: Vec<Quality>,
    strengths: Vec<f64>,
    answers: Answers,
    matches: Vec<Match>,
}

/// The answers to pairs in one trial: each pair is asked about once.
#[derive(Debug)]
struct Answers {
    items: usize,
    /// The trial, counted from 1, in which the pair was asked about last.
    asked: Vec<u64>,
    results: Vec<MatchResult>,
    trial: u64,
    pairs: u32,
}

impl SimulatedGroup {
    /// Groups of so many items, to be played by a topology before a judge.
    ///
    /// # Errors
    /// If there is no such topology, it doesn't take the settings, there is no such judge, or there are too
    /// few or too many items.
    pub fn new(
        topology: &str,
        settings: &Settings,
        items: u32,
        judge: JudgeModel,
        seed: u64,
    ) -> Result<Self, StudyError> {
        if !(2..=MAX_ITEMS).contains(&items) {
            return Err(StudyError::Items { items });
        }
        judge.check()?;
        let tournament = Tournament::new(topology, settings, Field::new(items, Draw::AsGiven))?;
        let count = items as usize;
        let answers = Answers {
            items: count,
            asked: vec![0; count * count],
            results: vec![MatchResult::TIE; count * count],
            trial: 0,
            pairs: 0,
        };
        Ok(Self {
            judge,
            seed,
            tournament,
            qualities: vec![Quality::default(); count],
            strengths: vec![0.0; count],
            answers,
            matches: Vec::new(),
        })
    }

    /// Plays the group of this trial. What is drawn depends on the seed and the trial's number alone.
    ///
    /// # Errors
    /// If the tournament doesn't take a result that it asked for, which none does.
    pub fn play(&mut self, trial: u64) -> Result<(), StudyError> {
        self.draw_items(trial);
        let draw = Draw::Seeded { seed: self.seed, group: trial };
        self.tournament.restart(Field::new(self.qualities.len() as u32, draw))?;
        let mut rng = stream(self.seed, Purpose::JudgeAnswers, trial);
        self.answers.start();
        loop {
            self.matches.clear();
            self.tournament.take_matches(&mut self.matches);
            if self.matches.is_empty() {
                return Ok(());
            }
            for game in &self.matches {
                let result = self.answers.get(game, &self.judge, &self.qualities, &mut rng);
                self.tournament.report(game.id, Some(result)).map_err(crate::tournaments::TournamentError::from)?;
            }
        }
    }

    fn draw_items(&mut self, trial: u64) {
        let mut rng = stream(self.seed, Purpose::GroupTrials, trial);
        for (quality, strength) in self.qualities.iter_mut().zip(&mut self.strengths) {
            *strength = StandardNormal.sample(&mut rng);
            quality.strength = *strength;
        }
        if self.judge.cycle != 0.0 {
            for quality in &mut self.qualities {
                quality.turn = rand::RngExt::random(&mut rng);
            }
        }
    }

    /// What was played.
    pub fn history(&self) -> &History {
        self.tournament.history()
    }

    /// The strength of each item.
    pub fn strengths(&self) -> &[f64] {
        &self.strengths
    }

    /// The quantile reward of each item in the true order: 1 for the best, 0 for the worst.
    pub fn true_rewards(&self) -> Vec<f64> {
        let last = (self.strengths.len() - 1) as f64;
        let ranks = ranks(&self.strengths, RankTies::Min).into_iter().flatten();
        ranks.map(|rank| 1.0 - (rank - 1.0) / last).collect()
    }

    /// How many pairs the judge was asked about.
    pub fn pairs(&self) -> u32 {
        self.answers.pairs
    }
}

impl Answers {
    fn start(&mut self) {
        self.trial += 1;
        self.pairs = 0;
    }

    fn get(&mut self, game: &Match, judge: &JudgeModel, qualities: &[Quality], rng: &mut SimRng) -> MatchResult {
        let (low, high) = (game.left.min(game.right) as usize, game.left.max(game.right) as usize);
        let pair = low * self.items + high;
        if self.asked[pair] != self.trial {
            self.asked[pair] = self.trial;
            self.pairs += 1;
            self.results[pair] = judge.judge_both_orders(qualities[low], qualities[high], rng);
        }
        let result = self.results[pair];
        if game.left > game.right { result.mirrored() } else { result }
    }
}
