//! Drawing the comparisons of a synthetic log, block by block.

use std::convert::Infallible;
use std::io::{self, Write};
use std::mem;

use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::popularity::PairSampler;
use super::settings::{GenerateError, GenerateSettings};
use super::worlds::{JUDGE_EFFECTS, TASK_EFFECTS, Truth, normals};
use crate::data::{Comparison, ItemId, Log, Outcome};
use crate::random::{Purpose, stream};

/// Rows that share a random stream. Part of the meaning of a seed: another size gives other logs.
const BLOCK_ROWS: u64 = 1 << 16;
/// Added to a block's number for the stream of its judges and tasks, so that asking for them changes
/// neither pairs nor outcomes as long as they have no effect. No log has the 2^63 rows to get there.
const LABELS: u64 = 1 << 47;

/// A world with its truth drawn, ready to generate one log.
///
/// Both [`log`](Self::log) and [`write_csv`](Self::write_csv) give the rows that the settings stand
/// for, whichever is called, however often and with however many threads of the current rayon pool:
/// each block of 65,536 rows has a random stream of its own.
///
/// A row's task and judge are uniform. Its items are drawn by popularity, a pair of distinct items at
/// a time, and take sides by a fair coin. Its outcome follows the [`World`](super::World) for the log-odds
/// `s_ij + (task effect on i - task effect on j) + (judge effect on i - judge effect on j) + position bias`
/// of the left item `i` against the right item `j`.
#[derive(Debug, Clone)]
pub struct Generator {
    settings: GenerateSettings,
    truth: Truth,
    pairs: PairSampler,
    items: Names,
    judges: Option<Factor>,
    tasks: Option<Factor>,
}

/// One comparison, by index.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    left: usize,
    right: usize,
    outcome: Outcome,
    judge: u32,
    task: u32,
}

impl Generator {
    /// Draws the truth of a log. O(items), and where judges or tasks have effects O(judges × items)
    /// or O(tasks × items), in time and memory.
    pub fn new(settings: GenerateSettings) -> Result<Self, GenerateError> {
        settings.validate()?;
        Ok(Self {
            truth: Truth::draw(&settings),
            pairs: PairSampler::new(settings.items, settings.popularity),
            items: Names::new(&settings.prefix, settings.items),
            judges: Factor::draw("judge", settings.judges, settings.judge_effect, JUDGE_EFFECTS, &settings),
            tasks: Factor::draw("task", settings.tasks, settings.task_effect, TASK_EFFECTS, &settings),
            settings,
        })
    }

    /// The settings that the log is made from.
    pub fn settings(&self) -> &GenerateSettings {
        &self.settings
    }

    /// The true strength of each item in log-odds, mean 0; the item at index `k` is named by `k`.
    pub fn truth(&self) -> &[f64] {
        &self.truth.strengths
    }

    /// The expected share of item `i` against item `j` without effect of task, judge or side: the
    /// probability of a win plus half that of a tie. Where tasks or judges have effects, the mean share
    /// in a log is nearer to one half than this.
    ///
    /// # Panics
    /// If there is no item `i` or `j`.
    pub fn probability(&self, i: usize, j: usize) -> f64 {
        self.truth.chances(self.truth.log_odds(i, j)).share()
    }

    /// The log in memory, with labels `judge` and `task` when asked for. O(comparisons).
    ///
    /// [`ItemId`]s are indices into [`truth`](Self::truth), not in first-seen order, and an item without
    /// any comparison is there too.
    pub fn log(&self) -> Log {
        let mut log = Log::new((0..self.settings.items).map(|item| self.items.get(item)).collect());
        let (mut judges, mut tasks) = (Vec::new(), Vec::new());
        let Ok(()) = self.in_order::<Vec<Row>, Infallible>(
            |block, rows| {
                rows.clear();
                rows.extend(self.rows(block));
            },
            |rows| {
                for row in rows {
                    let (left, right) = (ItemId(row.left as u32), ItemId(row.right as u32));
                    log.push(Comparison::new(left, right, row.outcome));
                }
                if self.judges.is_some() {
                    judges.extend(rows.iter().map(|row| row.judge));
                }
                if self.tasks.is_some() {
                    tasks.extend(rows.iter().map(|row| row.task));
                }
                Ok(())
            },
        );
        if let Some(names) = self.judges.as_ref().map(|judges| &judges.names) {
            log.add_labels("judge", judges.iter().map(|&judge| names.get(judge as usize)));
        }
        if let Some(names) = self.tasks.as_ref().map(|tasks| &tasks.names) {
            log.add_labels("task", tasks.iter().map(|&task| names.get(task as usize)));
        }
        log
    }

