//! An inspected log as CSV, JSON lines and Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::leaderboard::{escaped, lines, rounded, text};
use crate::validation::inspection::Inspection;

/// Where an item stands.
#[derive(Debug, Serialize)]
struct Row<'a> {
    /// In the order that majorities contradict least.
    place: usize,
    item: &'a str,
    /// Of the majority digraph, from the top down, counted from 1.
    strong_component: usize,
    /// Whether majorities run in circles within it.
    in_circle: bool,
    smith: bool,
    schwartz: bool,
    /// Where that was asked for.
    #[serde(flatten)]
    resistance: Option<MeanResistance>,
}

/// How well an item is tied to the others.
#[derive(Debug, Serialize)]
struct MeanResistance {
    /// In 1/comparisons, over the items that it is connected with; null if there are none.
    mean_resistance: Option<f64>,
}

fn rows(found: &Inspection) -> Vec<Row<'_>> {
    let mut component_of = BTreeMap::new();
    for (place, component) in found.strong_components.iter().enumerate() {
        for item in component {
            component_of.insert(item.as_str(), (place + 1, component.len() > 1));
        }
    }
    let smith: BTreeSet<&String> = found.smith.iter().collect();
    let schwartz: BTreeSet<&String> = found.schwartz.iter().collect();
    let resistance = found.resistance.as_ref().map(|facts| {
        let items = facts.items.iter().map(|it| (it.item.as_str(), it.mean));
        items.collect::<BTreeMap<_, _>>()
    });
    found
        .feedback_arcs
        .order
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let (strong_component, in_circle) = component_of.get(item.as_str()).copied().unwrap_or_default();
            Row {
                place: place + 1,
                item,
                strong_component,
                in_circle,
                smith: smith.contains(item),
                schwartz: schwartz.contains(item),
                resistance: resistance
                    .as_ref()
                    .map(|of| MeanResistance { mean_resistance: of.get(item.as_str()).copied().flatten() }),
            }
        })
        .collect()
}

/// One row an item, in the order that majorities contradict least.
///
/// # Errors
/// None that writing to memory can have.
pub fn inspection_csv(found: &Inspection) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["place", "item", "strong_component", "in_circle", "smith", "schwartz"];
    head.extend(found.resistance.is_some().then_some("mean_resistance"));
    writer.write_record(head)?;
    for row in rows(found) {
        let mut record = vec![
            row.place.to_string(),
            row.item.to_owned(),
            row.strong_component.to_string(),
            row.in_circle.to_string(),
            row.smith.to_string(),
            row.schwartz.to_string(),
        ];
        record.extend(row.resistance.map(|it| text(it.mean_resistance)));
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The rows of [`inspection_csv`] as JSON objects, one a line.
///
/// # Errors
/// None that a row can have.
pub fn inspection_jsonl(found: &Inspection) -> serde_json::Result<Vec<u8>> {
    lines(rows(found))
}

/// The verdict, where each item stands, and what contradicts an order, for documents.
pub fn inspection_markdown(found: &Inspection) -> Vec<u8> {
    let mut text = format!("{}\n\n", escaped(&found.verdict));
    text += "| place | item | strong component | in a circle | Smith set | Schwartz set |\n|--:|:--|--:|:-:|:-:|:-:|\n";
    let mark = |yes: bool| if yes { "yes" } else { "" };
    for row in rows(found) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.place,
            escaped(row.item),
            row.strong_component,
            mark(row.in_circle),
            mark(row.smith),
            mark(row.schwartz)
        );
    }
    if let Some(cycles) = found.cycles.as_ref().filter(|cycles| !cycles.strongest.is_empty()) {
        text += "\n| strongest cycles | weakest margin |\n|:--|--:|\n";
        for cycle in &cycles.strongest {
            let circle = cycle.items.iter().chain(cycle.items.first()).map(|item| escaped(item)).collect::<Vec<_>>();
            let _ = writeln!(text, "| {} | {} |", circle.join(" > "), rounded(cycle.weakest));
        }
    }
    if !found.feedback_arcs.removed.is_empty() {
        text += "\n| against the order | margin |\n|:--|--:|\n";
        for arc in &found.feedback_arcs.removed {
            let _ = writeln!(text, "| {} > {} | {} |", escaped(&arc.winner), escaped(&arc.loser), rounded(arc.margin));
        }
    }
    if let Some(merged) = &found.merged {
        text += "\n| rank | item | items below it, judges merged |\n|--:|:--|--:|\n";
        for row in &merged.ranking {
            let _ = writeln!(text, "| {} | {} | {} |", row.rank, escaped(&row.item), row.descendants);
        }
    }
    if let Some(facts) = &found.resistance {
        text += "\n| same comparisons as a | pairs | mean resistance | worst |\n|:--|--:|--:|--:|\n";
        let number = |value: Option<f64>| value.map_or_else(|| "∞".to_owned(), |it| it.to_string());
        let _ = writeln!(text, "| this log | | {} | {} |", number(facts.mean), number(facts.worst));
        for it in &facts.shapes {
            let _ = writeln!(text, "| {} | {} | {} | {} |", it.shape.name(), it.pairs, it.mean, it.worst);
        }
    }
    text.into_bytes()
}
