//! What moved between two boards, and whether beyond what chance allows.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::published::PublishedBoard;
use super::{Leaderboard, Row};

/// A board against an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moves {
    /// What was added to the earlier ratings so that both boards have one scale: the median change of the items on
    /// both. `None` where ratings are no differences, and were compared as they are.
    pub shift: Option<f64>,
    /// How many times as far apart the ratings are now, by their standard deviations. `None` with fewer than three
    /// items, or where they were all equal.
    pub spread: Option<f64>,
    /// The level of the statements.
    pub level: f64,
    /// The items with a rating on both boards, by the size of their change in standard errors, the largest first, and
    /// behind them those whose error is not known, by their change.
    pub items: Vec<Move>,
    /// Items that the earlier board has not.
    pub new: Vec<String>,
    /// Items of the earlier board that were not rated now.
    pub gone: Vec<String>,
    /// Items on both boards of which one has no rating, for its data did not identify it.
    pub not_comparable: Vec<String>,
    /// Items of the earlier board that were rated now and are hidden.
    pub hidden: Vec<String>,
    /// What the earlier board is of, if it has a name.
    pub board: Option<String>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The item.
    pub item: String,
    /// Its rating then, on the scale of now.
    pub previous: f64,
    /// Its rating now.
    pub rating: f64,
    /// What lies between.
    pub change: f64,
    /// The standard error of the change as if the two boards rested on comparisons of their own. Where they share
    /// some it is smaller. `None` unless both boards have one of the item.
    pub std_error: Option<f64>,
    /// How far its interval goes to either side: by Student's t, where errors come from few clusters.
    pub margin: Option<f64>,
    /// Whether the change is beyond its interval, if it has one.
    pub beyond: Option<bool>,
    /// Its rank then among the items on both.
    pub rank_before: usize,
    /// Its rank now among the items on both.
    pub rank_now: usize,
}

impl Moves {
    /// What moved from `previous` to `board`. `shifts` says whether ratings are known up to a shift only. `None`
    /// where no item is on both. O(items log items).
    ///
    /// An item's change is its own less the median change, so that the mean item of either board, which changes
    /// with those on it, does not matter.
    pub fn between(previous: &PublishedBoard, board: &Leaderboard, shifts: bool, level: f64) -> Option<Self> {
        let then: HashMap<&str, usize> =
            previous.items.iter().enumerate().map(|(place, item)| (item.item.as_str(), place)).collect();
        let rated = |row: &&Row| row.identified && row.rating.is_some();
        let mut both: Vec<(usize, &Row, f64)> = Vec::new();
        for row in board.items.iter().filter(rated) {
            if let (Some(&place), Some(rating)) = (then.get(row.item.as_str()), row.rating) {
                both.push((place, row, rating));
            }
        }
        if both.is_empty() {
            return None;
        }
        let shift = shifts.then(|| median(both.iter().map(|&(place, _, now)| now - previous.items[place].rating)));
        let ratings_then: Vec<f64> = both.iter().map(|&(place, ..)| previous.items[place].rating).collect();
        let ratings_now: Vec<f64> = both.iter().map(|&(.., now)| now).collect();
        let one = |(index, &(place, row, rating)): (usize, &(usize, &Row, f64))| {
            let old = &previous.items[place];
            let before = old.rating + shift.unwrap_or(0.0);
            let change = rating - before;
            let errors = old.error().zip(row.std_error);
            let error = errors.map(|(then, now)| then.hypot(now));
            let margin = errors.map(|(then, now)| then.hypot(now) * quantile(level, then, now, board));
            Move {
                item: row.item.clone(),
                previous: before,
                rating,
                change,
                std_error: error,
                margin,
                beyond: margin.map(|margin| change.abs() > margin),
                rank_before: rank(&ratings_then, index),
                rank_now: rank(&ratings_now, index),
            }
        };
        let mut items: Vec<Move> = both.iter().enumerate().map(one).collect();
        items.sort_by(|a, b| {
            let by_size = b.size().total_cmp(&a.size());
            b.std_error.is_some().cmp(&a.std_error.is_some()).then(by_size).then_with(|| a.item.cmp(&b.item))
        });
        Some(Self { shift, spread: spread(&ratings_then, &ratings_now), level, items, ..Self::others(previous, board) })
    }

    /// What became of the items that can't be compared.
    fn others(previous: &PublishedBoard, board: &Leaderboard) -> Self {
        let rated = |row: &Row| row.identified && row.rating.is_some();
        let then: HashSet<&str> = previous.items.iter().map(|item| item.item.as_str()).collect();
        let unrated: HashSet<&str> = previous.unrated.iter().map(String::as_str).collect();
        let now: HashMap<&str, bool> = board.items.iter().map(|row| (row.item.as_str(), rated(row))).collect();
        let hidden: HashSet<&str> = board.hidden_names.iter().map(String::as_str).collect();
        let of_then = || previous.items.iter().map(|item| &item.item).chain(&previous.unrated);
        let picked = |wanted: &dyn Fn(&str) -> bool| of_then().filter(|item| wanted(item)).cloned().collect();
        let is_new = |item: &&String| !then.contains(item.as_str()) && !unrated.contains(item.as_str());
        Self {
            shift: None,
            spread: None,
            level: 0.0,
            items: Vec::new(),
            new: board.items.iter().map(|row| &row.item).filter(is_new).cloned().collect(),
            gone: picked(&|item| !now.contains_key(item) && !hidden.contains(item)),
            not_comparable: picked(&|item| now.get(item).is_some_and(|&rated| !rated || unrated.contains(item))),
            hidden: picked(&|item| hidden.contains(item)),
            board: previous.name.clone(),
        }
    }
}

