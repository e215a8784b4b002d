//! The columns that say which group and which item of it a row is about.

use super::columns::{Header, missing, usual};
use super::error::ReadError;

const GROUP: &[&str] = &["group", "group_id", "uid"];
const ITEM: &[&str] = &["item", "item_id", "sample", "sample_id", "response_id"];

/// The name of the group of all rows, where they are taken for one.
pub(super) const ONE_GROUP: &str = "all";

/// The columns that are asked for by name, and whether all rows are one group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) one_group: bool,
    pub(super) item: Option<&'a str>,
}

/// Where the names of group and item stand, as indices into a header; `None` where there is no column
/// for them: all rows are one group, and items are called by their index in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupColumns {
    pub(super) group: Option<usize>,
    pub(super) item: Option<usize>,
}

impl GroupColumns {
    /// Finds both in the header of the file at `path`, by the names given or the usual ones. What the
    /// `first` file has, each later one must have.
    ///
    /// # Errors
    /// If there is no column for the group, and rows are not taken for one group either: groups are
    /// what samples are compared in, so that none is made up.
    pub(super) fn find(
        path: &str,
        header: &Header,
        wanted: Wanted<'_>,
        first: Option<Self>,
    ) -> Result<Self, ReadError> {
        let column = |role: &str, named: Option<&str>, names: &[&str], first: Option<Option<usize>>| {
            let absent = |wanted| Err(missing(path, &header.names, wanted, &format!("--{role}")));
            match (named, usual(&header.names, names), first) {
                (Some(name), ..) => match header.names.iter().position(|column| column == name) {
                    Some(column) => Ok(Some(column)),
                    None => absent(format!("--{role} {name}")),
                },
                (None, None, Some(Some(_))) => absent(format!("the {role}, which the first input has")),
                (None, Some(column), Some(None)) => {
                    let column = header.names[column].clone();
                    Err(ReadError::ExtraColumn { path: path.to_owned(), column })
                }
                (None, found, _) => Ok(found),
            }
        };
        let item = column("item", wanted.item, ITEM, first.map(|first| first.item))?;
        if wanted.one_group {
            return Ok(Self { group: None, item });
        }
        let group = column("group", wanted.group, GROUP, first.map(|first| first.group))?;
        let mend = "--group COLUMN, or give --one-group if all rows belong to one group";
        let none = || missing(path, &header.names, format!("the group ({})", GROUP.join(", ")), mend);
        Ok(Self { group: Some(group.ok_or_else(none)?), item })
    }

    /// The keys that would name the item, had the first JSON object one of them. As it has not, a later
    /// one that has is a fault.
    pub(super) fn late(self) -> Vec<&'static str> {
        ITEM.iter().filter(|_| self.item.is_none()).copied().collect()
    }
}