    /// Writes the log as CSV with the columns `model_a,model_b,winner` and, when asked for, `judge` and
    /// `task`. The winner is `model_a`, `model_b` or `tie`.
    ///
    /// O(comparisons) time. Rows are drawn while others are written: two blocks of 65,536 rows for each
    /// thread of the pool are in memory, and `out` is given one block at a time.
    pub fn write_csv<W: Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        let judge = if self.judges.is_some() { ",judge" } else { "" };
        let task = if self.tasks.is_some() { ",task" } else { "" };
        writeln!(out, "model_a,model_b,winner{judge}{task}")?;
        self.in_order(|block, text| self.render(block, text), |text: &Vec<u8>| out.write_all(text))
    }

    /// Fills one slot a block in parallel and hands the slots on in the order of the blocks, those of
    /// the next batch being filled meanwhile. Slots are used again, as they were left.
    fn in_order<T: Default + Send, E>(
        &self,
        fill: impl Fn(u64, &mut T) + Sync,
        mut consume: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<(), E> {
        let blocks = self.settings.comparisons.div_ceil(BLOCK_ROWS);
        let threads = rayon::current_num_threads() as u64;
        let fill_batch = |first: u64, slots: &mut Vec<T>| {
            slots.resize_with(threads.min(blocks - first) as usize, T::default);
            slots.par_iter_mut().enumerate().for_each(|(k, slot)| fill(first + k as u64, slot));
        };
        let (mut ready, mut next) = (Vec::new(), Vec::new());
        let mut first = 0;
        fill_batch(first, &mut ready);
        while !ready.is_empty() {
            first += ready.len() as u64;
            // The caller's thread consumes, so that neither `consume` nor what it holds must be Send.
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| fill_batch(first, &mut next));
                ready.iter().try_for_each(&mut consume)
            })?;
            mem::swap(&mut ready, &mut next);
        }
        Ok(())
    }

    fn block_len(&self, block: u64) -> usize {
        (self.settings.comparisons - block * BLOCK_ROWS).min(BLOCK_ROWS) as usize
    }

    fn rows(&self, block: u64) -> impl Iterator<Item = Row> {
        let mut rng = stream(self.settings.seed, Purpose::Generate, block);
        let mut labels = stream(self.settings.seed, Purpose::Generate, LABELS + block);
        (0..self.block_len(block)).map(move |_| self.draw(&mut rng, &mut labels))
    }

    #[inline]
    fn draw(&self, rng: &mut impl Rng, labels: &mut impl Rng) -> Row {
        let [first, second] = self.pairs.draw(rng);
        let word = rng.next_u64();
        // The upper 53 bits decide the outcome, the lowest one the sides.
        let luck = (word >> 11) as f64 / (1_u64 << 53) as f64;
        let (left, right) = if word & 1 == 0 { (first, second) } else { (second, first) };
        let mut ahead = self.truth.log_odds(left, right) + self.settings.position_bias;
        let mut label = |factor: &Option<Factor>| {
            factor.as_ref().map_or(0, |factor| {
                let label = labels.random_range(0..factor.levels);
                ahead += factor.effect(label, left, right);
                label
            })
        };
        let (judge, task) = (label(&self.judges), label(&self.tasks));
        let chances = self.truth.chances(ahead);
        let outcome = if luck < chances.left {
            Outcome::Left
        } else if luck < chances.left + chances.tie {
            Outcome::Tie
        } else {
            Outcome::Right
        };
        Row { left, right, outcome, judge, task }
    }

    fn render(&self, block: u64, text: &mut Vec<u8>) {
        const LONGEST_WINNER: usize = "model_a".len();
        let labels =
            [&self.judges, &self.tasks].map(|factor| factor.as_ref().map_or(0, |factor| factor.names.width + 1));
        let row_bytes = 2 * (self.items.width + 1) + LONGEST_WINNER + labels[0] + labels[1] + 1;
        text.clear();
        text.reserve(self.block_len(block) * row_bytes);
        for row in self.rows(block) {
            text.extend_from_slice(self.items.get(row.left).as_bytes());
            text.push(b',');
            text.extend_from_slice(self.items.get(row.right).as_bytes());
            text.extend_from_slice(match row.outcome {
                Outcome::Left => b",model_a",
                Outcome::Right => b",model_b",
                Outcome::Tie | Outcome::Share(_) => b",tie",
            });
            for (factor, label) in [(&self.judges, row.judge), (&self.tasks, row.task)] {
                if let Some(factor) = factor {
                    text.push(b',');
                    text.extend_from_slice(factor.names.get(label as usize).as_bytes());
                }
            }
            text.push(b'\n');
        }
    }
}

