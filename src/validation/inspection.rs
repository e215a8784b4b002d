//! All that can be said of a log's structure at once, and whether one ladder describes it.

mod merged;
mod resistance;
mod verdict;

use serde::Serialize;

pub use self::merged::Merged;
pub use self::resistance::{ItemFacts, PairFacts, ResistanceFacts};
pub use self::verdict::{Ladder, Verdict};
use super::deviance::{Clustering, Deviance, DevianceSettings, Explained, Range};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::FitError;
use crate::structure::cycles::{Cycle, CycleLimits, Cycles};
use crate::structure::dominance::Dominance;
use crate::structure::feedback_arcs::{FeedbackArcs, Search, WeightedArc};
use crate::structure::hodge::{Dimensions, Flow};
use crate::structure::triads::{Consistence, Triads};
use crate::structure::{Identification, Note, Status, weak_components};
use crate::uncertainty::{Clusters, FEW_CLUSTERS};

/// Above this many steps of merging neighbours nothing is computed that runs through triangles: seconds.
const MOST_TRIANGLE_STEPS: f64 = 1e9;
/// Above this many the flow's curl is not told from its harmonic part, which takes many such runs.
const MOST_CURL_STEPS: f64 = 5e6;

/// How a log is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InspectionSettings {
    /// The test of the ladder.
    pub deviance: DevianceSettings,
    /// How many cycles are looked for and listed.
    pub cycles: CycleLimits,
    /// How many of the most clearly inconsistent triangles are listed.
    pub triangles: usize,
}

impl Default for InspectionSettings {
    fn default() -> Self {
        Self { deviance: DevianceSettings::default(), cycles: CycleLimits::default(), triangles: 5 }
    }
}

/// What a log's comparisons are, beyond one number an item. Items are told by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The log's size and what it identifies.
    pub graph: GraphFacts,
    /// The groups of items that comparisons connect.
    pub components: Vec<Vec<String>>,
    /// The strong components of the majority digraph, from the top down.
    pub strong_components: Vec<Vec<String>>,
    /// The item with a majority over all that it met, with all others below it.
    pub condorcet_winner: Option<String>,
    /// How many items the Condorcet winner never met.
    pub condorcet_unmet: Option<usize>,
    /// The Smith set over the pairs that met.
    pub smith: Vec<String>,
    /// The Schwartz set over the pairs that met.
    pub schwartz: Vec<String>,
    /// Triples of items whose majorities run in a circle; `None` where there are too many triangles.
    pub triads: Option<TriadFacts>,
    /// `HodgeRank` of the log-odds; `None` where there are too many triangles.
    pub hodge: Option<HodgeFacts>,
    /// Cycles of majorities; `None` where there are too many triangles.
    pub cycles: Option<CycleFacts>,
    /// The lightest majorities that contradict an order.
    pub feedback_arcs: FeedbackFacts,
    /// The test of one ladder.
    pub deviance: Deviance,
    /// How much of what is beyond chance the ladder carries.
    pub explained: Option<Explained>,
    /// The judges' graphs made into one, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// Effective resistances of pairs, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resistance: Option<ResistanceFacts>,
    /// Whether one ladder describes the log, as a word for programs.
    pub ladder: Ladder,
    /// Whether one ladder describes the log, in one sentence.
    pub verdict: String,
    /// What the reader must know.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

/// A log's size, and what its wins identify.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GraphFacts {
    /// Items.
    pub items: usize,
    /// Pairs that met.
    pub pairs: usize,
    /// Pairs that never met.
    pub unmet_pairs: usize,
    /// Pairs that met and are level.
    pub tied_pairs: usize,
    /// Comparisons.
    pub comparisons: f64,
    /// The weight of ties as a share of that of all comparisons.
    pub tied_share: f64,
    /// Groups of items that comparisons connect.
    pub components: usize,
    /// Strong components of the graph of points taken, which ratings depend on.
    pub strong_components: usize,
    /// What ratings the log identifies.
    pub status: Status,
}

