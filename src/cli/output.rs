//! Where results go: stdout, or a file that is replaced whole.

use std::fs::{self, File, OpenOptions};
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
/// that a failed run leaves what was there; a pipe or a device is written to as it is.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    Stream(File),
    File { temporary: NamedTempFile, path: PathBuf },
}

impl Output {
    /// Opens the output, so that a bad path fails before long work.
    pub(super) fn open(global: &Global) -> anyhow::Result<Self> {
        let Some(path) = &global.output else { return Ok(Self::Stdout) };
        let context = || format!("can't write to {}", path.display());
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(path).or_else(|_| fs::read_link(path)).unwrap_or_else(|_| path.clone());
        let old = fs::metadata(&path).ok();
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Ok(Self::Stream(OpenOptions::new().write(true).open(&path).with_context(context)?));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        usual_permissions(&mut builder);
        let temporary =
            builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind())).with_context(context)?;
        if let Some(old) = old {
            temporary.as_file().set_permissions(old.permissions()).with_context(context)?;
        }
        Ok(Self::File { temporary, path })
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
            Self::Stream(mut stream) => {
                write(&mut stream)?;
                stream.flush()?;
            }
            Self::File { mut temporary, path } => {
                write(temporary.as_file_mut())?;
                temporary.persist(&path).map_err(|error| error.error).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }
}

/// Those of any file that the user makes: the system takes away what the user's mask says.
#[cfg(unix)]
fn usual_permissions(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn usual_permissions(_builder: &mut tempfile::Builder<'_, '_>) {}

/// Tells warnings on stderr.
pub(super) fn warn(notes: &[Note], global: &Global) {
    if !global.quiet {
        for note in notes {
            let _ = writeln!(io::stderr(), "warning: {} [{}]", note.message, note.code);
        }
    }
}

/// Tells something on stderr that is no warning.
pub(super) fn tell(text: &str, global: &Global) {
    if !global.quiet {
        let _ = writeln!(io::stderr(), "{text}");
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
