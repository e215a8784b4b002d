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
    /// What a judge is shown of it, and what its questions are known by: a JSON object on one line, of its
    /// record or of [some columns](Entrants::show_only) of it.
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
    #[error("item {item:?} of group {group:?} has no `{key}`; it has: {found}; name a column that all items have")]
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

    /// Shows a judge nothing but these columns of the records that the group was made of, in this order,
    /// each once. What is not shown is no part of a question, and changes to it ask nothing again.
    ///
    /// # Errors
    /// If a record has no such column.
    pub fn show_only(&mut self, records: &Records, columns: &[String]) -> Result<(), EntrantError> {
        for (item, &row) in self.items.iter_mut().zip(&self.rows) {
            let record = &records.rows[row];
            let shown = |column: &String| Ok(format!("{}:{}", Value::from(&**column), field(records, record, column)?));
            let first = columns.iter().enumerate().filter(|&(place, column)| !columns[..place].contains(column));
            let shown = first.map(|(_, column)| shown(column)).collect::<Result<Vec<_>, EntrantError>>()?;
            item.json = format!("{{{}}}", shown.join(",")).into();
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::{RecordOptions, read_records_bytes};

    #[test]
    fn a_judge_is_shown_the_columns_that_are_named_and_no_others() {
        let text = b"{\"group\":\"g\",\"item\":\"a\",\"n\":1.50,\"text\":\"x \\\"y\\\"\",\"score\":3}\n";
        let records = read_records_bytes("x.jsonl", text, &RecordOptions::default()).unwrap().records;
        let mut group = entrants(&records, None).unwrap().remove(0);
        group.show_only(&records, &["text", "n", "text"].map(str::to_owned)).unwrap();
        assert_eq!(&*group.items[0].json, r#"{"text":"x \"y\"","n":1.50}"#);
        let error = group.show_only(&records, &["prompt".to_owned()]).unwrap_err().to_string();
        assert_eq!(
            error,
            "item \"a\" of group \"g\" has no `prompt`; it has: group, item, n, score, text; name a column that all items have"
        );
    }
}