/// The judges or the tasks of a log, as levels of a factor that may have effects.
#[derive(Debug, Clone)]
struct Factor {
    levels: u32,
    names: Names,
    items: usize,
    /// Row-major, one row of `items` log-odds a judge or task; empty where there is no effect.
    effects: Vec<f64>,
}

impl Factor {
    fn draw(prefix: &str, count: usize, deviation: f64, block: u64, settings: &GenerateSettings) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let size = if deviation > 0.0 { count * settings.items } else { 0 };
        let effects = normals(size, deviation, &mut stream(settings.seed, Purpose::Generate, block));
        Some(Self { levels: count as u32, names: Names::new(prefix, count), items: settings.items, effects })
    }

    /// What the judge or task adds to the log-odds of `left` against `right`.
    #[inline]
    fn effect(&self, level: u32, left: usize, right: usize) -> f64 {
        if self.effects.is_empty() {
            return 0.0;
        }
        let row = level as usize * self.items;
        self.effects[row + left] - self.effects[row + right]
    }
}

/// The names `PREFIX-0…` of a number of things, padded with zeros to equal width and end to end.
#[derive(Debug, Clone)]
struct Names {
    text: String,
    width: usize,
}

impl Names {
    fn new(prefix: &str, count: usize) -> Self {
        let digits = (count - 1).checked_ilog10().unwrap_or(0) as usize + 1;
        let names: Vec<String> = (0..count).map(|index| format!("{prefix}-{index:0digits$}")).collect();
        Self { width: names[0].len(), text: names.concat() }
    }

    #[inline]
    fn get(&self, index: usize) -> &str {
        &self.text[index * self.width..(index + 1) * self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Popularity, World};
    use super::*;

    fn generator(settings: GenerateSettings) -> Generator {
        Generator::new(settings).unwrap()
    }

    fn csv(generator: &Generator) -> String {
        let mut bytes = Vec::new();
        generator.write_csv(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Three blocks, the last of them short, with every column and every effect.
    fn everything() -> GenerateSettings {
        GenerateSettings {
            items: 12,
            comparisons: 2 * BLOCK_ROWS + 1_000,
            world: World::Cyclic,
            judges: 5,
            tasks: 1_000,
            popularity: Popularity::Zipf(1.0),
            task_effect: 0.4,
            judge_effect: 0.2,
            position_bias: 0.1,
            seed: 11,
            ..Default::default()
        }
    }

    /// Whether the share of `successes` in `trials` is within four standard errors of `p`.
    fn plausible(successes: f64, trials: f64, p: f64) -> bool {
        (successes / trials - p).abs() <= 4.0 * (p * (1.0 - p) / trials).sqrt()
    }

    #[test]
    fn the_bytes_are_the_same_for_every_number_of_threads() {
        let generator = generator(everything());
        let [one, two] = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| csv(&generator))
        });
        assert!(one == two);
        assert_eq!(one.lines().count() as u64, 1 + everything().comparisons);
    }

