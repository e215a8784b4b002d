//! Where results go: stdout, or a file that is replaced whole.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use palio::structure::Note;
use tempfile::NamedTempFile;

use super::Global;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One object with settings, input and warnings
    Json,
    /// One object a row
    Jsonl,
    /// Rows with a header
    Csv,
    /// A table for documents
    Markdown,
}

impl Format {
    /// The format asked for, that of the output file's extension, or `default`.
    pub(super) fn of(global: &Global, default: Self) -> anyhow::Result<Self> {
        if let Some(format) = global.format {
            return Ok(format);
        }
        let extension = global.output.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
        Ok(match extension {
            None => default,
            Some("json") => Self::Json,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            Some("csv") => Self::Csv,
            Some("md" | "markdown") => Self::Markdown,
            Some("txt") => Self::Table,
            Some(other) => bail!("no format goes with the extension .{other}; name one with --format"),
        })
    }
}

/// An open place for a result. A file is written beside its place and moved there at the end, so
/// that a failed run leaves what was there.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    File { temporary: NamedTempFile, path: PathBuf },
}

impl Output {
    /// Opens the output, so that a bad path fails before long work.
    pub(super) fn open(global: &Global) -> anyhow::Result<Self> {
        let Some(path) = &global.output else { return Ok(Self::Stdout) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = NamedTempFile::new_in(folder).with_context(|| format!("can't write to {}", path.display()))?;
        Ok(Self::File { temporary, path: path.clone() })
    }

    /// Writes the whole result.
    pub(super) fn write(self, bytes: &[u8]) -> anyhow::Result<()> {
        self.write_with(|out| Ok(out.write_all(bytes)?))
    }

    /// Lets `write` write the result.
    pub(super) fn write_with(self, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                write(&mut out)?;
                out.flush()?;
            }
            Self::File { mut temporary, path } => {
                write(temporary.as_file_mut())?;
                open_to_readers(&temporary)?;
                temporary.persist(&path).map_err(|error| error.error).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }
}

/// A temporary file is private; a result is as readable as any file its user makes.
#[cfg(unix)]
fn open_to_readers(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// Tells warnings on stderr.
pub(super) fn warn(notes: &[Note], global: &Global) {
    if !global.quiet {
        for note in notes {
            eprintln!("warning: {} [{}]", note.message, note.code);
        }
    }
}

/// A bar on stderr for work of `length` steps, where stderr is a terminal.
pub(super) fn progress_bar(length: u64, what: &'static str, global: &Global) -> indicatif::ProgressBar {
    if global.quiet || !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    let bar = indicatif::ProgressBar::new(length).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
