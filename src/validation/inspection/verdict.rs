//! One sentence: can one ladder describe the log?

use std::fmt::Write as _;

use serde::Serialize;

use super::{CycleRow, Inspection};
use crate::validation::deviance::LEAST_COMPARISONS_A_PAIR;

/// From this p-value on what a ladder leaves counts as chance.
const LEVEL: f64 = 0.05;
/// A ladder that carries this share of what is beyond chance describes a log but for a rest.
const MOSTLY: f64 = 0.9;
/// One that carries less than this share does not describe it.
const HALF: f64 = 0.5;
/// A ladder whose win probabilities are surely no farther off than this describes a log, however flat it is.
const NEAR: f64 = 0.05;

/// Whether one ladder (one strength an item, with the Bradley-Terry model's chances) describes a log.
///
/// Chance alone makes circles of majorities and curl, so nothing here is read off these: what counts is the
/// deviance test at 5 % and [`Explained`](crate::validation::deviance::Explained), the share of what is
/// beyond chance that the ladder carries. The first rule that holds decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ladder {
    /// Nothing shows an order: fewer than two items, only ties, or no majority of any pair.
    NoOrder,
    /// Some items never met, not even through others.
    Disconnected,
    /// No loop of decided pairs could contradict a ladder.
    Untestable,
    /// There is no p-value: win shares, or too large a log.
    Untested,
    /// Pairs were decided too seldom for a test; or p ≥ 0.05, but less than half of what is beyond chance is
    /// sure to be the ladder's, and win probabilities may be more than five points off it.
    TooFew,
    /// p ≥ 0.05, and half or more of what is beyond chance is sure to be the ladder's, or win probabilities are
    /// surely within five points of it.
    Yes,
    /// p < 0.05, and the ladder carries 90 % or more.
    Mostly,
    /// p < 0.05, and the ladder carries half or more.
    InPart,
    /// p < 0.05, and the ladder carries less than half.
    No,
}

/// The answer, and its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that holds.
    pub ladder: Ladder,
    /// The sentence.
    pub sentence: String,
}

impl Verdict {
    /// The verdict on what was found.
    pub fn of(found: &Inspection) -> Self {
        let ladder = rule(found);
        Self { ladder, sentence: sentence(ladder, found) }
    }
}

fn rule(found: &Inspection) -> Ladder {
    let deviance = &found.deviance;
    if found.graph.items < 2 || found.graph.tied_pairs == found.graph.pairs {
        return Ladder::NoOrder;
    }
    if found.graph.components > 1 {
        return Ladder::Disconnected;
    }
    if deviance.degrees_of_freedom == 0 {
        return Ladder::Untestable;
    }
    if deviance.is_seldom_decided() && !deviance.has_shares {
        return Ladder::TooFew;
    }
    let (Some(p_value), Some(explained)) = (deviance.p_value, found.explained) else { return Ladder::Untested };
    match (p_value >= LEVEL, explained) {
        (true, explained) if explained.at_least < HALF && explained.misfit_at_most > NEAR => Ladder::TooFew,
        (true, _) => Ladder::Yes,
        (false, explained) if explained.share >= MOSTLY => Ladder::Mostly,
        (false, explained) if explained.share >= HALF => Ladder::InPart,
        (false, _) => Ladder::No,
    }
}