/// How many standard errors an interval of the difference of two estimates with these errors goes to either side. Where
/// the board of now has clusters, that of then is taken to have as many.
///
/// # Source
/// Welch 1947 and Satterthwaite 1946 for the degrees of freedom.
fn quantile(level: f64, then: f64, now: f64, board: &Leaderboard) -> f64 {
    let Some(cluster) = &board.fit.cluster else { return normal_quantile(level) };
    let each = (cluster.clusters.max(2) - 1) as f64;
    let (then, now) = (then * then, now * now);
    let degrees = each * (then + now).powi(2) / (then * then + now * now);
    match StudentsT::new(0.0, 1.0, if degrees.is_finite() { degrees } else { each }) {
        Ok(law) => law.inverse_cdf(0.5 * (1.0 + level)),
        Err(_) => normal_quantile(level),
    }
}

/// How many standard errors an interval of that level goes to either side of a normal estimate.
pub fn normal_quantile(level: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 * (1.0 + level))
}

impl Move {
    /// The change in standard errors, or as it is where there are none.
    fn size(&self) -> f64 {
        self.change.abs() / self.std_error.filter(|&error| error > 0.0).unwrap_or(1.0)
    }
}

/// The ratio of two standard deviations.
fn spread(then: &[f64], now: &[f64]) -> Option<f64> {
    let deviation = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt()
    };
    let ratio = deviation(now) / deviation(then);
    (then.len() > 2 && ratio.is_finite()).then_some(ratio)
}

fn rank(ratings: &[f64], index: usize) -> usize {
    1 + ratings.iter().filter(|&&other| other > ratings[index]).count()
}

/// The median; of an even number the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use super::super::published::read_boards;
    use super::super::{BoardSettings, Leaderboard};
    use super::*;
    use crate::data::graph::PreferenceGraph;
    use crate::data::{Comparison, ItemId, Items, Log, Outcome};
    use crate::models::{BradleyTerry, Rater};
    use crate::uncertainty::{CovarianceKind, covariance};

    /// a, b and c met each other; d only won.
    fn board(hidden: &[&str]) -> Leaderboard {
        let mut log = Log::new(["a", "b", "c", "d"].into_iter().collect::<Items>());
        for (winner, loser, times) in [(0, 1, 6), (1, 0, 4), (1, 2, 6), (2, 1, 4), (0, 2, 7), (2, 0, 3), (3, 0, 2)] {
            for _ in 0..times {
                log.push(Comparison::new(ItemId(winner), ItemId(loser), Outcome::Left));
            }
        }
        let graph = PreferenceGraph::from_log(&log);
        let fitted = BradleyTerry::default().fit((&graph).into(), None).unwrap();
        let errors = covariance(&*fitted, &graph, CovarianceKind::Fisher, None);
        let hidden = hidden.iter().map(|&name| name.to_owned()).collect();
        Leaderboard::new(&graph, &*fitted, &errors, &BoardSettings { hidden, ..BoardSettings::default() }).unwrap()
    }

    fn moves(then: &str, hidden: &[&str]) -> Moves {
        let previous = read_boards("b", then.as_bytes()).unwrap();
        Moves::between(&previous[0], &board(hidden), true, 0.95).unwrap()
    }

    #[test]
    fn few_clusters_need_more_to_tell_a_change() {
        use crate::uncertainty::ClusterSummary;
        let mut board = board(&[]);
        let normal = quantile(0.95, 1.0, 1.0, &board);
        assert!((normal - 1.959_963_984_540_054).abs() < 1e-12);
        board.fit.cluster = Some(ClusterSummary { column: "judge".to_owned(), clusters: 6, design_effect: None });
        // Student's t (scipy.stats.t.ppf(0.975, df)): of two equal errors 5 + 5 degrees of freedom, of one error 5.
        for (then, now, expected) in [(1.0, 1.0, 2.228_138_852), (0.0, 1.0, 2.570_581_836)] {
            let found = quantile(0.95, then, now, &board);
            assert!((found - expected).abs() < 1e-8, "{found} and {expected}");
        }
    }

    #[test]
    fn a_change_is_told_from_chance_only_where_both_errors_are_known() {
        let found = moves("item,rating,std_error\na,2000,10\nb,1000,\nc,900,10\n", &[]);
        let of = |name: &str| found.items.iter().find(|it| it.item == name).unwrap();
        assert_eq!((of("b").std_error, of("b").beyond), (None, None));
        let now = board(&[]);
        let error = now.items.iter().find(|row| row.item == "a").unwrap().std_error.unwrap();
        approx::assert_relative_eq!(of("a").std_error.unwrap(), error.hypot(10.0), epsilon = 1e-12);
        assert_eq!(of("a").beyond, Some(true));
        assert_eq!(found.items.last().unwrap().item, "b");
    }

    #[test]
    fn what_is_hidden_is_not_gone_and_what_is_not_identified_is_not_comparable() {
        let then = "item,rating\na,1100\nb,1000\nc,900\nd,1300\ne,800\n";
        let found = moves(then, &["c"]);
        assert_eq!((found.hidden, found.gone), (vec!["c".to_owned()], vec!["e".to_owned()]));
        assert_eq!((found.not_comparable, found.new), (vec!["d".to_owned()], vec![]));
    }

    #[test]
    fn what_had_no_rating_then_is_not_new() {
        let found = moves("item,rating\na,1100\nb,1000\nc,\n", &[]);
        assert_eq!((found.not_comparable, found.new), (vec!["c".to_owned()], vec!["d".to_owned()]));
    }
}
