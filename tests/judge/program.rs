//! A judge for tests: it answers by the lengths of hashes of the texts, and has the faults it is told to
//! have. Options: `--calls FILE` (a line a question), `--delay MS`, `--scramble`, `--verdicts`, `--garbage`,
//! `--duplicate`, `--error-once`, `--fail-on TEXT`, `--die-on TEXT`, `--die-after N`, `--hang-on TEXT`,
//! `--hang-once FILE`, `--usage`, `--one-at-a-time` (the delay is that of each question in turn),
//! `--drop TEXT` (never answers it), `--fail-at-once TEXT` (an error without delay).

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// The options by name.
#[derive(Clone)]
struct Options(Vec<String>);

impl Options {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|it| it == name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().position(|it| it == name).and_then(|at| self.0.get(at + 1)).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(|text| text.parse().ok())
    }
}

/// FNV-1a with a last stir, so that neighbouring texts differ.
fn hash(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

fn score(text: &str) -> f64 {
    (hash(text) % 1000) as f64 / 100.0
}

/// Scores that depend on both texts, and a little on which is first.
fn answer(question: &Value, options: &Options) -> Value {
    let text = |side: &str| question[side]["text"].as_str().unwrap_or_default().to_owned();
    let (left, right) = (text("left"), text("right"));
    let pair = score(&format!("{left}/{right}")) / 10.0;
    let (first, second) = (score(&left) + pair, score(&right));
    let mut answer = json!({"id": question["id"]});
    if options.has("--verdicts") {
        answer["winner"] = json!(if first > second { "left" } else { "right" });
    } else {
        answer["scores"] = json!([first, second]);
    }
    if options.has("--usage") {
        answer["usage"] = json!({"tokens": left.len() + right.len()});
        answer["cost"] = json!(0.5);
    }
    answer
}

fn forever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn say(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        // Who no longer reads was killed.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
    }
}

fn main() {
    let options = Options(std::env::args().skip(1).collect());
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let mut answered = 0;
    let mut workers = Vec::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(question) = serde_json::from_str::<Value>(&line) else { std::process::exit(9) };
        if let Some(path) = options.value("--calls") {
            let file = OpenOptions::new().append(true).create(true).open(path);
            let _ = file.and_then(|mut file| file.write_all(format!("{}\n", question["id"]).as_bytes()));
        }
        if options.value("--die-on").is_some_and(|text| line.contains(text)) {
            std::process::exit(4);
        }
        if options.value("--hang-on").is_some_and(|text| line.contains(text)) {
            forever();
        }
        if let Some(path) = options.value("--hang-once").filter(|path| !Path::new(path).exists()) {
            let _ = std::fs::write(path, "hung");
            forever();
        }
        if options.value("--drop").is_some_and(|text| line.contains(text)) {
            continue;
        }
        if options.value("--fail-at-once").is_some_and(|text| line.contains(text)) {
            say(&[json!({"id": question["id"], "error": "out of order"}).to_string()]);
            continue;
        }
        let fresh = seen.lock().is_ok_and(|mut seen| seen.insert(question["id"].to_string()));
        let mut reply = answer(&question, &options);
        let fails = options.value("--fail-on").is_some_and(|text| line.contains(text));
        if fails || (options.has("--error-once") && fresh) {
            reply = json!({"id": question["id"], "error": "out of order"});
        }
        let mut lines = vec![reply.to_string()];
        if options.has("--garbage") {
            lines.insert(0, "Loading the model…".to_owned());
        }
        if options.has("--duplicate") {
            lines.push(lines[0].clone());
            lines.push(json!({"id": "unheard of", "winner": "left"}).to_string());
        }
        let delay = match options.number("--delay") {
            Some(delay) if options.has("--scramble") => hash(&line) % (2 * delay + 1),
            delay => delay.unwrap_or(0),
        };
        if options.has("--one-at-a-time") {
            std::thread::sleep(Duration::from_millis(delay));
            say(&lines);
        } else if delay == 0 {
            say(&lines);
        } else {
            workers.push(std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(delay));
                say(&lines);
            }));
        }
        answered += 1;
        if options.number("--die-after") == Some(answered) {
            std::process::exit(5);
        }
    }
    for worker in workers {
        let _ = worker.join();
    }
}
