//! Runs of `palio tournament` before the test judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The judge that `cargo test` builds beside the program.
pub(crate) fn judge() -> String {
    let palio = Path::new(env!("CARGO_BIN_EXE_palio"));
    let judge = palio.parent().expect("a folder").join("examples").join("test-judge");
    assert!(judge.exists(), "{} is missing: cargo build --example test-judge makes it", judge.display());
    format!("'{}'", judge.display())
}

/// A folder for one test, and the paths of files in it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.0.path().join(name), bytes).expect("written");
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }

    /// `palio tournament` in this folder.
    pub(crate) fn palio(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_palio")));
        command.arg("tournament").args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Exit code, stdout and stderr of a run of `palio tournament`.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.palio(args).output().expect("palio runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
    }
}

/// Items of groups with texts, as JSON lines.
pub(crate) fn items(groups: usize, size: usize) -> String {
    let item = |group: usize, item: usize| {
        format!(
            "{{\"group\":\"g{group}\",\"item\":\"i{item}\",\"text\":\"text {item} of {group}\",\"known\":{item}}}\n"
        )
    };
    (0..groups).flat_map(|group| (0..size).map(move |it| item(group, it))).collect()
}
