//! An inspected log as CSV, JSON lines and Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::leaderboard::{escaped, lines, rounded};
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
    writer.write_record(["place", "item", "strong_component", "in_circle", "smith", "schwartz"])?;
    for row in rows(found) {
        writer.write_record([
            row.place.to_string(),
            row.item.to_owned(),
            row.strong_component.to_string(),
            row.in_circle.to_string(),
            row.smith.to_string(),
            row.schwartz.to_string(),
        ])?;
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
    text.into_bytes()
}
