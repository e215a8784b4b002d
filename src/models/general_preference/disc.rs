//! What a block of an embedding says: an order after all, or a cycle.

use std::f64::consts::{PI, TAU};

use serde::Serialize;

use super::embedding::Point;

/// Angles closer than this are the same.
const SAME_ANGLE: f64 = 1e-12;

/// A block read as a disc game: items as points in a plane, each beating what lies within half a turn
/// counter-clockwise of it.
///
/// A block is not a cycle by itself: only where no half-plane holds all its points.
///
/// # Source
/// Bertrand, Czarnecki and Gidel 2023, "On the limitations of the Elo".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disc {
    /// The widest angle without a point, in radians, from 0 to 2π. Points in the middle don't count.
    pub largest_gap: f64,
    /// Whether all points lie in one half-plane: the block then is an order.
    pub transitive: bool,
    /// Whether three points beat each other in a circle.
    pub has_three_cycle: bool,
    /// Of a transitive block, one skill an item: with `consistency` c the scores are
    /// `c_i c_j (skill_i − skill_j)`. Not a number for an item in the middle, which has no direction.
    pub skill: Option<Vec<f64>>,
    /// Of a transitive block, one an item; all equal where the block is Elo.
    pub consistency: Option<Vec<f64>>,
}

impl Disc {
    /// Reads the points of a block. O(items log items).
    pub fn of(points: &[Point]) -> Self {
        let farthest = points.iter().fold(0.0_f64, |most, point| most.max(point.radius()));
        let off_centre = points.iter().filter(|point| point.radius() > 1e-12 * farthest);
        let mut angles: Vec<f64> = off_centre.map(|point| point.b.atan2(point.a).rem_euclid(TAU)).collect();
        angles.sort_by(f64::total_cmp);
        let Gap { width, end } = widest_gap(&angles);
        let transitive = width > PI + SAME_ANGLE;
        // The points begin where the gap ends and take 2π − gap: their middle is turned to b.
        let middle = end + 0.5 * (TAU - width);
        let turned = transitive.then(|| upwards(points, middle));
        let skill_of = |point: &Point| point.a / point.b;
        Self {
            largest_gap: width,
            transitive,
            has_three_cycle: has_three_cycle(&angles),
            skill: turned.as_ref().map(|points| points.iter().map(skill_of).collect()),
            consistency: turned.map(|points| points.iter().map(|point| point.b).collect()),
        }
    }
}

/// An angle without points in it, up to `end`.
struct Gap {
    width: f64,
    end: f64,
}

fn widest_gap(sorted: &[f64]) -> Gap {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return Gap { width: TAU, end: 0.0 } };
    let around = Gap { width: first + TAU - last, end: first };
    let between = sorted.windows(2).map(|two| Gap { width: two[1] - two[0], end: two[1] });
    between.fold(around, |widest, gap| if gap.width > widest.width { gap } else { widest })
}

/// The points as they are if all have b > 0, and otherwise turned so that `middle` points along b.
fn upwards(points: &[Point], middle: f64) -> Vec<Point> {
    if points.iter().all(|point| point.b > 0.0) {
        return points.to_vec();
    }
    let (sin, cos) = (0.5 * PI - middle).sin_cos();
    points.iter().map(|p| Point { a: cos * p.a - sin * p.b, b: sin * p.a + cos * p.b }).collect()
}

/// Whether three of the directions hold the middle strictly inside. O(directions log directions).
fn has_three_cycle(sorted: &[f64]) -> bool {
    let next_after = |angle: f64| {
        let angle = angle.rem_euclid(TAU);
        let place = sorted.partition_point(|&it| it <= angle + SAME_ANGLE);
        sorted.get(place).copied().or_else(|| sorted.first().map(|first| first + TAU)).map(|it| it - angle)
    };
    sorted.iter().any(|&i| {
        // j is the last direction less than half a turn after i, k the first more than half a turn after.
        let end = (i + PI).rem_euclid(TAU);
        let place = sorted.partition_point(|&it| it < end - SAME_ANGLE);
        let last = if place > 0 { sorted[place - 1] } else { sorted[sorted.len() - 1] };
        let j = (last - i).rem_euclid(TAU);
        let k = next_after(i + PI).map(|past| PI + past);
        k.is_some_and(|k| j > SAME_ANGLE && j < PI - SAME_ANGLE && k < TAU - SAME_ANGLE && k - j < PI - SAME_ANGLE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_circle(degrees: &[f64]) -> Disc {
        let point = |degrees: &f64| {
            let (b, a) = degrees.to_radians().sin_cos();
            Point { a, b }
        };
        Disc::of(&degrees.iter().map(point).collect::<Vec<_>>())
    }

    #[test]
    fn half_a_plane_is_an_order_and_a_full_turn_is_a_cycle() {
        let order = on_circle(&[-80.0, 0.0, 40.0, 95.0]);
        assert!(order.transitive && !order.has_three_cycle);
        assert!((order.largest_gap.to_degrees() - 185.0).abs() < 1e-9);
        let cycle = on_circle(&[0.0, 120.0, 240.0]);
        assert!(!cycle.transitive && cycle.has_three_cycle && cycle.skill.is_none());
    }

    #[test]
    fn a_cycle_of_four_at_right_angles_has_none_of_three() {
        let found = on_circle(&[0.0, 90.0, 180.0, 270.0]);
        assert!(!found.transitive && !found.has_three_cycle);
        assert!(on_circle(&[0.0, 80.0, 180.0, 270.0, 350.0]).has_three_cycle);
    }

    #[test]
    fn skill_and_consistency_give_the_scores_back() {
        let points: Vec<Point> =
            [(-1.0, -0.5), (-2.0, 0.3), (-0.4, 0.1)].into_iter().map(|(a, b)| Point { a, b }).collect();
        let found = Disc::of(&points);
        let (skill, consistency) = (found.skill.unwrap(), found.consistency.unwrap());
        for (i, p) in points.iter().enumerate() {
            for (j, q) in points.iter().enumerate() {
                let score = p.a * q.b - p.b * q.a;
                let read = consistency[i] * consistency[j] * (skill[i] - skill[j]);
                assert!((score - read).abs() < 1e-12 && consistency[i] > 0.0);
            }
        }
    }

    #[test]
    fn nothing_is_an_order() {
        let nothing = Disc::of(&[]);
        assert!(nothing.transitive && !nothing.has_three_cycle);
        let middle = Disc::of(&[Point { a: 0.0, b: 0.0 }, Point { a: 0.0, b: 0.0 }]);
        assert!(middle.transitive);
    }
}