    #[test]
    fn the_log_and_the_csv_describe_the_same_rows() {
        let generator = generator(everything());
        let (log, text) = (generator.log(), csv(&generator));
        let (judges, tasks) = (log.labels("judge").unwrap(), log.labels("task").unwrap());
        let name = |id| log.items().name(id);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("model_a,model_b,winner,judge,task"));
        for (index, row) in log.rows().enumerate() {
            let winner = match row.outcome.share() {
                1.0 => "model_a",
                0.0 => "model_b",
                _ => "tie",
            };
            let judge = judges.names.name(ItemId(judges.ids[index]));
            let task = tasks.names.name(ItemId(tasks.ids[index]));
            let line = format!("{},{},{winner},{judge},{task}", name(row.left), name(row.right));
            assert_eq!(lines.next(), Some(line.as_str()));
        }
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn columns_are_there_only_when_asked_for_and_change_no_other() {
        let short = GenerateSettings { items: 8, comparisons: 500, ..Default::default() };
        let plain = csv(&generator(short.clone()));
        let judged = csv(&generator(GenerateSettings { judges: 3, ..short.clone() }));
        let both = csv(&generator(GenerateSettings { judges: 3, tasks: 40, ..short }));
        assert!(judged.starts_with("model_a,model_b,winner,judge\nmodel-"));
        for ((plain, judged), both) in plain.lines().zip(judged.lines()).zip(both.lines()).skip(1) {
            assert_eq!(judged.rsplit_once(",judge-").unwrap().0, plain);
            assert_eq!(both.rsplit_once(",judge-").unwrap().0, plain);
        }
    }

    #[test]
    fn names_are_padded_to_the_width_of_the_last() {
        for (count, last) in [(2, "model-1"), (10, "model-9"), (11, "model-10"), (100, "model-99"), (101, "model-100")]
        {
            let names = Names::new("model", count);
            assert_eq!(names.get(count - 1), last);
            assert_eq!(names.get(1).len(), last.len());
        }
    }

    #[test]
    fn an_empty_log_is_a_header() {
        let generator = generator(GenerateSettings { comparisons: 0, ..Default::default() });
        assert_eq!(csv(&generator), "model_a,model_b,winner\n");
        assert!(generator.log().is_empty());
    }

    #[test]
    fn another_seed_gives_another_log_and_more_rows_the_same_beginning() {
        let short = GenerateSettings { comparisons: 300, ..Default::default() };
        let text = csv(&generator(short.clone()));
        assert_ne!(text, csv(&generator(GenerateSettings { seed: 1, ..short.clone() })));
        assert!(csv(&generator(GenerateSettings { comparisons: 400, ..short })).starts_with(&text));
    }

    #[test]
    fn every_comparison_ties_with_the_probability_asked_for() {
        for world in [World::BradleyTerry, World::Cyclic] {
            let log =
                generator(GenerateSettings { world, comparisons: 100_000, ties: 0.3, ..Default::default() }).log();
            let ties = log.rows().filter(|row| row.outcome == Outcome::Tie).count();
            assert!(plausible(ties as f64, 100_000.0, 0.3), "{world}: {ties}");
        }
    }

    #[test]
    fn equal_items_tie_as_asked_in_rao_kuppers_world_and_others_less() {
        let settings =
            GenerateSettings { world: World::RaoKupper, comparisons: 100_000, ties: 0.3, ..Default::default() };
        let ties = |spread| {
            let log = generator(GenerateSettings { spread, ..settings.clone() }).log();
            log.rows().filter(|row| row.outcome == Outcome::Tie).count() as f64
        };
        assert!(plausible(ties(0.0), 100_000.0, 0.3));
        assert!(ties(2.0) < 0.25 * 100_000.0);
    }

