//! Counts shared out to folds without their rows.

use rand::RngExt;
use rand::seq::{SliceRandom, index};
use rand_distr::{Binomial, Distribution};

use super::{FoldError, FoldSettings};
use crate::data::graph::{CellSum, PreferenceGraph};
use crate::random::{Purpose, SimRng, stream};

/// Comparisons of one cell that a fold holds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeldCell {
    pub(super) cell: u32,
    pub(super) count: u64,
}

/// Cells of at most this many comparisons are shared out one by one.
const ONE_BY_ONE: u64 = 16;
/// Above, the surplus of folds, which grows with the root of the count, would take seconds and gigabytes.
const MOST: f64 = 1_099_511_627_776.0;

/// For each fold what it holds out, sorted by cell: a uniform draw among the splits of all comparisons into
/// folds of equal size, up to one comparison, the first folds being the larger ones.
///
/// Each comparison goes to any fold with the same probability, and then a uniform choice of the surplus of
/// each fold that came out too large moves on to those too small. As neither step tells comparisons apart,
/// all splits of the right sizes are equally probable.
pub(super) fn thinned(graph: &PreferenceGraph, settings: FoldSettings) -> Result<Vec<Vec<HeldCell>>, FoldError> {
    shared_out(&whole_counts(graph)?, "comparisons", settings)
}

/// The same of anything that is counted.
pub(super) fn shared_out(
    counts: &[u64],
    what: &'static str,
    settings: FoldSettings,
) -> Result<Vec<Vec<HeldCell>>, FoldError> {
    let total: u64 = counts.iter().sum();
    let folds = settings.folds;
    check_number(folds, total, what)?;
    let mut rng = stream(settings.seed, Purpose::Folds, 2 * u64::from(settings.repeat));
    let mut held: Vec<Vec<HeldCell>> = vec![Vec::new(); folds];
    for (cell, &count) in counts.iter().enumerate() {
        share_out(cell as u32, count, &mut held, &mut rng);
    }
    level(&mut held, total, &mut rng);
    Ok(held)
}

/// Refuses numbers of folds that leave one of them, or the training, without anything.
pub(super) fn check_number(folds: usize, count: u64, what: &'static str) -> Result<(), FoldError> {
    if folds < 2 {
        return Err(FoldError::TooFew { folds });
    }
    if folds as u64 > count {
        return Err(FoldError::TooMany { folds, count: count.to_string(), what });
    }
    Ok(())
}

fn whole_counts(graph: &PreferenceGraph) -> Result<Vec<u64>, FoldError> {
    whole(graph.sums().iter().map(|sum| sum.count))
}

/// The counts as whole numbers.
pub(super) fn whole(counts: impl Iterator<Item = f64>) -> Result<Vec<u64>, FoldError> {
    let mut total = 0.0;
    let whole = |count: f64| {
        total += count;
        if count.fract() != 0.0 || total > MOST {
            return Err(FoldError::NotWholeCounts { count: count.to_string() });
        }
        Ok(count as u64)
    };
    counts.map(whole).collect()
}

/// Gives each comparison of a cell to any fold.
fn share_out(cell: u32, count: u64, held: &mut [Vec<HeldCell>], rng: &mut SimRng) {
    let folds = held.len();
    if count <= ONE_BY_ONE.max(folds as u64 / 4) {
        for _ in 0..count {
            add(&mut held[rng.random_range(0..folds)], cell);
        }
        return;
    }
    let mut left = count;
    for (fold, cells) in held.iter_mut().enumerate() {
        let chance = 1.0 / (folds - fold) as f64;
        let dealt = Binomial::new(left, chance).map_or(0, |binomial| binomial.sample(rng));
        if dealt > 0 {
            cells.push(HeldCell { cell, count: dealt });
        }
        left -= dealt;
    }
}

/// Adds a comparison of the last cell, or of one behind it.
fn add(cells: &mut Vec<HeldCell>, cell: u32) {
    match cells.last_mut().filter(|last| last.cell == cell) {
        Some(last) => last.count += 1,
        None => cells.push(HeldCell { cell, count: 1 }),
    }
}

/// Moves comparisons until all folds have the same size, up to one.
fn level(held: &mut [Vec<HeldCell>], total: u64, rng: &mut SimRng) {
    let folds = held.len() as u64;
    let wanted = |fold: usize| total / folds + u64::from((fold as u64) < total % folds);
    let sizes: Vec<u64> = held.iter().map(|cells| cells.iter().map(|it| it.count).sum()).collect();
    let mut moving = Vec::new();
    for (fold, cells) in held.iter_mut().enumerate() {
        if let Some(surplus) = sizes[fold].checked_sub(wanted(fold)).filter(|surplus| *surplus > 0) {
            take(cells, sizes[fold], surplus, &mut moving, rng);
        }
    }
    moving.shuffle(rng);
    let mut moving = moving.into_iter();
    for (fold, cells) in held.iter_mut().enumerate() {
        let missing = wanted(fold).saturating_sub(sizes[fold]);
        if missing == 0 {
            continue;
        }
        let came = moving.by_ref().take(missing as usize);
        cells.extend(came.map(|cell| HeldCell { cell, count: 1 }));
        cells.sort_by_key(|it| it.cell);
        cells.dedup_by(|next, kept| {
            let same = next.cell == kept.cell;
            if same {
                kept.count += next.count;
            }
            same
        });
    }
}

/// Takes `number` of the `size` comparisons of a fold, any of them, and adds their cells to `taken`.
fn take(cells: &mut Vec<HeldCell>, size: u64, number: u64, taken: &mut Vec<u32>, rng: &mut SimRng) {
    let mut places = index::sample(rng, size as usize, number as usize).into_vec();
    places.sort_unstable();
    let mut places = places.into_iter().peekable();
    let mut end = 0;
    for it in cells.iter_mut() {
        end += it.count;
        while places.next_if(|&place| (place as u64) < end).is_some() {
            it.count -= 1;
            taken.push(it.cell);
        }
    }
    cells.retain(|it| it.count > 0);
}

/// What a fold holds out of each cell.
pub(super) fn held_sums(graph: &PreferenceGraph, held: &[HeldCell]) -> Vec<CellSum> {
    let mut sums = vec![CellSum::default(); graph.cells().len()];
    for it in held {
        let (all, count) = (graph.sums()[it.cell as usize], it.count as f64);
        sums[it.cell as usize] = CellSum {
            count,
            weight: all.weight * count / all.count,
            weight_squared: all.weight_squared * count / all.count,
        };
    }
    sums
}