/// Triads of the majorities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TriadFacts {
    /// Triples each pair of which has a majority.
    pub triples: u64,
    /// Other triples, with a pair that is level or never met.
    pub skipped: u64,
    /// Triples that run in a circle.
    pub cyclic: u64,
    /// How many would if fair coins decided all pairs, on average.
    pub expected_of_coins: f64,
    /// How many do in logs drawn from the fitted ladder.
    pub expected_of_ladder: Option<Range>,
    /// Kendall's coefficient and its test, where every pair has a majority.
    pub consistence: Option<Consistence>,
}

/// Shares of the log-odds of pairs, weighted by their precision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HodgeFacts {
    /// What one number an item carries.
    pub gradient: f64,
    /// What goes round in triangles; `None` where it takes too long to tell from the harmonic part.
    pub curl: Option<f64>,
    /// What goes round in longer loops only.
    pub harmonic: Option<f64>,
    /// What no numbers carry (curl and harmonic) in logs drawn from the fitted ladder.
    pub cyclicity_of_ladder: Option<Range>,
    /// The dimensions of the parts; `None` where the parts are.
    pub dimensions: Option<Dimensions>,
    /// Whether all its solves met their tolerance.
    pub converged: bool,
    /// The triangles that are most clearly inconsistent, by their curl as a multiple of its standard error, each
    /// in the direction in which its log-odds add up.
    pub triangles: Vec<TriangleFacts>,
}

/// A triangle and how much is gained going round it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriangleFacts {
    /// The items, each above the next and the last above the first on balance.
    pub items: [String; 3],
    /// The sum of the log-odds round the triangle: 0 on any ladder.
    pub curl: f64,
    /// Its standard error.
    pub std_error: Option<f64>,
}

/// Cycles of majorities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleFacts {
    /// Cycles that pass no item twice, counted up to a limit.
    pub count: usize,
    /// Whether these are all.
    pub all_counted: bool,
    /// The strongest of the shortest.
    pub shortest: Vec<CycleRow>,
    /// Those whose weakest majority is strongest.
    pub strongest: Vec<CycleRow>,
}

/// A cycle of majorities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleRow {
    /// The items, each with a majority over the next and the last over the first.
    pub items: Vec<String>,
    /// The margin of each of these majorities, in weight of comparisons.
    pub margins: Vec<f64>,
    /// The smallest of them: the strength of the cycle.
    pub weakest: f64,
}

/// The lightest majorities that contradict an order of all items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedbackFacts {
    /// Whether no lighter set exists.
    pub exact: bool,
    /// Their margins, summed.
    pub weight: f64,
    /// The margins of all majorities, summed.
    pub total_weight: f64,
    /// The majorities, largest margin first.
    pub removed: Vec<ArcRow>,
    /// The order: of exact sets Kemeny's within the circles of majorities.
    pub order: Vec<String>,
}

/// A majority.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArcRow {
    /// Who has it.
    pub winner: String,
    /// Over whom.
    pub loser: String,
    /// By what weight of comparisons.
    pub margin: f64,
}

