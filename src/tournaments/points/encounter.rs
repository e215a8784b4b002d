//! Direct encounters.

use super::sheet::Sheets;

/// An item of a group, and the shares that it won of the others.
pub(super) struct EncounterScore {
    pub(super) item: u32,
    pub(super) score: f64,
}

/// The score of each item of a group in the matches inside it, each opponent counting once however
/// often it was met; nothing if the group is of one, or two of it never met.
pub(super) fn scores(group: &[u32], sheets: &Sheets) -> Option<Vec<EncounterScore>> {
    let size = group.len();
    // Who has fewer entries than opponents can't have met them all, which keeps the table small.
    if size < 2 || group.iter().any(|&item| sheets.entries(item).len() < size - 1) {
        return None;
    }
    let mut sorted = group.to_vec();
    sorted.sort_unstable();
    let mut of_opponent = vec![(0.0, 0.0); size];
    let score = |&item: &u32| {
        of_opponent.fill((0.0, 0.0));
        for entry in sheets.entries(item) {
            if let Some(at) = entry.opponent.and_then(|opponent| sorted.binary_search(&opponent).ok()) {
                let (won, all) = &mut of_opponent[at];
                *won += entry.weight * entry.share;
                *all += entry.weight;
            }
        }
        let met = of_opponent.iter().filter(|(_, all)| *all > 0.0);
        let shares = met.clone().map(|(won, all)| won / all).sum();
        (met.count() == size - 1).then_some(EncounterScore { item, score: shares })
    };
    group.iter().map(score).collect()
}
