//! The items of one group that enter a tournament.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::question::KeyedBy;
use crate::data::ItemId;
use crate::data::records::{Record, Records};

/// The items of one group, in input order.
#[derive(Debug, Clone, PartialEq)]
pub struct Entrants {
    /// The group's name.
    pub group: String,
    /// The items.
    pub items: Vec<Entrant>,
    /// The row of each item in the records.
    pub rows: Vec<usize>,
    /// A known score of each item, to seed by; empty if there are none.
    pub scores: Vec<f64>,
}

/// An item as a judge sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrant {
    /// Its name, unique in its group.
    pub name: String,
    /// Its record: a JSON object on one line.
    pub json: Arc<str>,
    /// The first item of the group that is taken for the same one: itself, unless items are told apart by
    /// a key that they share. Twins tie without a call.
    pub twin: u32,
}

/// A record that lacks what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntrantError {
    /// No such key.
    #[error("item {item:?} of group {group:?} has no `{key}`; it has: {found}")]
    Missing {
        /// The item.
        item: String,
        /// Its group.
        group: String,
        /// The key.
        key: String,
        /// The keys that are there.
        found: String,
    },
    /// Not a finite number.
    #[error(
        "`{key}` of item {item:?} of group {group:?} is {value}, which is not a finite number; write it like 1 or 0.5"
    )]
    NotANumber {
        /// The item.
        item: String,
        /// Its group.
        group: String,
        /// The key.
        key: String,
        /// What stands there.
        value: String,
    },
}

/// The groups of the records, in first-seen order. Items with equal values of `dedupe` are twins; numbers are
/// equal if they are written alike. Texts of records are shared, and not copied.
///
/// # Errors
/// If a record has no such key.
pub fn entrants(records: &Records, dedupe: Option<&str>) -> Result<Vec<Entrants>, EntrantError> {
    let group =
        |name: &str| Entrants { group: name.to_owned(), items: Vec::new(), rows: Vec::new(), scores: Vec::new() };
    let mut groups: Vec<Entrants> = records.groups.iter().map(group).collect();
    let mut firsts: Vec<HashMap<String, u32>> = vec![HashMap::new(); groups.len()];
    for (row, record) in records.rows.iter().enumerate() {
        let group = &mut groups[record.group as usize];
        let own = group.items.len() as u32;
        let twin = match dedupe {
            None => own,
            Some(key) => *firsts[record.group as usize].entry(field(records, record, key)?).or_insert(own),
        };
        group.items.push(Entrant { name: record.item.clone(), json: record.json.clone(), twin });
        group.rows.push(row);
    }
    Ok(groups)
}

/// The number that each record has under `key`: in CSV files as text.
///
/// # Errors
/// If a record has none.
pub fn numbers(records: &Records, key: &str) -> Result<Vec<f64>, EntrantError> {
    let number = |record: &Record| {
        let text = field(records, record, key)?;
        let number = match serde_json::from_str(&text) {
            Ok(Value::Number(number)) => number.as_f64(),
            Ok(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| EntrantError::NotANumber {
            item: record.item.clone(),
            group: records.groups.name(ItemId(record.group)).to_owned(),
            key: key.to_owned(),
            value: text,
        })
    };
    records.rows.iter().map(number).collect()
}

impl Entrants {
    /// Gives each item its entry of `numbers`, which has one for each row of the records.
    pub fn seed_by(&mut self, numbers: &[f64]) {
        self.scores = self.rows.iter().map(|&row| numbers[row]).collect();
    }

    /// Who is shown where `item` is asked about: the first of its twins, so that nothing is asked of each of
    /// them. A judge that knows items by their names is asked about the item itself.
    pub(super) fn shown(&self, item: u32, keyed_by: KeyedBy) -> &Entrant {
        let own = &self.items[item as usize];
        match keyed_by {
            KeyedBy::Records => &self.items[own.twin as usize],
            KeyedBy::Names => own,
        }
    }

    /// Whether two items are taken for the same one.
    pub(super) fn has_twins(&self) -> bool {
        (0..).zip(&self.items).any(|(own, item)| item.twin != own)
    }
}

/// The JSON of a field.
fn field(records: &Records, record: &Record, key: &str) -> Result<String, EntrantError> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(&record.json).unwrap_or_default();
    let found = fields.get(key).map(|value| value.get().to_owned());
    found.ok_or_else(|| EntrantError::Missing {
        item: record.item.clone(),
        group: records.groups.name(ItemId(record.group)).to_owned(),
        key: key.to_owned(),
        found: fields.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
    })
}
