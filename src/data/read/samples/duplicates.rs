//! Items that are there twice in their group.

use std::collections::HashMap;

use rayon::prelude::*;

use super::super::super::samples::{ByGroup, ItemNames};
use super::super::super::{ItemId, Items};
use super::super::error::{Fault, ReadError, shown};
use super::super::names::hash;

/// Where rows were read.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The files, of which the last is being read.
    pub(super) paths: Vec<String>,
    /// In the order of rows; each row that is left out stands on the line after that of the row before.
    pub(super) runs: Vec<Place>,
}

/// Where a row was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) row: usize,
    /// The index of its file.
    pub(super) file: usize,
    /// The line on which it starts, counted from 1.
    pub(super) line: u64,
}

impl Places {
    fn of(&self, row: usize) -> Place {
        let run = self.runs[self.runs.partition_point(|run| run.row <= row) - 1];
        Place { row, line: run.line + (row - run.row) as u64, ..run }
    }
}

/// Refuses an item that has two rows in its group; of several the one whose second row comes first.
pub(super) fn check_items(
    groups: &Items,
    group_ids: &[u32],
    items: &ItemNames,
    places: &Places,
) -> Result<(), ReadError> {
    let by_group = ByGroup::new(group_ids, groups.len());
    let repeats = (0..groups.len()).into_par_iter().filter_map(|group| first_repeat(by_group.rows(group), items));
    let Some([second, first]) = repeats.min() else { return Ok(()) };
    let (first, second) = (places.of(first), places.of(second));
    let other_file = (first.file != second.file).then(|| format!("{}, ", places.paths[first.file]));
    let fault = Fault::DuplicateItem {
        item: shown(items.get(first.row).as_bytes()),
        group: shown(groups.name(ItemId(group_ids[first.row])).as_bytes()),
        earlier: format!("{}line {}", other_file.unwrap_or_default(), first.line),
    };
    Err(ReadError::TableRow { path: places.paths[second.file].clone(), line: second.line, fault })
}

/// The first of the rows whose item an earlier one has, and that one.
fn first_repeat(rows: &[u32], items: &ItemNames) -> Option<[usize; 2]> {
    /// Up to so many rows comparing all pairs takes less time than a table.
    const FEW: usize = 32;
    let name = |row: u32| items.get(row as usize);
    if rows.len() > FEW {
        let mut seen = HashMap::with_capacity(rows.len());
        return rows.iter().find_map(|&row| Some([row, seen.insert(name(row), row)?].map(|row| row as usize)));
    }
    let mut hashes = [0; FEW];
    for (place, &row) in rows.iter().enumerate() {
        let found = hash(name(row).as_bytes());
        let same = |&earlier: &usize| hashes[earlier] == found && name(rows[earlier]) == name(row);
        if let Some(earlier) = (0..place).find(same) {
            return Some([row, rows[earlier]].map(|row| row as usize));
        }
        hashes[place] = found;
    }
    None
}
