//! How far an order of items is from the true one: Kendall's distance, the top k, and their mixture.

/// The number of pairs that two orders of the same items, from the top down, put in opposite orders.
/// O(n²).
///
/// # Panics
/// If an item of one is not in the other, or there twice.
pub fn kendall_distance(order: &[usize], truth: &[usize]) -> usize {
    let places = places_in(order, truth);
    (0..places.len()).map(|above| places[above + 1..].iter().filter(|&&below| below < places[above]).count()).sum()
}

/// [`kendall_distance`] as a share of all pairs; 0 for fewer than two items.
///
/// # Panics
/// As there.
pub fn normalised_kendall_distance(order: &[usize], truth: &[usize]) -> f64 {
    let pairs = truth.len() * truth.len().saturating_sub(1) / 2;
    if pairs == 0 { 0.0 } else { kendall_distance(order, truth) as f64 / pairs as f64 }
}

/// The share of the true top k that is not in the order's own: 1 − |both| / k. O(n).
///
/// # Panics
/// If k is 0 or more than the items.
pub fn top_k_error(order: &[usize], truth: &[usize], k: usize) -> f64 {
    assert!((1..=truth.len()).contains(&k), "k from 1 to the number of items");
    let both = truth[..k].iter().filter(|item| order[..k].contains(item)).count();
    1.0 - both as f64 / k as f64
}

/// The generalised ranking error GRE(k): `α` of the [`top_k_error`] and `1 − α` of the normalised Kendall
/// distance of the true top k, with `α = (m − k) / (m − 1)` for m items. So it is the error of the winner
/// alone for k = 1 and Kendall's distance for k = m. O(n²).
///
/// # Source
/// Lanctot, Larson, Gemp, Kaisers 2026, arXiv 2601.07651. That both orders are restricted to the true top
/// k for Kendall's distance is our reading.
///
/// # Panics
/// If k is 0 or more than the items, or the orders are not of the same items.
pub fn ranking_error(order: &[usize], truth: &[usize], k: usize) -> f64 {
    let top_k = top_k_error(order, truth, k);
    let m = truth.len();
    if m < 2 {
        return top_k;
    }
    let alpha = (m - k) as f64 / (m - 1) as f64;
    let restricted: Vec<usize> = order.iter().copied().filter(|item| truth[..k].contains(item)).collect();
    alpha * top_k + (1.0 - alpha) * normalised_kendall_distance(&restricted, &truth[..k])
}

/// For each item of `truth` its place in `order`.
fn places_in(order: &[usize], truth: &[usize]) -> Vec<usize> {
    assert_eq!(order.len(), truth.len(), "orders of the same items");
    let mut place = vec![usize::MAX; order.iter().max().map_or(0, |most| most + 1)];
    for (at, &item) in order.iter().enumerate() {
        assert_eq!(std::mem::replace(&mut place[item], at), usize::MAX, "each item once");
    }
    let of = |item: &usize| place.get(*item).copied().filter(|&at| at != usize::MAX).expect("orders of the same items");
    truth.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn opposite_orders_are_as_far_as_can_be() {
        assert_eq!(kendall_distance(&[2, 1, 0], &[0, 1, 2]), 3);
        assert_eq!(normalised_kendall_distance(&[2, 1, 0], &[0, 1, 2]), 1.0);
        assert_eq!(ranking_error(&[0], &[0], 1), 0.0);
        assert_eq!(normalised_kendall_distance(&[], &[]), 0.0);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn the_error_goes_from_the_winner_to_all_pairs() {
        let (order, truth) = ([1, 0, 2], [0, 1, 2]);
        assert_eq!(ranking_error(&order, &truth, 1), 1.0);
        assert_eq!(ranking_error(&order, &truth, 2), 0.5);
        assert_eq!(ranking_error(&order, &truth, 3), 1.0 / 3.0);
    }
}
