//! The columns that say which group and which item of it a row is about.

use super::columns::{Header, missing, usual};
use super::error::ReadError;

const GROUP: &[&str] = &["group", "group_id", "uid"];
const ITEM: &[&str] = &["item", "item_id", "sample", "sample_id", "response_id"];

/// Where the names of group and item stand, as indices into a header; `None` where there is no column
/// for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupColumns {
    pub(super) group: Option<usize>,
    pub(super) item: Option<usize>,
}

impl GroupColumns {
    /// Finds both in the header of the file at `path`, by the names given or the usual ones. What the
    /// `first` file has, each later one must have.
    pub(super) fn find(
        path: &str,
        header: &Header,
        group: Option<&str>,
        item: Option<&str>,
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
        Ok(Self {
            group: column("group", group, GROUP, first.map(|first| first.group))?,
            item: column("item", item, ITEM, first.map(|first| first.item))?,
        })
    }

    /// The column of the group, or the error of its absence.
    pub(super) fn required_group(self, path: &str, header: &Header) -> Result<usize, ReadError> {
        let wanted = || format!("the group ({})", GROUP.join(", "));
        self.group.ok_or_else(|| missing(path, &header.names, wanted(), "--group"))
    }

    /// The keys that would name the group or the item, had the first JSON object one of them. As it has
    /// not, a later one that has is a fault.
    pub(super) fn late(self) -> Vec<&'static str> {
        let (group, item) = (self.group.is_none(), self.item.is_none());
        let groups = GROUP.iter().filter(|_| group);
        groups.chain(ITEM.iter().filter(|_| item)).copied().collect()
    }
}
