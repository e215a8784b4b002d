//! Tournaments by the thousand, on all threads.

use std::ops::Range;

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::draws::Draws;
use super::field::Field;
use super::parts::{Beside, GridSums, SwissSums, share};
use super::rules::{HALVES, Rules};
use super::settings::{Eliminate, Order, SwissError, SwissSettings};
use super::sums::{PointSums, Sums};
use super::tensor::WinTensor;
use crate::random::{Purpose, stream};

/// Beside an as-given order, this many random ones are played for the order spread.
pub(super) const ORDERS: u32 = 20;

/// Is told how many tournaments were played since the last call; to stop, it says false.
pub type Progress<'a> = &'a (dyn Fn(u64) -> bool + Sync);

/// A tensor with settings that fit it, ready to be played.
#[derive(Debug)]
pub struct Simulation<'a> {
    tensor: &'a WinTensor,
    settings: &'a SwissSettings,
    /// The benchmarks in the given order.
    rounds: Vec<usize>,
    rules: Rules,
}

impl<'a> Simulation<'a> {
    /// Checks that the settings fit the tensor.
    pub fn new(tensor: &'a WinTensor, settings: &'a SwissSettings) -> Result<Self, SwissError> {
        settings.validate(tensor)?;
        let rounds = settings.rounds(tensor)?;
        let rules = settings.rules(rounds.len())?;
        Ok(Self { tensor, settings, rounds, rules })
    }

    /// What the simulation was asked for.
    pub fn settings(&self) -> &SwissSettings {
        self.settings
    }

    /// What meetings are worth.
    pub fn tensor(&self) -> &WinTensor {
        self.tensor
    }

    /// The benchmark of each round, in the given order.
    pub fn rounds(&self) -> &[usize] {
        &self.rounds
    }

    /// The rules of every tournament.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many tournaments [`play`](Self::play) plays for this range of trials.
    pub fn tournaments(&self, trials: &Range<u64>) -> u64 {
        let again = self.eliminations().len() as u64;
        trials.end.saturating_sub(trials.start) * (1 + again) + self.tournaments_beside(trials)
    }

    /// How many of them [`play_beside`](Self::play_beside) plays.
    pub fn tournaments_beside(&self, trials: &Range<u64>) -> u64 {
        let series = u64::from(self.orders_beside()) + u64::from(self.settings.samples);
        series * share(trials.end).saturating_sub(share(trials.start))
    }

    /// Plays the trials of this range, on all threads of the current rayon pool.
    ///
    /// The sums depend on the seed and the numbers of the trials alone. Where `progress` stops it,
    /// they are those of a shorter range that starts with the same trial. O(trials × models ×
    /// rounds) time for each tournament asked for.
    pub fn play(&self, trials: Range<u64>, progress: Progress<'_>) -> SwissSums {
        let schedules = self.main_schedules();
        let main = self.play_main(&trials, &schedules, progress);
        let stopped = main.trials.end < trials.end;
        let mut beside = if stopped { Beside::default() } else { self.play_beside(&trials, progress) };
        if self.orders_beside() == 0 {
            beside.orders = main.orders;
        }
        SwissSums { trials: main.trials, main: main.sums, beside, grid: main.grid }
    }

    /// Plays the share of these trials on other orders and other samples of the benchmarks; on
    /// neither where `progress` stops it.
    pub fn play_beside(&self, trials: &Range<u64>, progress: Progress<'_>) -> Beside {
        let trials = share(trials.start)..share(trials.end);
        let (orders, samples) = (self.shuffled(self.orders_beside()), self.samples());
        let orders = self.play_each(&orders, Purpose::SwissOrderTrials, &trials, progress);
        let played = orders.and_then(|orders| {
            let samples = self.play_each(&samples, Purpose::SwissSampleTrials, &trials, progress)?;
            Some(Beside { orders, samples })
        });
        played.unwrap_or_default()
    }

    /// How many random orders are played beside the main one.
    pub(super) fn orders_beside(&self) -> u32 {
        if matches!(self.settings.order, Order::Shuffle(_)) { 0 } else { ORDERS }
    }

