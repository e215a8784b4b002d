//! Records of items in groups, which are handed to a judge as they are.

use std::sync::Arc;

use super::Items;

/// Items in groups, each with the record that was read.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The groups, in first-seen order.
    pub groups: Items,
    /// The records, in input order.
    pub rows: Vec<Record>,
}

/// One item of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its group, as an index into [`Records::groups`].
    pub group: u32,
    /// Its name, unique in its group: the `item` column, or its index in the group.
    pub item: String,
    /// The record as one line of JSON: an object with all its columns. Numbers stand as they are
    /// written, strings with as few escapes as can be; the fields of a CSV file are strings.
    pub json: Arc<str>,
}
