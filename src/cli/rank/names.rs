//! Names that are not shown, or shown otherwise.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};
use palio::leaderboard::Leaderboard;
use palio::structure::Note;

/// The names in a file, one a line. Empty lines, and those that begin with `#`, are none.
pub(super) fn hidden(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = read(path)?;
    Ok(lines(&text).map(str::to_owned).collect())
}

/// Names and how they are shown.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    names: HashMap<String, String>,
    /// For each name that is shown the log's names that it stands for.
    of_shown: HashMap<String, Vec<String>>,
}

impl Renamed {
    /// From a file with two names a line, with a comma or a tab between them: the log's, and the one that is shown.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read(path)?;
        let mut names = HashMap::new();
        let mut of_shown: HashMap<String, Vec<String>> = HashMap::new();
        let text: String = lines(&text).flat_map(|line| [line, "\n"]).collect();
        let delimiter = if text.contains('\t') { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.with_context(|| format!("cannot read {}", path.display()))?;
            let (Some(name), Some(shown), None) = (record.get(0), record.get(1), record.get(2)) else {
                let found = record.iter().collect::<Vec<_>>().join(",");
                bail!(
                    "{}: '{found}' is not two names; write the log's name, a comma or a tab, and the one that is shown",
                    path.display()
                );
            };
            let (name, shown) = (name.trim().to_owned(), shown.trim().to_owned());
            of_shown.entry(shown.clone()).or_default().push(name.clone());
            if names.insert(name.clone(), shown).is_some() {
                bail!("{} renames {name:?} twice; keep one of them", path.display());
            }
        }
        Ok(Self { names, of_shown })
    }

    /// Shows the items of a board by their other names.
    pub(super) fn apply(&self, board: &mut Leaderboard) -> anyhow::Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        let mut seen = HashMap::new();
        for name in &mut board.hidden_names {
            *name = self.names.get(name).unwrap_or(name).clone();
        }
        for row in &mut board.items {
            let shown = self.names.get(&row.item).unwrap_or(&row.item).clone();
            if let Some(other) = seen.insert(shown.clone(), row.item.clone()) {
                bail!(
                    "--rename would show {other:?} and {:?} both as {shown:?}; give them names of their own",
                    row.item
                );
            }
            row.item = shown;
        }
        Ok(())
    }

    /// How an item of an earlier board is shown, which that board calls by the log's name or as it is shown.
    pub(super) fn shown<'n>(&'n self, name: &'n str) -> &'n str {
        if self.of_shown.contains_key(name) { name } else { self.names.get(name).map_or(name, String::as_str) }
    }

    /// The log's names of an item that an earlier board calls so: its own, if it is not one that is shown.
    pub(super) fn log_names<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n str> {
        let known = self.of_shown.get(name);
        known.into_iter().flatten().map(String::as_str).chain(known.is_none().then_some(name))
    }

    /// The one of them that is an item, or the first.
    pub(super) fn log_name<'n>(&'n self, name: &'n str, is_item: impl Fn(&str) -> bool) -> &'n str {
        let found = self.log_names(name).find(|name| is_item(name));
        found.or_else(|| self.log_names(name).next()).unwrap_or(name)
    }

    /// The log's names in it.
    pub(super) fn of_log(&self) -> impl Iterator<Item = &String> {
        let mut names: Vec<&String> = self.names.keys().collect();
        names.sort_unstable();
        names.into_iter()
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).ok().with_context(|| format!("{} is not valid UTF-8", path.display()))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What is to be said of names that the log has not.
pub(super) fn unknown<'n>(
    option: &str,
    names: impl Iterator<Item = &'n String>,
    is_item: impl Fn(&str) -> bool,
) -> Option<Note> {
    let unknown: Vec<&str> = names.map(String::as_str).filter(|name| !is_item(name)).collect();
    let first = unknown.first()?;
    let message = format!("names of {option} that the log has not: {} such as {first:?}", unknown.len());
    Some(Note::new("unknown-names", message))
}
