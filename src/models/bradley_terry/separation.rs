//! Covariates that tell outcomes without a fault, so that the log alone has no estimate of their effects.

use super::covariates::Term;
use super::design::{Design, OWN_SHARE};
use super::newton::{Optimum, Point, Problem, TOLD};
use super::{BradleyTerry, FALLBACK_PENALTY};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::structure::{Connectivity, Note};

/// What is left of a log whose rows are partly told by covariates without a fault.
///
/// # Source
/// Albert and Anderson 1984: along a direction that separates, only the rows that it leaves where they are hold any
/// estimate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Separation {
    /// For each coefficient that was fitted, whether the rows that are left hold it.
    pub(super) held: Vec<bool>,
    /// The items whose ratings they hold.
    pub(super) members: Vec<ItemId>,
    /// The ridge on coefficients, where none was asked for.
    fallback: Option<f64>,
}

/// A fit with covariates.
pub(super) struct Settled {
    pub(super) optimum: Optimum,
    pub(super) separation: Option<Separation>,
}

impl BradleyTerry {
    /// The maximum from `start`, or, where there is none without a ridge, that with one; `members` are the items whose
    /// ratings the outcomes hold. Costs a Newton step more than the fit itself, which proves that there is a maximum.
    pub(super) fn settled(
        &self,
        problem: Problem<'_>,
        design: &Design,
        graph: &PreferenceGraph,
        members: &[ItemId],
        start: Optimum,
    ) -> Settled {
        let asked = design.ridges(self.covariates.penalty);
        // Far out rounding hides what separates, so the search starts from where a ridge holds it.
        let held: Vec<f64> = asked.iter().map(|ridge| ridge.max(FALLBACK_PENALTY)).collect();
        let free = vec![0.0; asked.len()];
        let with = |ridges| Problem { design: Some(design), ridges, ..problem };
        let coefficients = vec![0.0; design.width()];
        let optimum = start.then(|point| with(&held).maximise(Point { coefficients, ..point }));
        let fallback = (self.covariates.penalty <= 0.0).then_some(FALLBACK_PENALTY);
        let separation = if self.penalty <= 0.0 && problem.penalty > 0.0 && !members.is_empty() {
            // The ridge that ratings fell back to would hold what is told together with them, so the rows that hold
            // the others are asked alone.
            let among = design.among(problem.pairs, members);
            let penalty = problem.looseness();
            let alone = Problem { design: Some(&among), ridges: &free, penalty, has_parameter: false, ..problem };
            let direction = alone.runaway(&among, &optimum.point.among(members), None);
            direction.map(|it| Separation::along(&it, &alone, &among, graph, fallback))
        } else {
            let slope = optimum.slope.clone().without(&held, &optimum.point);
            let direction = with(&free).runaway(design, &optimum.point, Some(slope));
            direction.map(|it| Separation::along(&it, &with(&free), design, graph, fallback))
        };
        let as_asked = asked == held || (separation.is_some() && fallback.is_some());
        let (mut optimum, ridges) =
            if as_asked { (optimum, held) } else { (optimum.then(|point| with(&asked).maximise(point)), asked) };
        optimum.slope = optimum.slope.without(&ridges, &optimum.point);
        Settled { optimum, separation }
    }
}

impl Separation {
    fn along(
        direction: &Point,
        problem: &Problem<'_>,
        design: &Design,
        graph: &PreferenceGraph,
        fallback: Option<f64>,
    ) -> Self {
        let difference = |pair: usize| direction.difference(problem.pairs, pair);
        let is_left = |base: f64, row: usize| {
            (base + design.effect(row, &direction.coefficients)).abs() + direction.log_parameter.abs() <= TOLD
        };
        // Ratings that make up for coefficients without an estimate have none either.
        let is_held = |base: f64, row: usize| base.abs() <= TOLD && is_left(base, row);
        let left = design.pair_sums(problem.pairs, difference, is_held);
        let connected = Connectivity::of(PreferenceGraph::from_pair_sums(graph.items().clone(), &left).wins());
        let shares = problem.shares_of(&design.gram_of(problem.pairs.low.len(), difference, is_left));
        let shares = shares.unwrap_or_else(|| vec![0.0; design.width()]);
        let reaches = design.reaches(&direction.coefficients);
        let held = reaches.iter().zip(shares).map(|(reach, share)| *reach <= TOLD && share > OWN_SHARE).collect();
        Self { held, members: connected.largest_strong_component().unwrap_or_default().to_vec(), fallback }
    }

    /// What has no estimate, in a sentence; `members` are the items that have one.
    pub(super) fn note(&self, design: &Design, graph: &PreferenceGraph, members: &[ItemId]) -> Note {
        let unheld = design.fitted().zip(&self.held).filter(|(_, held)| !**held);
        let names: Vec<&str> = unheld.map(|(Term { name, .. }, _)| name.as_str()).collect();
        let (what, effect) = match names.len() {
            1 => ("covariate", "tells outcomes without a fault, so its effect has no estimate"),
            _ => ("covariates", "tell outcomes without a fault, so their effects have no estimate"),
        };
        let ridge = self.fallback.map_or_else(String::new, |penalty| format!(" (of {penalty})"));
        let all = graph.items().len();
        let others: Vec<ItemId> = (0..all as u32).map(ItemId).filter(|item| !members.contains(item)).collect();
        let items = if others.is_empty() {
            String::new()
        } else {
            let listed = graph.items().listed(&others, |_| "");
            format!("; no more have {} of {all} items, whose other comparisons hold too little: {listed}", others.len())
        };
        let message = format!(
            "the {what} {} {effect}: what is told is what the ridge{ridge} makes of it, without an interval{items}",
            names.join(", ")
        );
        Note::new("covariate-separates", message)
    }
}
