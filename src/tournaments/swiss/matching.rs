//! The exact way to pair a round: a matching of least cost.
//!
//! As in the pairing engines of chess, all criteria of a pair are packed into one integer, the first
//! ones into its highest digits, so that one maximum weight matching settles them in their order.

use petgraph::graph::{NodeIndex, UnGraph};
use rustworkx_core::max_weight_matching::max_weight_matching;

use super::History;
use super::pairing::{Preference, Round};

/// How many criteria there are: meetings before, byes before, the place of who has the bye, points
/// apart, places from the opponent that the preference names, sides that stay uneven.
const CRITERIA: usize = 6;

type Costs = [u64; CRITERIA];

/// Sums of weights stay below this; the matching doubles them.
const LARGEST: i128 = 1 << 124;

/// Fills `pairs` with the places that meet, and gives the place that has a bye. O(N³) time, O(N²)
/// memory.
pub(super) fn pair(round: &Round<'_>, history: &History, pairs: &mut Vec<[u32; 2]>) -> Option<u32> {
    let places = round.order.len() as u32;
    let (edges, costs) = all_costs(round, history);
    let scales = scales(&costs, places.div_ceil(2));
    let packed = |costs: &Costs| costs.iter().zip(scales).map(|(&cost, scale)| i128::from(cost) * scale).sum::<i128>();
    let highest = costs.iter().map(packed).max().unwrap_or(0);
    let mut graph = UnGraph::<(), i128>::with_capacity(places as usize + 1, edges.len());
    for _ in 0..places + places % 2 {
        graph.add_node(());
    }
    for (&[upper, lower], costs) in edges.iter().zip(&costs) {
        graph.add_edge(NodeIndex::from(upper), NodeIndex::from(lower), highest - packed(costs));
    }
    let weight = |edge: petgraph::graph::EdgeReference<'_, i128>| Ok::<_, std::convert::Infallible>(*edge.weight());
    let matched = match max_weight_matching(&graph, true, weight, false) {
        Ok(matched) => matched,
        Err(never) => match never {},
    };
    // The set has no order of its own; the caller sorts the pairs.
    pairs.clear();
    let mut bye = None;
    for (a, b) in matched {
        let [upper, lower] = [a.min(b) as u32, a.max(b) as u32];
        if lower == places { bye = Some(upper) } else { pairs.push([upper, lower]) }
    }
    bye
}

/// All pairs of places with their costs. A place after the last one stands for the bye.
fn all_costs(round: &Round<'_>, history: &History) -> (Vec<[u32; 2]>, Vec<Costs>) {
    let places = round.order.len() as u32;
    let meetings = meetings(round, history);
    let mut ends = Vec::new();
    round.group_ends(&mut ends);
    let mut group_starts = vec![0; places as usize];
    for place in 1..places as usize {
        let same = ends[place - 1] != place as u32;
        group_starts[place] = if same { group_starts[place - 1] } else { place as u32 };
    }
    let mut edges = Vec::new();
    let mut costs = Vec::new();
    for upper in 0..places {
        for lower in upper + 1..places {
            let (a, b) = (round.card(upper), round.card(lower));
            let group = group_starts[upper as usize]..ends[upper as usize];
            let met = meetings[upper as usize * places as usize + lower as usize];
            let apart = from_preferred(round.preference, upper, lower, &group);
            let uneven = if a.balance.signum() == b.balance.signum() {
                a.balance.unsigned_abs().min(b.balance.unsigned_abs())
            } else {
                0
            };
            edges.push([upper, lower]);
            costs.push([met, 0, 0, a.points - b.points, apart.into(), uneven.into()]);
        }
        if places % 2 == 1 {
            edges.push([upper, places]);
            costs.push([0, round.card(upper).byes.into(), (places - 1 - upper).into(), 0, 0, 0]);
        }
    }
    (edges, costs)
}

/// How many times the items of two places were to meet, answered or not.
fn meetings(round: &Round<'_>, history: &History) -> Vec<u64> {
    let places = round.order.len();
    let mut place_of = vec![0; places];
    for (place, &item) in round.order.iter().enumerate() {
        place_of[item as usize] = place;
    }
    let mut meetings = vec![0; places * places];
    for game in history.played().map(|played| played.game).chain(history.unanswered()) {
        let (a, b) = (place_of[game.left as usize], place_of[game.right as usize]);
        meetings[a * places + b] += 1;
        meetings[b * places + a] += 1;
    }
    meetings
}

/// How far the lower place is from the one that the preference names for the upper one.
fn from_preferred(preference: Preference, upper: u32, lower: u32, group: &std::ops::Range<u32>) -> u32 {
    let distance = lower - upper;
    match preference {
        Preference::Fold if group.contains(&lower) => distance.abs_diff((group.end - group.start) / 2),
        Preference::Fold | Preference::Adjacent | Preference::Random => distance - 1,
    }
}

/// What one unit of each criterion is worth: more than all lower ones of a whole round together.
///
/// If that is more than the integer holds, which takes rounds by the million, the last criteria are
/// left out.
fn scales(costs: &[Costs], pairs: u32) -> [i128; CRITERIA] {
    let highest: [u64; CRITERIA] =
        std::array::from_fn(|criterion| costs.iter().map(|costs| costs[criterion]).max().unwrap_or(0));
    let from_criterion = |kept: usize| {
        let mut scales = [0; CRITERIA];
        let mut scale = 1_i128;
        for criterion in (0..kept).rev() {
            scales[criterion] = scale;
            scale = scale.checked_mul(i128::from(highest[criterion]) * i128::from(pairs) + 1)?;
        }
        (scale < LARGEST).then_some(scales)
    };
    (0..=CRITERIA).rev().find_map(from_criterion).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_one_criterion_outweighs_all_lower_ones_of_a_round() {
        let costs = [[1, 2, 7, 3_000_000, 9, 1], [2, 0, 3, 500_000, 1, 2]];
        let scales = scales(&costs, 4);
        for criterion in 0..CRITERIA - 1 {
            let lower: i128 = (criterion + 1..CRITERIA)
                .map(|it| scales[it] * 4 * i128::from(costs.iter().map(|costs| costs[it]).max().expect("two rows")))
                .sum();
            assert!(scales[criterion] > lower, "criterion {criterion}");
        }
    }

    #[test]
    fn criteria_that_the_integer_cannot_hold_are_left_out_from_the_last() {
        let costs = [[1, 1, u64::MAX, u64::MAX, 5, 5]];
        assert_eq!(scales(&costs, 1)[3..], [0; 3]);
        assert!(scales(&costs, 1)[..3].iter().all(|&scale| scale > 0));
    }
}
