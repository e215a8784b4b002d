//! Who is at the other end: lines go to it through one thread and come from it through another, so that
//! full pipes block neither.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longer lines are garbage.
const LONGEST_LINE: u64 = 1 << 26;
/// Lines that wait to be taken; then their sender waits.
const WAITING_LINES: usize = 1024;
/// How long a judge that is told to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// The process groups of the programs that run: who ends palio at once ends them too.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Ends all programs that were started as judges, with all that they started, and says whether there were
/// any. For those who are about to end the process: otherwise each judge ends its own.
pub fn kill_programs() -> bool {
    let groups: Vec<u32> = running().iter().copied().collect();
    for &group in &groups {
        kill_group(group);
    }
    !groups.is_empty()
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes from the other end.
#[derive(Debug)]
pub(super) enum Event {
    Line(Vec<u8>),
    /// A line longer than any answer.
    LongLine,
    /// Nothing more can be written, for this reason.
    Unread(String),
    /// Nothing more comes from the connection of this number.
    Closed(u64),
}

/// The other end.
#[derive(Debug)]
pub(super) struct Peer {
    kind: Kind,
    /// The number of the connection, from 1.
    connection: u64,
    lines: Option<Sender<String>>,
    sender: SyncSender<Event>,
}

#[derive(Debug)]
enum Kind {
    /// A program that is started by `sh -c`, while it runs.
    Command { command: String, child: Option<Child> },
    /// palio's own stdin and stdout.
    Stdio,
}

impl Peer {
    pub(super) fn command(command: String) -> (Self, Receiver<Event>) {
        Self::new(Kind::Command { command, child: None })
    }

    pub(super) fn stdio() -> (Self, Receiver<Event>) {
        Self::new(Kind::Stdio)
    }

    fn new(kind: Kind) -> (Self, Receiver<Event>) {
        let (sender, events) = sync_channel(WAITING_LINES);
        (Self { kind, connection: 0, lines: None, sender }, events)
    }

    /// Whether it can be started again.
    pub(super) fn can_restart(&self) -> bool {
        matches!(self.kind, Kind::Command { .. })
    }

    /// Whether the event is the end of the connection that is open now.
    pub(super) fn is_end_of_current(&self, connection: u64) -> bool {
        self.lines.is_some() && connection == self.connection
    }

    /// Sends a line, which ends with a newline; starts the program if it does not run.
    pub(super) fn send(&mut self, line: String) -> io::Result<()> {
        if self.lines.is_none() {
            self.start()?;
        }
        if let Some(lines) = &self.lines {
            // A writer that has ended could not write; the reader tells of the end.
            let _ = lines.send(line);
        }
        Ok(())
    }

    fn start(&mut self) -> io::Result<()> {
        self.connection += 1;
        let (lines, queue) = channel();
        let (to, from): (Box<dyn Write + Send>, Box<dyn Read + Send>) = match &mut self.kind {
            Kind::Stdio => (Box::new(io::stdout()), Box::new(io::stdin())),
            Kind::Command { command, child } => {
                let mut started = spawn(command)?;
                running().insert(started.id());
                let missing = || io::Error::other("a pipe to the judge is missing");
                let to = started.stdin.take().ok_or_else(missing)?;
                let from = started.stdout.take().ok_or_else(missing)?;
                *child = Some(started);
                (Box::new(to), Box::new(from))
            }
        };
        let (sender, connection) = (self.sender.clone(), self.connection);
        let failed = self.sender.clone();
        thread::Builder::new().name("to-judge".into()).spawn(move || {
            if let Err(error) = write_lines(to, &queue) {
                // Who no longer listens has ended.
                let _ = failed.send(Event::Unread(error.to_string()));
            }
        })?;
        thread::Builder::new().name("from-judge".into()).spawn(move || {
            // Who no longer listens has ended.
            let _ = read_lines(from, &sender);
            let _ = sender.send(Event::Closed(connection));
        })?;
        self.lines = Some(lines);
        Ok(())
    }

    /// Ends the connection at once, and says how the program ended.
    pub(super) fn kill(&mut self) -> Option<ExitStatus> {
        self.lines = None;
        let Kind::Command { child, .. } = &mut self.kind else { return None };
        end_all_of(&mut child.take()?)
    }

    /// How the program ended, whose output is closed; it is killed if it goes on.
    pub(super) fn reap(&mut self) -> Option<ExitStatus> {
        self.wait(Duration::from_secs(1))
    }

    /// Closes the program's input and waits for its end; kills it if it goes on for too long. What
    /// it says meanwhile is let go, so that it doesn't wait for a reader.
    pub(super) fn finish(&mut self, events: &Receiver<Event>) {
        self.lines = None;
        let end = Instant::now() + GRACE;
        while let Kind::Command { child: Some(child), .. } = &mut self.kind {
            while events.try_recv().is_ok() {}
            match child.try_wait() {
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
                _ => {
                    self.kill();
                }
            }
        }
    }

    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.lines = None;
        let Kind::Command { child, .. } = &mut self.kind else { return None };
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Ok(Some(status)) = child.as_mut()?.try_wait() {
                let mut child = child.take()?;
                // Processes that it left behind would hold its pipes.
                end_all_of(&mut child);
                return Some(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.kill()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the command in a process group of its own, so that Ctrl-C leaves its answers to be taken and
/// all that it started can be ended.
fn spawn(command: &str) -> io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.spawn()
}

/// Ends the child and all that it started, and says how it ended.
fn end_all_of(child: &mut Child) -> Option<ExitStatus> {
    kill_group(child.id());
    let _ = child.kill();
    running().remove(&child.id());
    child.wait().ok()
}

fn kill_group(group: u32) {
    if cfg!(unix) {
        let group = format!("kill -KILL -{group}");
        let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
    }
}

fn write_lines(mut to: Box<dyn Write + Send>, queue: &Receiver<String>) -> io::Result<()> {
    while let Ok(line) = queue.recv() {
        to.write_all(line.as_bytes())?;
        while let Ok(line) = queue.try_recv() {
            to.write_all(line.as_bytes())?;
        }
        to.flush()?;
    }
    Ok(())
}

fn read_lines(from: Box<dyn Read + Send>, sender: &SyncSender<Event>) -> io::Result<()> {
    let mut from = BufReader::with_capacity(1 << 16, from);
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let whole = line.last() == Some(&b'\n') || (line.len() as u64) < LONGEST_LINE;
        if !whole {
            from.skip_until(b'\n')?;
        }
        let event = if whole { Event::Line(line) } else { Event::LongLine };
        if sender.send(event).is_err() {
            return Ok(());
        }
    }
}
