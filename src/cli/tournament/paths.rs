//! The files of a run, none of which may take the place of another.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::arguments::TournamentArgs;
use crate::cli::Global;

/// Refuses a file that is written and has another part too. Files that are read may be the same one.
pub(super) fn refuse_shared(args: &TournamentArgs, global: &Global) -> anyhow::Result<()> {
    let judge = &args.judge;
    let items = args.items.iter().filter(|path| path.as_os_str() != "-");
    let given = |option: &'static str, path: &Option<PathBuf>| Some((option, place(path.as_deref()?)?));
    let written =
        [given("--journal", &judge.journal), given("--output", &global.output), given("--matches", &args.matches)];
    let read = [given("--judge-log", &judge.judge_log), given("--judge-model", &judge.judge_model)];
    let read = read.into_iter().flatten().chain(items.filter_map(|path| Some(("ITEMS", place(path)?))));
    let mut taken: Vec<(&str, PathBuf)> = read.collect();
    for (option, path) in written.into_iter().flatten() {
        if let Some((other, _)) = taken.iter().find(|(_, other)| *other == path) {
            bail!("{other} and {option} are both {}; give each its own file", path.display());
        }
        taken.push((option, path));
    }
    Ok(())
}

/// Where the file is or will be, whatever way its path goes; nothing for a pipe or a device, which many may use.
fn place(path: &Path) -> Option<PathBuf> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return None;
    }
    // A link to a file that is not there yet is followed when the file is made.
    let path = fs::read_link(path).map_or_else(|_| path.to_owned(), |target| path.with_file_name("").join(target));
    let new = || {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
    };
    Some(fs::canonicalize(&path).ok().or_else(new).unwrap_or_else(|| path.clone()))
}