fn sentence(ladder: Ladder, found: &Inspection) -> String {
    let p_value = found.deviance.p_value_text().unwrap_or_default();
    let carried = found.explained.map(|explained| percent(explained.share)).unwrap_or_default();
    match ladder {
        Ladder::NoOrder => no_order(found),
        Ladder::Disconnected => format!(
            "No: the items fall into {} groups that never met (the largest has {} of {}), so nothing says which stands higher.",
            found.graph.components,
            found.components.iter().map(Vec::len).max().unwrap_or_default(),
            found.graph.items
        ),
        Ladder::Untestable => {
            "Can't be told: no loop of decided pairs could contradict a ladder, so any outcome would fit one."
                .to_owned()
        }
        Ladder::Untested => untested(found),
        Ladder::TooFew if found.deviance.p_value.is_none() => format!(
            "Too few comparisons to tell: the pairs were decided {:.1} times each (harmonic mean), and a test needs {} or more; a crossval of bradley-terry and general-preference tells whether circles predict better.",
            found.deviance.comparisons_a_pair.unwrap_or_default(),
            LEAST_COMPARISONS_A_PAIR
        ),
        Ladder::TooFew => format!(
            "Too few comparisons to tell: they fit one ladder ({p_value}), and would as well if most differences went in circles."
        ),
        Ladder::Yes => {
            format!(
                "Yes: one ladder describes these comparisons{}; what it leaves is no more than chance leaves ({p_value}){}.",
                flatness(found),
                circles_of_chance(found)
            )
        }
        Ladder::Mostly => format!(
            "Mostly: one ladder carries {carried} of what is beyond chance, but more is left than chance leaves ({p_value}){}.",
            exception(found)
        ),
        Ladder::InPart => format!(
            "Only in part: one ladder carries {carried} of what is beyond chance, and what it leaves is not chance ({p_value}){}.",
            exception(found)
        ),
        Ladder::No => {
            format!("No: one ladder carries only {carried} of what is beyond chance ({p_value}){}.", exception(found))
        }
    }
}

fn no_order(found: &Inspection) -> String {
    #[expect(clippy::float_cmp, reason = "all is exactly one")]
    let only_ties = found.graph.tied_share == 1.0;
    match found.graph.items {
        0 => "Nothing to order: the log has no items.".to_owned(),
        1 => "Nothing to order: the log has one item.".to_owned(),
        _ if only_ties => "No order shows: every comparison is a tie.".to_owned(),
        _ => "No order shows: no item has a majority over any other.".to_owned(),
    }
}

fn untested(found: &Inspection) -> String {
    let order = match strongest(found) {
        None if found.has_circles() => "majorities run in circles".to_owned(),
        None => "no majorities run in a circle".to_owned(),
        Some(cycle) => format!("majorities run in circles such as {}", circle(&cycle.items)),
    };
    let carried = found
        .hodge
        .as_ref()
        .map(|hodge| format!(", and one ladder carries {} of the log-odds", percent(hodge.gradient)));
    format!("Untested: {order}{}, but what of that is chance is not known.", carried.unwrap_or_default())
}

/// How well a ladder is known to fit whose steps are hardly beyond chance.
fn flatness(found: &Inspection) -> String {
    let flat = found.explained.filter(|explained| explained.at_least < HALF);
    let near = flat.map(|explained| (100.0 * explained.misfit_at_most).ceil());
    let several = |points: f64| if points > 1.0 { "points" } else { "point" };
    near.map(|points| {
        format!(", a nearly flat one, to within {points} percentage {} of win probability", several(points))
    })
    .unwrap_or_default()
}

/// A word on circles of majorities that chance explains.
fn circles_of_chance(found: &Inspection) -> &'static str {
    if found.has_circles() { ", the circles of majorities included" } else { "" }
}

/// What the ladder misses, by its plainest example.
fn exception(found: &Inspection) -> String {
    match strongest(found) {
        None if found.has_circles() => "; majorities run in circles".to_owned(),
        None => "; no majorities run in a circle, so the order holds and only its distances don't".to_owned(),
        Some(cycle) => format!("; the strongest circle is {}", circle(&cycle.items)),
    }
}

fn strongest(found: &Inspection) -> Option<&CycleRow> {
    found.cycles.as_ref()?.strongest.first()
}

/// A cycle as text; of a long one the beginning.
fn circle(items: &[String]) -> String {
    const SHOWN: usize = 6;
    let mut text = items.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" > ");
    if items.len() > SHOWN {
        let _ = write!(text, " > … ({} more)", items.len() - SHOWN);
    }
    format!("{text} > {}", items[0])
}

/// A share in percent, in as many digits as say something; a whole that is not quite one stays below it.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 99.0 && percent < 100.0 {
        format!("{:.1}%", (percent * 10.0).floor() / 10.0)
    } else {
        format!("{percent:.0}%")
    }
}
