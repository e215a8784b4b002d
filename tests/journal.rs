//! A run that is killed at any moment is taken up again, ends with the same bytes, and asks nothing that
//! was answered.

#[path = "common/judged.rs"]
mod judged;

use std::collections::HashSet;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use judged::{Folder, items, judge};

const KILLS: usize = 6;

/// How many lines a file of the folder has.
fn lines(folder: &Folder, name: &str) -> usize {
    folder.read(name).lines().count()
}

/// The keys of the whole lines of a journal.
fn kept(folder: &Folder, name: &str) -> HashSet<String> {
    let text = folder.read(name);
    let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let keys = whole.lines().skip(1).map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of a journal");
        line["key"].as_str().expect("a key").to_owned()
    });
    keys.collect()
}

/// The next number of a little generator.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Kills runs at random moments, then lets one end.
fn survives(topology: &str, concurrency: usize) {
    let folder = Folder::new();
    folder.file("items.jsonl", items(3, 7));
    let at_a_time = concurrency.to_string();
    let command = |calls: &str| format!("{} --delay 3 --scramble --usage --calls {calls}", judge());
    let arguments = |calls: &str, journal: &str, matches: &str, output: &str| {
        ["items.jsonl", "--topology", topology, "--concurrency", &at_a_time, "--judge-id", "judge", "--judge-command"]
            .map(str::to_owned)
            .into_iter()
            .chain([command(calls)])
            .chain(["--journal", journal, "--matches", matches, "-o", output].map(str::to_owned))
            .collect::<Vec<String>>()
    };
    let run = |arguments: &[String]| folder.palio(&arguments.iter().map(String::as_str).collect::<Vec<_>>());

    let whole = arguments("calls0", "journal0", "matches0.csv", "out0.json");
    assert!(run(&whole).output().expect("palio runs").status.success());
    let calls = lines(&folder, "calls0");

    let again = arguments("calls1", "journal1", "matches1.csv", "out1.json");
    let mut state = concurrency as u64 + topology.len() as u64;
    // A run that ends before its kill is done with: the next one starts from nothing.
    let (mut kills, mut kills_of_this) = (0, 0);
    let mut starts = 0;
    // How many calls there were at each kill, and what was in the journal.
    let mut killed: Vec<(usize, HashSet<String>)> = Vec::new();
    while kills < KILLS {
        starts += 1;
        assert!(starts < 20 * KILLS, "{topology}, {concurrency}: every run ends before its kill");
        let mut child = run(&again).stderr(Stdio::null()).spawn().expect("palio starts");
        // Half of the kills wait for answers on disk, half for no more than a moment.
        let by_answers = kills % 2 == 0;
        let wanted = folder.read("journal1").len() as u64 + 50 + next(&mut state) % 600;
        let moment = Instant::now() + Duration::from_millis(if by_answers { 5000 } else { next(&mut state) % 40 });
        while Instant::now() < moment && child.try_wait().expect("a child").is_none() {
            let written = fs::metadata(folder.path("journal1")).map_or(0, |journal| journal.len());
            if by_answers && written >= wanted {
                break;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        if child.try_wait().expect("a child").is_some() {
            for name in ["calls1", "journal1"] {
                fs::remove_file(folder.path(name)).expect("a file of a run that ended");
            }
            kills_of_this = 0;
            killed.clear();
            continue;
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        let known = kept(&folder, "journal1");
        // What its judge still reads is not in the journal.
        killed.push((lines(&folder, "calls1"), known));
        kills += 1;
        kills_of_this += 1;
    }
    let output = run(&again).output().expect("palio runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folder.read("matches1.csv"), folder.read("matches0.csv"), "{topology}, {concurrency}: matches");
    assert_eq!(folder.read("out1.json"), folder.read("out0.json"), "{topology}, {concurrency}: result");
    let asked = lines(&folder, "calls1");
    let most = calls + kills_of_this * concurrency;
    assert!((calls..=most).contains(&asked), "{topology}, {concurrency}: {asked} of {calls}");
    let calls: Vec<String> = folder.read("calls1").lines().map(|id| id.trim_matches('"').to_owned()).collect();
    for (calls_then, known) in &killed {
        let again = calls[*calls_then..].iter().find(|id| known.contains(*id));
        assert_eq!(again, None, "{topology}, {concurrency}: asked although the journal has it");
    }
    // Nothing is left to ask.
    assert!(run(&again).output().expect("palio runs").status.success());
    assert_eq!(lines(&folder, "calls1"), asked);
}

#[test]
fn a_round_robin_survives_every_kill() {
    for concurrency in [1, 4, 16] {
        survives("round-robin", concurrency);
    }
}

#[test]
fn a_double_elimination_survives_every_kill() {
    for concurrency in [1, 4, 16] {
        survives("double-elimination", concurrency);
    }
}

#[test]
fn a_swiss_tournament_survives_every_kill() {
    for concurrency in [1, 4, 16] {
        survives("swiss", concurrency);
    }
}

#[test]
fn changed_texts_are_asked_again_and_others_not() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 4));
    let command = format!("{} --calls calls", judge());
    let run = |id: &str| {
        let arguments = ["items.jsonl", "--judge-command", &command, "--judge-id", id, "--journal", "journal"];
        let (code, out, err) = folder.run(&arguments);
        assert_eq!(code, 0, "{err}");
        out
    };
    let first = run("a");
    assert_eq!(lines(&folder, "calls"), 12);
    assert_eq!(run("a"), first);
    assert_eq!(lines(&folder, "calls"), 12);
    folder.file("items.jsonl", items(1, 4).replace("text 2 of 0", "another text"));
    run("a");
    assert_eq!(lines(&folder, "calls"), 12 + 6, "three matches of one item, both ways");
    run("b");
    assert_eq!(lines(&folder, "calls"), 18 + 12, "another judge is asked everything");
}

#[test]
fn a_torn_last_line_is_asked_again() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 4));
    let command = format!("{} --calls calls", judge());
    let arguments = ["items.jsonl", "--judge-command", &command, "--journal", "journal"];
    let (_, first, _) = folder.run(&arguments);
    let journal = folder.read("journal");
    folder.file("journal", &journal[..journal.len() - 7]);
    assert_eq!(folder.run(&arguments).1, first);
    assert_eq!(lines(&folder, "calls"), 13);
    assert_eq!(lines(&folder, "journal"), 13);
}

#[test]
fn a_damaged_or_foreign_journal_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 3));
    let arguments = ["items.jsonl", "--judge-command", &judge(), "--journal", "journal"];
    assert_eq!(folder.run(&arguments).0, 0);
    let damaged = folder.read("journal").replacen("\"scores\":[", "\"scores\":", 1);
    folder.file("journal", &damaged);
    let (code, _, err) = folder.run(&arguments);
    assert_eq!(code, 2);
    assert!(err.contains("journal, line 2: the journal is damaged"), "{err}");
    assert_eq!(folder.read("journal"), damaged);
    folder.file("journal", "my notes\n");
    let (code, _, err) = folder.run(&arguments);
    assert!(code == 2 && err.contains("is not a journal of palio"), "{err}");
    assert_eq!(folder.read("journal"), "my notes\n");
}

#[test]
fn a_journal_belongs_to_one_process() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 3));
    let _first = palio::judges::Journal::open(folder.path("journal").as_ref()).expect("a journal");
    let (code, _, err) = folder.run(&["items.jsonl", "--judge-command", &judge(), "--journal", "journal"]);
    assert_eq!(code, 2);
    assert!(err.contains("in use by another process"), "{err}");
}
