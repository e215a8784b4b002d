//! Answers on disk, so that nothing is asked twice.
//!
//! A journal is a text file: a first line that says what it is, then one answer a line as a JSON object
//! with its key. Lines are only ever added. A last line that is cut off was being written when the run
//! ended; it is dropped. Blank lines say nothing.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Answer;
use super::question::Key;

const HEADER: &str = "{\"palio\":\"journal\",\"version\":1}\n";

/// A file of answers that is open and locked.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// The answers that were there at the start.
    known: HashMap<Key, Answer>,
    lines: Vec<u8>,
}

/// What a line holds.
#[derive(Debug, Serialize, Deserialize)]
struct Line<A> {
    key: Key,
    #[serde(flatten)]
    answer: A,
}

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file could not be opened, read or written.
    #[error("can't {what} the journal {}: {error}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has it.
    #[error("the journal {} is in use by another process; wait until it ends, or give another file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{} is not a journal of palio: its first line is not {}; give another file", path.display(), HEADER.trim_end())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A pipe, a device or a folder.
    #[error("the journal {} is not a regular file, so that answers can't be read back from it; give another path", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Of another version.
    #[error("the journal {} has version {version}, and this palio reads version 1; go on with the palio that wrote it, or give another file", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: Value,
    },
    /// Its lines end as nobody wrote them.
    #[error("the journal {} has the line ends of Windows (CRLF), so that something has changed it; make them plain line feeds (LF) again", path.display())]
    LineEnds {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not an answer, and not the last one.
    #[error("{}, line {line}: the journal is damaged ({reason}); remove the line, and its question is asked again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl Journal {
    /// Opens the journal at `path`, or begins one; reads the answers, and drops a last line that is cut
    /// off. The file is locked until the journal is dropped. O(bytes).
    ///
    /// # Errors
    /// If the file can't be read or written, another process has it, it is something else or damaged.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |what| move |error| JournalError::Io { what, path: path.to_owned(), error };
        // To read from a pipe would be to wait for ever.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(JournalError::NotAFile { path: path.to_owned() });
        }
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        let mut journal = Self { file, path: path.to_owned(), known: HashMap::new(), lines: Vec::new() };
        if HEADER.as_bytes().starts_with(&bytes) {
            journal.begin()?;
        } else {
            let end = journal.read(&bytes)?;
            journal.cut(end as u64)?;
        }
        Ok(journal)
    }

    /// How many answers were there at the start.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The answer that was there at the start to the question of this key.
    pub(super) fn known(&self, key: Key) -> Option<&Answer> {
        self.known.get(&key)
    }

    /// Writes answers, and returns when they are on disk.
    pub(super) fn append<'a>(&mut self, answers: impl Iterator<Item = (Key, &'a Answer)>) -> Result<(), JournalError> {
        self.lines.clear();
        for (key, answer) in answers {
            // Keys, finite numbers and names can always be written.
            if let Ok(line) = serde_json::to_string(&Line { key, answer }) {
                self.lines.extend_from_slice(line.as_bytes());
                self.lines.push(b'\n');
            }
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.lines).and_then(|()| self.file.sync_data());
        written.map_err(|error| self.failed("write", error))
    }

    /// A new file, or one whose first line was cut off.
    fn begin(&mut self) -> Result<(), JournalError> {
        self.cut(0)?;
        let written = self.file.write_all(HEADER.as_bytes()).and_then(|()| self.file.sync_all());
        // The name of a new file is on disk only when its folder is; not every system can do that.
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        written.map_err(|error| self.failed("write", error))
    }

    /// Reads whole lines, and gives the end of the last one.
    fn read(&mut self, bytes: &[u8]) -> Result<usize, JournalError> {
        if !bytes.starts_with(HEADER.as_bytes()) {
            return Err(self.other_kind(bytes));
        }
        let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        for (line, text) in bytes[..end].split_inclusive(|&byte| byte == b'\n').enumerate().skip(1) {
            if text.trim_ascii().is_empty() {
                continue;
            }
            let entry: Line<Answer> = serde_json::from_slice(text).map_err(|error| JournalError::Damaged {
                path: self.path.clone(),
                line: line + 1,
                reason: error.to_string(),
            })?;
            self.known.entry(entry.key).or_insert(entry.answer);
        }
        Ok(end)
    }

    /// What a file is that doesn't begin as a journal does.
    fn other_kind(&self, bytes: &[u8]) -> JournalError {
        let path = self.path.clone();
        let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if first.strip_suffix(b"\r") == Some(HEADER.trim_end().as_bytes()) {
            return JournalError::LineEnds { path };
        }
        let header: Value = serde_json::from_slice(first).unwrap_or_default();
        match (header.get("palio").and_then(Value::as_str), header.get("version")) {
            (Some("journal"), Some(version)) if *version != 1 => {
                JournalError::Version { path, version: version.clone() }
            }
            _ => JournalError::NotAJournal { path },
        }
    }

    /// Cuts the file off and goes to its end.
    fn cut(&mut self, end: u64) -> Result<(), JournalError> {
        let cut = self.file.set_len(end).and_then(|()| self.file.seek(SeekFrom::Start(end)));
        cut.map(drop).map_err(|error| self.failed("write", error))
    }

    fn failed(&self, what: &'static str, error: io::Error) -> JournalError {
        JournalError::Io { what, path: self.path.clone(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Judgment;
    use super::*;

    fn key(number: u32) -> Key {
        Key::new("test", [0, 0], number)
    }

    fn answer(number: u32) -> Answer {
        Answer { cost: Some(0.1 * f64::from(number)), ..Answer::new(Judgment::Scores([0.1, f64::from(number)])) }
    }

    fn write(path: &Path, numbers: std::ops::Range<u32>) {
        let answers: Vec<(Key, Answer)> = numbers.map(|number| (key(number), answer(number))).collect();
        let mut journal = Journal::open(path).unwrap();
        journal.append(answers.iter().map(|(key, answer)| (*key, answer))).unwrap();
    }

    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        write(&path, 0..3);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let lines = memchr::memchr_iter(b'\n', &whole[..cut]).count();
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.len(), lines.saturating_sub(1), "cut at {cut}");
            drop(journal);
            write(&path, 1..3);
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.known(key(2)), Some(&answer(2)));
        }
    }

    #[test]
    fn damage_in_the_middle_names_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        write(&path, 0..3);
        let text = std::fs::read_to_string(&path).unwrap().replace("1.0]", "1.0");
        std::fs::write(&path, text).unwrap();
        let message = Journal::open(&path).unwrap_err().to_string();
        assert!(message.contains("journal, line 3: the journal is damaged"), "{message}");
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "my notes").unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::NotAJournal { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes");
    }

    #[test]
    fn what_is_almost_a_journal_is_told_by_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        write(&path, 0..2);
        let text = std::fs::read_to_string(&path).unwrap();
        for (other, words) in [
            (text.replace('\n', "\r\n"), "(CRLF)"),
            (text.replace("\"version\":1", "\"version\": 2"), "has version 2, and this palio reads version 1"),
        ] {
            std::fs::write(&path, &other).unwrap();
            let message = Journal::open(&path).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
        let message = Journal::open(folder.path()).unwrap_err().to_string();
        assert!(message.contains("not a regular file"), "{message}");
    }

    #[test]
    fn blank_lines_of_a_journal_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        write(&path, 0..3);
        let text = std::fs::read_to_string(&path).unwrap().replace('\n', "\n\n") + " \n";
        std::fs::write(&path, text).unwrap();
        assert_eq!(Journal::open(&path).unwrap().len(), 3);
    }

    #[test]
    fn one_process_has_a_journal_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let first = Journal::open(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Locked { .. })));
        drop(first);
        assert!(Journal::open(&path).is_ok());
    }
}