    fn main_orders(&self) -> usize {
        if let Order::Shuffle(orders) = self.settings.order { orders as usize } else { 1 }
    }

    fn main_schedules(&self) -> Vec<Vec<usize>> {
        match self.settings.order {
            Order::Shuffle(orders) => self.shuffled(orders),
            Order::AsGiven | Order::Listed(_) => vec![self.rounds.clone()],
        }
    }

    fn shuffled(&self, orders: u32) -> Vec<Vec<usize>> {
        let shuffle = |order: u32| {
            let mut rounds = self.rounds.clone();
            rounds.shuffle(&mut stream(self.settings.seed, Purpose::SwissOrders, order.into()));
            rounds
        };
        (0..orders).map(shuffle).collect()
    }

    /// Benchmarks drawn with replacement, played in the given order where there is one.
    fn samples(&self) -> Vec<Vec<usize>> {
        let draw = |sample: u32| {
            let mut rng = stream(self.settings.seed, Purpose::SwissSamples, sample.into());
            let mut places: Vec<usize> =
                self.rounds.iter().map(|_| rng.random_range(0..self.rounds.len() as u32) as usize).collect();
            if !matches!(self.settings.order, Order::Shuffle(_)) {
                places.sort_unstable();
            }
            places.into_iter().map(|place| self.rounds[place]).collect()
        };
        (0..self.settings.samples).map(draw).collect()
    }

    /// The elimination numbers of the grid that the main tournaments do not play anyway.
    fn eliminations(&self) -> Vec<u32> {
        let played = match self.settings.eliminate {
            Eliminate::Every(number) => Some(number),
            Eliminate::List(_) => None,
        };
        self.settings.sensitivity.clone().into_iter().flatten().filter(|&number| Some(number) != played).collect()
    }

    /// Plays waves of trials, between which it may stop.
    fn play_main(&self, trials: &Range<u64>, schedules: &[Vec<usize>], progress: Progress<'_>) -> Main {
        let plays = 1 + self.eliminations().len();
        let mut players: Vec<Player<'_>> = (0..self.players()).map(|_| Player::new(self, schedules.len())).collect();
        let mut main = Main::new(self, schedules.len(), trials.start);
        while main.trials.end < trials.end {
            let start = main.trials.end;
            let wave = self.trials_a_wave(plays).min(trials.end - start);
            let share = |place: usize| start + wave * place as u64 / self.players() as u64;
            players.par_iter_mut().enumerate().for_each(|(place, player)| {
                player.play_all(share(place)..share(place + 1), schedules);
            });
            main.trials.end += wave;
            if !progress(wave * plays as u64) {
                break;
            }
        }
        for player in &players {
            main.add(&player.main);
        }
        main
    }

    /// Among how many players a wave is dealt out: more than threads, so that none waits for long, but
    /// no more than memory has room for.
    fn players(&self) -> usize {
        const PLACES: usize = 1 << 27;
        let threads = rayon::current_num_threads();
        let (models, rounds) = (self.tensor.models(), self.rounds.len());
        let orders = self.main_orders() * 2;
        let places = models * (models + orders + (1 + HALVES as usize) * rounds);
        (PLACES / places).clamp(1, 8 * threads)
    }

    /// As many trials as take some tens of milliseconds.
    fn trials_a_wave(&self, plays: usize) -> u64 {
        const MEETINGS: usize = 1 << 25;
        let size = self.tensor.models() * self.rounds.len() * plays;
        (MEETINGS / size).clamp(64, 1 << 16) as u64
    }

    /// Plays the same trials on each schedule; nothing where it was stopped.
    fn play_each(
        &self,
        schedules: &[Vec<usize>],
        purpose: Purpose,
        trials: &Range<u64>,
        progress: Progress<'_>,
    ) -> Option<Vec<PointSums>> {
        let play = |(index, schedule): (usize, &Vec<usize>)| {
            let mut sums = PointSums::new(self.tensor.models());
            let mut field = Field::new(self.tensor, schedule.len(), &self.rules);
            let mut halves = vec![0; self.tensor.models()];
            for trial in trials.clone() {
                let rng = stream(self.settings.seed, purpose, ((index as u64) << 32) | trial);
                field.play(schedule, &self.rules, &mut Draws::new(rng));
                field.halves(&mut halves);
                sums.note(&halves);
            }
            progress(trials.end - trials.start).then_some(sums)
        };
        schedules.par_iter().enumerate().map(play).collect()
    }
}

