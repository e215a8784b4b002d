//! An inspection as a person sees it: the verdict, then what it rests on, a fact a line.

use std::fmt::Write as _;

use palio::structure::Status;
use palio::validation::deviance::{Clustering, Range, TestMethod};
use palio::validation::inspection::{ArcRow, CycleRow, Inspection, Merged, TriangleFacts};

use crate::cli::table::{counted, grouped, shown_name, trimmed, width};

/// Lines are no longer than this, however wide the terminal.
const WIDEST: usize = 100;
/// Where the facts begin, after their heads.
const INDENT: usize = 15;
/// Where rows below a fact begin.
const ROW_INDENT: usize = 4;
/// Names of a list that are shown.
const NAMES: usize = 6;
/// Triangles whose log-odds add up to no more than so many standard errors are not shown: chance makes many.
const CLEAR: f64 = 2.0;
/// Cycles, triangles, arcs and ranks that are shown.
const ROWS: usize = 5;

/// An inspection as text.
pub(super) fn inspection(found: &Inspection) -> String {
    let mut page = Page { text: String::new(), width: width().min(WIDEST) };
    page.wrap(0, "", &found.verdict);
    page.text.push('\n');
    page.fact("log", &log(found));
    if found.graph.pairs > 0 {
        page.fact("majorities", &majorities(found));
        page.fact("one ladder", &ladder(found));
        hodge(found, &mut page);
        triads(found, &mut page);
        cycles(found, &mut page);
        feedback(found, &mut page);
        // Of groups that never met there is no order.
        if found.feedback_arcs.total_weight > 0.0 && found.graph.components == 1 {
            page.fact("best order", &page.names(&found.feedback_arcs.order, " > ", 2 * NAMES));
        }
    }
    if let Some(merged) = &found.merged {
        judges(merged, &mut page);
    }
    if let Some(facts) = &found.resistance {
        super::resistance::show(facts, &mut page);
    }
    page.text
}

/// Text on lines of a width.
pub(super) struct Page {
    pub(super) text: String,
    width: usize,
}

impl Page {
    pub(super) fn fact(&mut self, head: &str, text: &str) {
        self.wrap(INDENT, head, text);
    }

    /// Names on a line without a head, each shortened as far as need be, and something beside them.
    pub(super) fn row(&mut self, names: &[String], beside: &str) {
        let between = 3 * names.len().saturating_sub(1);
        let room = self.width.saturating_sub(ROW_INDENT + 2 + beside.chars().count());
        let each = room.saturating_sub(between) / names.len().max(1);
        let whole: usize = names.iter().map(|name| name.chars().count()).sum();
        let shown: Vec<String> = names
            .iter()
            .map(|name| if whole + between > room { shortened(name, each) } else { name.clone() })
            .collect();
        let _ = writeln!(self.text, "{:ROW_INDENT$}{}  {beside}", "", shown.join(" > "));
    }

