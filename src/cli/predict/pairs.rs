//! Pairs of items from a file.

use std::path::Path;

use anyhow::{Context, bail};
use palio::data::Items;
use palio::data::read::{Input, RecordOptions, read_records};
use palio::validation::Matchup;
use serde_json::{Map, Value};

use crate::cli::names::find_item;

/// Names of the two columns, in the order in which they are looked for.
const COLUMNS: [[&str; 2]; 6] = [
    ["left", "right"],
    ["model_a", "model_b"],
    ["item_a", "item_b"],
    ["player_a", "player_b"],
    ["agent_a", "agent_b"],
    ["a", "b"],
];

/// The names in a file of pairs, and what was read.
pub(super) struct NamedPairs {
    pub(super) input: Input,
    names: Vec<[String; 2]>,
}

/// Reads the two names of each row; other columns are left alone.
pub(super) fn read_pairs(path: &Path) -> anyhow::Result<NamedPairs> {
    let reading = read_records(&[path], &RecordOptions { one_group: true, ..RecordOptions::default() })?;
    let rows = reading.records.rows.iter().enumerate();
    let names = rows.map(|(row, record)| {
        let fields: Map<String, Value> = serde_json::from_str(&record.json)?;
        names_of(&fields).with_context(|| format!("{}, row {}", path.display(), row + 1))
    });
    let names = names.collect::<anyhow::Result<_>>()?;
    let input = reading.inputs.into_iter().next().context("a file of pairs")?;
    Ok(NamedPairs { input, names })
}

fn names_of(fields: &Map<String, Value>) -> anyhow::Result<[String; 2]> {
    let Some(columns) = COLUMNS.iter().find(|columns| columns.iter().all(|column| fields.contains_key(*column))) else {
        let known: Vec<&str> = fields.keys().map(String::as_str).collect();
        bail!("no columns left and right (or model_a and model_b); there are: {}", known.join(", "));
    };
    let name = |column: &str| match &fields[column] {
        Value::String(name) => Ok(name.clone()),
        Value::Number(name) => Ok(name.to_string()),
        other => bail!("`{column}` is {other}, and not a name"),
    };
    Ok([name(columns[0])?, name(columns[1])?])
}

impl NamedPairs {
    /// The pairs as items of a log.
    pub(super) fn matchups(&self, items: &Items) -> anyhow::Result<Vec<Matchup>> {
        let matchup = |(row, [left, right]): (usize, &[String; 2])| {
            let place = || format!("{}, row {}", self.input.path, row + 1);
            if left == right {
                bail!("{}: '{left}' against itself; give two different items", place());
            }
            let find = |name: &str| find_item(items, name).with_context(place);
            Ok(Matchup { left: find(left)?, right: find(right)? })
        };
        self.names.iter().enumerate().map(matchup).collect()
    }
}