/// Sums of the main tournaments.
#[derive(Debug)]
struct Main {
    trials: Range<u64>,
    sums: Sums,
    orders: Vec<PointSums>,
    grid: Option<GridSums>,
}

impl Main {
    fn new(simulation: &Simulation<'_>, orders: usize, start: u64) -> Self {
        let models = simulation.tensor.models();
        let orders = if simulation.orders_beside() > 0 { 0 } else { orders };
        let grid = simulation.settings.sensitivity.clone();
        Self {
            trials: start..start,
            sums: Sums::new(models, simulation.rounds.len()),
            orders: (0..orders).map(|_| PointSums::new(models)).collect(),
            grid: grid.map(|grid| GridSums::new(grid.collect(), models)),
        }
    }

    fn add(&mut self, other: &Self) {
        self.sums.add(&other.sums);
        for (sums, other) in self.orders.iter_mut().zip(&other.orders) {
            sums.add(other);
        }
        if let (Some(grid), Some(other)) = (&mut self.grid, &other.grid) {
            grid.add(other);
        }
    }
}

/// Plays trials, one after another, into sums of its own.
struct Player<'a> {
    simulation: &'a Simulation<'a>,
    field: Field<'a>,
    main: Main,
    /// The rules with each elimination number of the grid; none for the one the main ones have.
    grid_rules: Vec<Option<Rules>>,
    halves: Vec<u32>,
    grid_halves: Vec<Vec<u32>>,
    above: Vec<u32>,
}

impl<'a> Player<'a> {
    fn new(simulation: &'a Simulation<'a>, orders: usize) -> Self {
        let (models, rounds) = (simulation.tensor.models(), simulation.rounds.len());
        let again = simulation.eliminations();
        let rules = |number: u32| again.contains(&number).then(|| simulation.rules.with_every(number));
        let grid_rules: Vec<Option<Rules>> =
            simulation.settings.sensitivity.clone().into_iter().flatten().map(rules).collect();
        Self {
            simulation,
            field: Field::new(simulation.tensor, rounds, &simulation.rules),
            main: Main::new(simulation, orders, 0),
            halves: vec![0; models],
            grid_halves: vec![vec![0; models]; grid_rules.len()],
            grid_rules,
            above: Vec::with_capacity(2 * rounds + 1),
        }
    }

    fn draws(&self, trial: u64) -> Draws {
        Draws::new(stream(self.simulation.settings.seed, Purpose::SwissTrials, trial))
    }

    fn play_all(&mut self, trials: Range<u64>, schedules: &[Vec<usize>]) {
        for trial in trials {
            self.play(&schedules[(trial % schedules.len() as u64) as usize], trial);
        }
    }

    fn play(&mut self, schedule: &[usize], trial: u64) {
        let mut draws = self.draws(trial);
        self.field.play(schedule, &self.simulation.rules, &mut draws);
        self.field.halves(&mut self.halves);
        self.main.sums.note(&self.field, &self.halves, &mut self.above);
        let orders = self.main.orders.len() as u64;
        if orders > 0 {
            self.main.orders[(trial % orders) as usize].note(&self.halves);
        }
        if self.main.grid.is_some() {
            self.play_grid(schedule, trial);
        }
    }

    /// Plays the trial again with each elimination number, with the same random numbers.
    fn play_grid(&mut self, schedule: &[usize], trial: u64) {
        for place in 0..self.grid_rules.len() {
            match &self.grid_rules[place] {
                None => self.grid_halves[place].copy_from_slice(&self.halves),
                Some(rules) => {
                    let mut draws = self.draws(trial);
                    self.field.play(schedule, rules, &mut draws);
                    self.field.halves(&mut self.grid_halves[place]);
                }
            }
        }
        if let Some(grid) = &mut self.main.grid {
            grid.note(&self.grid_halves);
        }
    }
}