    /// Words on lines that begin at `indent`, the first of them with a head before it.
    fn wrap(&mut self, indent: usize, head: &str, text: &str) {
        let mut line = format!("{head:indent$}");
        let mut is_empty = true;
        for word in text.split(' ') {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > self.width {
                self.text += line.trim_end();
                self.text.push('\n');
                line = " ".repeat(indent);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line += word;
            is_empty = false;
        }
        self.text += line.trim_end();
        self.text.push('\n');
    }

    /// The first names, and how many more there are.
    fn names(&self, names: &[String], between: &str, most: usize) -> String {
        // One more is told by its name, which is no longer than to say so.
        let most = if names.len() == most + 1 { most + 1 } else { most };
        let mut text = names.iter().take(most).map(|name| self.name(name)).collect::<Vec<_>>().join(between);
        if names.len() > most {
            let _ = write!(text, "{between}… {} more", names.len() - most);
        }
        text
    }

    pub(super) fn name(&self, name: &str) -> String {
        shown_name(name, self.width * 2 / 3)
    }

    /// The items of a circle, back to the first; of a long one the beginning.
    fn circle(&self, items: &[String]) -> Vec<String> {
        let mut shown: Vec<String> = items.iter().take(NAMES).map(|name| self.name(name)).collect();
        if items.len() > NAMES {
            shown.push(format!("… {} more", items.len() - NAMES));
        }
        shown.extend(items.first().map(|name| self.name(name)));
        shown
    }

    fn arcs(&mut self, arcs: &[ArcRow]) {
        for arc in arcs.iter().take(ROWS) {
            self.row(&[self.name(&arc.winner), self.name(&arc.loser)], &trimmed(arc.margin));
        }
        if arcs.len() > ROWS {
            self.wrap(ROW_INDENT, "", &format!("and {} more", grouped((arcs.len() - ROWS) as f64)));
        }
    }
}

/// A name of at most `most` characters, or six: its beginning and its end.
fn shortened(name: &str, most: usize) -> String {
    let (length, most) = (name.chars().count(), most.max(6));
    if length <= most {
        return name.to_owned();
    }
    let tail = (most - 1) / 3;
    name.chars().take(most - 1 - tail).chain(['…']).chain(name.chars().skip(length - tail)).collect()
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn log(found: &Inspection) -> String {
    let graph = &found.graph;
    let mut text = format!(
        "{} of {}",
        counted(graph.comparisons, "comparison", "comparisons"),
        counted(graph.items as f64, "item", "items")
    );
    if graph.tied_share > 0.0 {
        let _ = write!(text, ", {} tied", percent(graph.tied_share));
    }
    let _ = write!(
        text,
        "; {} of {} pairs met",
        grouped(graph.pairs as f64),
        grouped((graph.pairs + graph.unmet_pairs) as f64)
    );
    if graph.components > 1 {
        let sizes: Vec<String> =
            sorted_sizes(&found.components).into_iter().take(NAMES).map(|size| size.to_string()).collect();
        let more = if found.components.len() > NAMES { ", …" } else { "" };
        let _ = write!(text, ", in {} groups of {}{more} items", grouped(graph.components as f64), sizes.join(", "));
    }
    if graph.status == Status::PartiallyIdentified {
        text += "; some items only won or only lost against the rest";
    }
    text
}

fn sorted_sizes(components: &[Vec<String>]) -> Vec<usize> {
    let mut sizes: Vec<usize> = components.iter().map(Vec::len).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

fn majorities(found: &Inspection) -> String {
    let page = Page { text: String::new(), width: width().min(WIDEST) };
    let mut parts = vec![match (&found.condorcet_winner, found.condorcet_unmet) {
        (Some(winner), Some(unmet)) if unmet > 0 => {
            format!(
                "Condorcet winner of the pairs that met: {} ({} it never met)",
                page.name(winner),
                grouped(unmet as f64)
            )
        }
        (Some(winner), _) => format!("Condorcet winner: {}", page.name(winner)),
        (None, _) => {
            format!("no Condorcet winner; Smith set ({}): {}", found.smith.len(), page.names(&found.smith, ", ", NAMES))
        }
    }];
    if found.schwartz != found.smith {
        parts.push(format!("Schwartz set ({}): {}", found.schwartz.len(), page.names(&found.schwartz, ", ", NAMES)));
    }
    let circles: Vec<&[String]> = found.circles().collect();
    let inside: usize = circles.iter().map(|circle| circle.len()).sum();
    if circles.is_empty() {
        parts.push("no circles".to_owned());
    } else {
        let largest = circles.iter().map(|circle| circle.len()).max().unwrap_or_default();
        let components = if circles.len() == 1 {
            "one strong component".to_owned()
        } else {
            format!("{} strong components, the largest of {largest}", circles.len())
        };
        parts.push(format!("{inside} of {} items in circles, {components}", found.graph.items));
    }
    if found.graph.tied_pairs > 0 {
        parts.push(format!("{} level", counted(found.graph.tied_pairs as f64, "pair", "pairs")));
    }
    parts.join("; ")
}

fn ladder(found: &Inspection) -> String {
    let deviance = &found.deviance;
    if deviance.degrees_of_freedom == 0 {
        return "fits exactly: there is no loop of decided pairs to test it by".to_owned();
    }
    let mut text = format!(
        "deviance {:.1} on {} degrees of freedom",
        deviance.deviance,
        grouped(deviance.degrees_of_freedom as f64)
    );
    if let Some(range) = &deviance.chance_deviance {
        let _ = write!(text, ", {} of a true one and independent votes", ranged(range, 1));
    }
    let tested = match (deviance.p_value_text(), deviance.method) {
        (Some(p_value), TestMethod::ChiSquared) => format!("{p_value} by χ²"),
        (Some(p_value), _) => format!("{p_value} by {} drawn logs", grouped(deviance.resamples as f64)),
        (None, _) => "not tested".to_owned(),
    };
    let _ = write!(text, "; {tested}");
    if let Some(Clustering { column, clusters, design_effect: Some(effect) }) = &deviance.cluster {
        let _ = write!(
            text,
            ", clustered by {column} ({}, which add a factor of {effect:.2} to misfit)",
            grouped(*clusters as f64)
        );
    }
    if let Some(explained) = found.explained {
        let _ = write!(
            text,
            "; it carries {} of what is beyond chance (at least {})",
            percent(explained.share),
            percent(explained.at_least)
        );
    }
    text
}

/// A mean and where nine of ten values lie.
fn ranged(range: &Range, decimals: usize) -> String {
    format!("{:.decimals$} ({:.decimals$} to {:.decimals$})", range.mean, range.low, range.high)
}

fn probability(p_value: f64) -> String {
    if p_value < 0.0001 { "p < 0.0001".to_owned() } else { format!("p = {p_value:.4}") }
}

fn hodge(found: &Inspection, page: &mut Page) {
    let Some(hodge) = &found.hodge else { return };
    let mut text = format!("ladder {}", percent(hodge.gradient));
    match (hodge.curl, hodge.harmonic) {
        (Some(curl), Some(harmonic)) => {
            let _ = write!(text, ", triangles {}, longer loops {}", percent(curl), percent(harmonic));
        }
        _ => {
            let _ = write!(text, ", circles {}", percent(1.0 - hodge.gradient));
        }
    }
    if let Some(range) = &hodge.cyclicity_of_ladder {
        let _ = write!(
            text,
            "; a true ladder leaves {} ({} to {}) in circles",
            percent(range.mean),
            percent(range.low),
            percent(range.high)
        );
    }
    page.fact("log-odds", &text);
    let clear = |it: &&TriangleFacts| it.std_error.is_none_or(|error| it.curl > CLEAR * error);
    let triangles: Vec<&TriangleFacts> = hodge.triangles.iter().filter(clear).take(ROWS).collect();
    if triangles.is_empty() {
        return;
    }
    page.fact("", "most clearly inconsistent triangles, log-odds round them ± standard errors:");
    for triangle in triangles {
        let TriangleFacts { items, curl, std_error } = triangle;
        let error = std_error.map(|error| format!(" ±{error:.2}")).unwrap_or_default();
        page.row(&page.circle(items), &format!("{curl:.2}{error}"));
    }
}

fn triads(found: &Inspection, page: &mut Page) {
    let Some(triads) = &found.triads else { return };
    if triads.triples == 0 {
        return;
    }
    let mut text =
        format!("{} of {} decided triples in a circle", grouped(triads.cyclic as f64), grouped(triads.triples as f64));
    if let Some(range) = &triads.expected_of_ladder {
        let _ = write!(text, ", {} of a true ladder", ranged(range, 0));
    }
    let _ = write!(text, ", {} by coin flips", grouped((triads.expected_of_coins * 10.0).round() / 10.0));
    if let Some(consistence) = triads.consistence {
        let _ =
            write!(text, "; Kendall's ζ {:.3} ({} against coins)", consistence.zeta, probability(consistence.p_value));
    } else if triads.skipped > 0 {
        let _ = write!(text, "; {} triples have a pair that is level or never met", grouped(triads.skipped as f64));
    }
    page.fact("triads", &text);
}

fn cycles(found: &Inspection, page: &mut Page) {
    let Some(cycles) = &found.cycles else { return };
    if cycles.strongest.is_empty() {
        page.fact("cycles", "none");
        return;
    }
    let count = grouped(cycles.count as f64);
    let how_many = if cycles.all_counted { count } else { format!("more than {count}") };
    page.fact("cycles", &format!("{how_many}; the strongest, with the margins of their majorities:"));
    for cycle in cycles.strongest.iter().take(ROWS) {
        page.row(&page.circle(&cycle.items), &margins(cycle));
    }
    let length = cycles.shortest.first().map_or(0, |cycle| cycle.items.len());
    if length > 3 {
        page.fact("", &format!("the shortest pass {length} items:"));
        for cycle in cycles.shortest.iter().take(2) {
            page.row(&page.circle(&cycle.items), &margins(cycle));
        }
    }
}

fn margins(cycle: &CycleRow) -> String {
    if cycle.margins.len() > 4 {
        return format!("{} or more", trimmed(cycle.weakest));
    }
    cycle.margins.iter().map(|&margin| trimmed(margin)).collect::<Vec<_>>().join(", ")
}

fn feedback(found: &Inspection, page: &mut Page) {
    let feedback = &found.feedback_arcs;
    if feedback.removed.is_empty() {
        return;
    }
    let majorities = found.graph.pairs - found.graph.tied_pairs;
    let text = format!(
        "{} of {} majorities contradict the best order, {} of all margins ({}):",
        grouped(feedback.removed.len() as f64),
        grouped(majorities as f64),
        percent(feedback.weight / feedback.total_weight),
        if feedback.exact { "no order has less" } else { "the least that was found" },
    );
    page.fact("feedback arcs", &text);
    page.arcs(&feedback.removed);
}

fn judges(merged: &Merged, page: &mut Page) {
    let mut text = format!("{} made into one, ", counted(merged.judges as f64, "judge", "judges"));
    if merged.removed.is_empty() {
        text += "without a contradiction";
    } else {
        let least = if merged.exact { ", the least there is" } else { "" };
        let share = percent(merged.removed_weight / merged.total_weight);
        let arcs = counted(merged.removed.len() as f64, "arc", "arcs");
        let _ = write!(text, "{arcs} removed ({share} of all weight{least}):");
    }
    page.fact("merged", &text);
    page.arcs(&merged.removed);
    let mut level: Vec<(usize, Vec<String>)> = Vec::new();
    for row in &merged.ranking {
        match level.last_mut() {
            Some((rank, names)) if *rank == row.rank => names.push(page.name(&row.item)),
            _ => level.push((row.rank, vec![page.name(&row.item)])),
        }
    }
    let ranks: Vec<String> = level.into_iter().map(|(_, names)| names.join(" = ")).collect();
    page.fact("merged order", &page.names(&ranks, " > ", 2 * NAMES));
}