impl Inspection {
    /// Inspects a log. `clusters` are of the log of this graph, and enter the test of the ladder. `progress` is
    /// called after each log that is drawn from the fitted ladder.
    ///
    /// Majorities, cycles and feedback arcs count all comparisons by weight, a tie as half a win for
    /// both. What runs through triangles of pairs is left out, with a note, on graphs where that takes
    /// many seconds. O(triangles + resamples × fit).
    ///
    /// # Errors
    /// If the ladder can't be fitted.
    pub fn of(
        graph: &PreferenceGraph,
        clusters: Option<&Clusters>,
        settings: InspectionSettings,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Self, FitError> {
        let names = |ids: &[ItemId]| named(graph, ids);
        let dominance = Dominance::of(graph);
        let feedback = FeedbackArcs::of(&graph.majority(), Search::Best);
        let deviance = Deviance::test(graph, clusters, settings.deviance, progress)?;
        let few_triangles = triangle_steps(graph) <= MOST_TRIANGLE_STEPS;
        let cycles = few_triangles.then(|| Cycles::of(graph, settings.cycles));
        let facts = graph_facts(graph, &dominance);
        let mut found = Self {
            components: weak_components(graph).iter().map(|component| names(component)).collect(),
            strong_components: dominance.strong_components.iter().map(|component| names(component)).collect(),
            condorcet_winner: dominance.condorcet_winner.map(|item| graph.items().name(item).to_owned()),
            condorcet_unmet: dominance.condorcet_winner.map(|item| unmet(graph, item)),
            smith: names(&dominance.smith()),
            schwartz: names(&dominance.schwartz),
            triads: few_triangles.then(|| triad_facts(graph, &deviance)),
            hodge: few_triangles.then(|| hodge_facts(graph, &deviance, settings.triangles)),
            cycles: cycles.as_ref().map(|cycles| cycle_facts(graph, cycles)),
            feedback_arcs: feedback_facts(graph, &feedback),
            explained: deviance.explained(),
            deviance,
            merged: None,
            resistance: None,
            ladder: Ladder::Untested,
            verdict: String::new(),
            notes: Vec::new(),
            graph: facts,
        };
        let verdict = Verdict::of(&found);
        (found.ladder, found.verdict) = (verdict.ladder, verdict.sentence);
        found.notes = notes(graph, &found, cycles.as_ref(), settings.deviance.resamples);
        Ok(found)
    }

    /// The strong components of two items or more: those whose majorities run in circles.
    pub fn circles(&self) -> impl Iterator<Item = &[String]> {
        self.strong_components.iter().map(Vec::as_slice).filter(|component| component.len() > 1)
    }

    /// Whether some majorities run in a circle.
    pub fn has_circles(&self) -> bool {
        self.circles().next().is_some()
    }
}

fn named(graph: &PreferenceGraph, ids: &[ItemId]) -> Vec<String> {
    ids.iter().map(|&id| graph.items().name(id).to_owned()).collect()
}

/// About how many steps it takes to run through the triangles.
fn triangle_steps(graph: &PreferenceGraph) -> f64 {
    let mut above = vec![0.0; graph.items().len()];
    for pair in graph.pairs() {
        above[pair.low.index()] += 1.0;
    }
    graph.pairs().iter().map(|pair| above[pair.low.index()] + above[pair.high.index()]).sum()
}

fn unmet(graph: &PreferenceGraph, item: ItemId) -> usize {
    let met = graph.pairs().iter().filter(|pair| pair.low == item || pair.high == item).count();
    graph.items().len() - 1 - met
}

fn graph_facts(graph: &PreferenceGraph, dominance: &Dominance) -> GraphFacts {
    let identification = Identification::by_strong_connection(graph);
    let (tied, weight) = (graph.tied_weight(), graph.weight());
    GraphFacts {
        items: graph.items().len(),
        pairs: dominance.pairs,
        unmet_pairs: dominance.unmet_pairs,
        tied_pairs: dominance.tied_pairs,
        comparisons: graph.comparisons(),
        tied_share: if tied > 0.0 { tied / weight } else { 0.0 },
        components: identification.components,
        strong_components: identification.strong_components,
        status: identification.status,
    }
}

fn triad_facts(graph: &PreferenceGraph, deviance: &Deviance) -> TriadFacts {
    let triads = Triads::of(&Flow::margins(graph));
    TriadFacts {
        triples: triads.triples,
        skipped: triads.skipped,
        cyclic: triads.cyclic,
        expected_of_coins: triads.expected(),
        expected_of_ladder: deviance.chance_triads,
        consistence: triads.consistence,
    }
}

fn hodge_facts(graph: &PreferenceGraph, deviance: &Deviance, triangles: usize) -> HodgeFacts {
    let flow = Flow::log_odds_of_independent(graph);
    let name = |item: ItemId| graph.items().name(item).to_owned();
    let rows = flow.clearest_curls(triangles).into_iter().map(|found| {
        let [i, j, k] = found.items.map(name);
        TriangleFacts {
            items: if found.curl >= 0.0 { [i, j, k] } else { [i, k, j] },
            curl: found.curl.abs(),
            std_error: found.std_error,
        }
    });
    let facts = HodgeFacts {
        gradient: 1.0,
        curl: None,
        harmonic: None,
        cyclicity_of_ladder: deviance.chance_cyclicity,
        dimensions: None,
        converged: true,
        triangles: rows.collect(),
    };
    if triangle_steps(graph) > MOST_CURL_STEPS {
        let gradient = flow.gradient();
        return HodgeFacts { gradient: 1.0 - gradient.cyclicity(), converged: gradient.converged, ..facts };
    }
    let parts = flow.decompose();
    HodgeFacts {
        converged: parts.converged,
        gradient: 1.0 - parts.norms.cyclicity(),
        curl: Some(parts.norms.curl_share()),
        harmonic: Some(parts.norms.harmonic_share()),
        dimensions: Some(parts.dimensions),
        ..facts
    }
}

fn cycle_facts(graph: &PreferenceGraph, cycles: &Cycles) -> CycleFacts {
    let majority = graph.majority();
    let row = |cycle: &Cycle| {
        let next = cycle.items.iter().cycle().skip(1);
        let margins = cycle
            .items
            .iter()
            .zip(next)
            .filter_map(|(from, to)| majority.find_edge((from.0).into(), (to.0).into()).map(|arc| majority[arc]));
        CycleRow { items: named(graph, &cycle.items), margins: margins.collect(), weakest: cycle.weakest }
    };
    CycleFacts {
        count: cycles.count,
        all_counted: cycles.all_counted,
        shortest: cycles.shortest.iter().map(row).collect(),
        strongest: cycles.strongest.iter().map(row).collect(),
    }
}

fn feedback_facts(graph: &PreferenceGraph, found: &FeedbackArcs) -> FeedbackFacts {
    FeedbackFacts {
        exact: found.exact,
        weight: found.weight,
        total_weight: found.total_weight,
        removed: arc_rows(graph, &found.removed),
        order: named(graph, &found.order),
    }
}

fn arc_rows(graph: &PreferenceGraph, arcs: &[WeightedArc]) -> Vec<ArcRow> {
    let name = |item: ItemId| graph.items().name(item).to_owned();
    let row = |arc: &WeightedArc| ArcRow { winner: name(arc.from), loser: name(arc.to), margin: arc.weight };
    arcs.iter().map(row).collect()
}

/// `asked` is how many logs were to be drawn.
fn notes(graph: &PreferenceGraph, found: &Inspection, cycles: Option<&Cycles>, asked: u32) -> Vec<Note> {
    let mut notes = Identification::by_strong_connection(graph).notes(graph);
    let mut note = |code: &'static str, message: String| notes.push(Note::new(code, message));
    if !found.deviance.converged {
        note("not-converged", "the ladder's fit had not converged, so its test may be off".to_owned());
    }
    if found.hodge.as_ref().is_some_and(|hodge| !hodge.converged) {
        note("not-converged", "HodgeRank had not converged, so the shares of the log-odds may be off".to_owned());
    }
    if found.deviance.has_shares {
        let message =
            "some outcomes are win shares, not counts of wins: they have no known error, so the ladder is not tested";
        note("not-tested", message.to_owned());
    } else if !found.deviance.is_seldom_decided()
        && found.deviance.degrees_of_freedom > 0
        && found.deviance.p_value.is_none()
    {
        let (items, pairs) = (found.graph.items, found.graph.pairs);
        let why = if asked == 0 {
            "no logs were asked for".to_owned()
        } else {
            format!("{items} items with {pairs} pairs take too long to draw logs of")
        };
        note("not-tested", format!("the ladder is not tested: expected counts are too small for χ², and {why}"));
    }
    match &found.deviance.cluster {
        Some(Clustering { column, clusters, design_effect: None }) if found.deviance.p_value.is_some() => {
            let message = format!(
                "the test takes comparisons as independent: the effect of {clusters} clusters by {column} on it is not known"
            );
            note("clusters-skipped", message);
        }
        Some(Clustering { column, clusters, .. }) if *clusters < FEW_CLUSTERS => {
            let message =
                format!("{clusters} clusters by {column} are few: the test of the ladder is itself uncertain");
            note("few-clusters", message);
        }
        _ => {}
    }
    if cycles.is_none() {
        let message = format!(
            "{} pairs have too many triangles to run through: triads, cycles and HodgeRank are left out",
            found.graph.pairs
        );
        note("triangles-skipped", message);
    }
    if cycles.is_some_and(|cycles| !cycles.searched) {
        let message = "the search for cycles was cut short: the lists of cycles may lack some";
        note("cycles-cut-short", message.to_owned());
    }
    notes
}

#[cfg(test)]
mod tests;
