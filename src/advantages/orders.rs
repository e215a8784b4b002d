//! One comparison judged in both orders.

/// What a call that failed stands for in `ArenaRL`: neutral scores, so that the other order decides.
pub const NEUTRAL_SCORES: [f64; 2] = [5.0, 5.0];

/// The scores of the left and the right item, summed over both orders; `given` is judged left first,
/// `swapped` right first, and both are as the judge said them: who was shown first stands first.
///
/// A judge that only ever prefers who is shown first gives a tie.
///
/// # Source
/// `ArenaRL` (qqr 8653a9a, `examples/travel/reward_model.py`): `score_A = ab[0] + ba[1]`,
/// `score_B = ab[1] + ba[0]`; a failed call counts [`NEUTRAL_SCORES`].
pub fn sum_of_orders(given: [f64; 2], swapped: [f64; 2]) -> [f64; 2] {
    [given[0] + swapped[1], given[1] + swapped[0]]
}