    #[test]
    fn shares_in_the_log_are_those_of_the_truth() {
        for world in World::ALL {
            let generator =
                generator(GenerateSettings { world, items: 4, comparisons: 200_000, seed: 2, ..Default::default() });
            let (mut shares, mut counts) = ([[0.0; 4]; 4], [[0.0; 4]; 4]);
            for row in generator.log().rows() {
                let (left, right) = (row.left.index(), row.right.index());
                shares[left][right] += row.outcome.share();
                counts[left][right] += 1.0;
            }
            for i in 0..4 {
                for j in (0..4).filter(|&j| j != i) {
                    let p = generator.probability(i, j);
                    assert!(
                        plausible(shares[i][j], counts[i][j], p),
                        "{world} {i} {j}: {}",
                        shares[i][j] / counts[i][j]
                    );
                    assert!(plausible(counts[i][j], 200_000.0, 1.0 / 12.0));
                }
            }
        }
    }

    #[test]
    fn strengths_have_mean_zero_and_the_spread_asked_for() {
        let generator =
            generator(GenerateSettings { items: 50_000, spread: 1.5, comparisons: 0, ..Default::default() });
        let moment = |power| generator.truth().iter().map(|r: &f64| r.powi(power)).sum::<f64>() / 50_000.0;
        assert!(moment(1).abs() < 1e-12);
        // Four standard errors of a standard deviation from n normal draws: 4 s / sqrt(2 n).
        assert!((moment(2).sqrt() - 1.5).abs() < 4.0 * 1.5 / 100_000_f64.sqrt());
    }

    #[test]
    fn a_position_bias_moves_wins_to_its_side() {
        let left_wins = |position_bias| {
            let settings = GenerateSettings { position_bias, ties: 0.0, spread: 0.0, ..Default::default() };
            generator(settings).log().rows().map(|row| row.outcome.share()).sum::<f64>()
        };
        for (bias, p) in [(-0.5, 0.377_540_668_798_145_4), (0.0, 0.5), (0.5, 0.622_459_331_201_854_6)] {
            assert!(plausible(left_wins(bias), 20_000.0, p), "{bias}: {}", left_wins(bias));
        }
    }

    #[test]
    fn popular_items_come_first() {
        let settings = GenerateSettings {
            items: 5,
            comparisons: 100_000,
            popularity: Popularity::Zipf(1.0),
            ..Default::default()
        };
        let mut counts = [0_u32; 5];
        for row in generator(settings).log().rows() {
            counts[row.left.index()] += 1;
            counts[row.right.index()] += 1;
        }
        assert!(counts.is_sorted_by(|a, b| a > b), "{counts:?}");
    }

    /// With effects but no spread, items differ within a task and not over all tasks.
    #[test]
    fn effects_differ_between_tasks_and_stay_within_one() {
        let settings = GenerateSettings {
            items: 2,
            tasks: 8,
            task_effect: 2.0,
            spread: 0.0,
            ties: 0.0,
            seed: 4,
            ..Default::default()
        };
        let generator = generator(settings);
        let log = generator.log();
        let tasks = log.labels("task").unwrap();
        let effects = generator.tasks.as_ref().unwrap();
        for task in 0..8 {
            let id = tasks.names.get(effects.names.get(task as usize)).unwrap();
            let rows = log.rows().zip(&tasks.ids).filter(|(_, of)| **of == id.0).map(|(row, _)| row);
            let shares: Vec<f64> = rows
                .map(|row| if row.left == ItemId(0) { row.outcome.share() } else { 1.0 - row.outcome.share() })
                .collect();
            let p = generator.truth.chances(effects.effect(task, 0, 1)).share();
            assert!(plausible(shares.iter().sum(), shares.len() as f64, p), "{task}");
        }
    }

    #[test]
    fn a_failed_write_is_the_callers_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = generator(GenerateSettings::default()).write_csv(&mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
