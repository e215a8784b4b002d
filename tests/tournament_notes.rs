//! What `palio tournament` and `palio advantage` tell of results that mean less than they seem to.

#[path = "common/judged.rs"]
mod judged;

use judged::{Folder, items, judge};
use serde_json::Value;

/// A folder with items of groups.
fn folder(groups: usize, size: usize) -> Folder {
    let folder = Folder::new();
    folder.file("items.jsonl", items(groups, size));
    folder
}

/// What a run of a tournament says as JSON that must end well.
fn report(folder: &Folder, options: &str, judge: &str) -> Value {
    let mut args = vec!["items.jsonl", "--format", "json"];
    args.extend(options.split_whitespace());
    args.extend(["--judge-command", judge]);
    let (code, out, err) = folder.run(&args);
    assert_eq!(code, 0, "{options}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
}

/// The message of the warning of this code.
fn warning<'r>(report: &'r Value, code: &str) -> Option<&'r str> {
    let notes = report["warnings"].as_array().expect("warnings");
    notes.iter().find(|note| note["code"] == code).and_then(|note| note["message"].as_str())
}

/// What `palio advantage` says of a log on stdin, as JSON.
fn advantage(options: &str, log: &str) -> Value {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("palio");
    let args = command.args(["advantage", "-", "--format", "json"]).args(options.split_whitespace());
    let output = args.write_stdin(log).output().expect("palio runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn groups_beyond_the_budget_are_named() {
    let folder = folder(3, 4);
    let found = report(&folder, "--max-matches 8", &judge());
    assert_eq!(
        warning(&found, "budget"),
        Some(
            "--max-matches 8 was too few: 1 of 3 groups (g1) were played in part, and 1 of 3 groups (g2) were not \
             played at all; advantages of the items there rest on fewer matches than the topology has, and items without \
             a match are masked"
        )
    );
    let none = report(&folder, "--max-matches 6", &judge());
    assert!(warning(&none, "budget").is_some_and(|it| it.contains("too few: 2 of 3 groups (g1, g2) were not played")));
    assert_eq!(warning(&report(&folder, "--max-matches 18", &judge()), "budget"), None);
}

#[test]
fn winners_are_no_scores() {
    let folder = folder(2, 3);
    let verdicts = format!("{} --verdicts", judge());
    for options in ["--aggregate margin", "--aggregate mean-score", "--topology anchor"] {
        let found = report(&folder, options, &verdicts);
        let message = warning(&found, "matches-without-scores").expect("a warning");
        let matches = found["matches"].as_array().map_or(0, Vec::len);
        assert!(message.starts_with(&format!("{matches} of {matches} matches have a winner or a grade")), "{message}");
        assert_eq!(warning(&report(&folder, options, &judge()), "matches-without-scores"), None, "{options}");
    }
    assert_eq!(warning(&report(&folder, "", &verdicts), "matches-without-scores"), None);
    // Their log has shares of the win for scores.
    report(&folder, "--matches matches.csv", &verdicts);
    let found = advantage("--aggregate margin", &folder.read("matches.csv"));
    assert!(warning(&found, "scores-are-shares").is_some(), "{found}");
    report(&folder, "--matches matches.csv", &judge());
    assert_eq!(warning(&advantage("--aggregate margin", &folder.read("matches.csv")), "scores-are-shares"), None);
}

#[test]
fn groups_that_brpo_drops_are_told_with_the_reason() {
    let folder = folder(1, 3);
    // The last item is the best and the reference: both others are worse.
    folder.file("model.json", "{\"score_column\": \"known\", \"noise\": 0}");
    let run = |options: &str| -> Value {
        let args = format!("items.jsonl --format json --judge-model model.json --preset brpo {options}");
        let (code, out, err) = folder.run(&args.split(' ').collect::<Vec<_>>());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).expect("JSON")
    };
    let found = run("--set reference=2");
    let message = warning(&found, "skewed-groups").expect("a warning");
    assert!(message.starts_with("1 of 1 groups (g0) have rewards of 0 only: brpo drops groups"), "{message}");
    assert!(message.contains("above 0.6 of the number of items; --set threshold=1 keeps them"), "{message}");
    assert_eq!(warning(&run("--set reference=2 --set threshold=1"), "skewed-groups"), None);
    assert_eq!(warning(&run("--set reference=1"), "skewed-groups"), None);
    folder.file("items.jsonl", items(1, 8));
    let found = run("--topology swiss");
    assert!(warning(&found, "no-reference").is_some_and(|it| it.contains("--topology anchor")), "{found}");
    let scores = advantage("--preset brpo --set reference=2", "group,score\ng,1\ng,2\ng,3\n");
    assert!(warning(&scores, "skewed-groups").is_some(), "{scores}");
}

#[test]
fn a_side_that_wins_is_told_as_a_share_of_wins() {
    let folder = folder(1, 3);
    folder.file("model.json", "{\"score_column\": \"known\", \"noise\": 0, \"position_bias\": 9}");
    let (_, _, err) = folder.run(&["items.jsonl", "--judge-model", "model.json"]);
    assert!(err.contains("who is shown first wins 100.0% (") && err.contains("), where 50% is fair"), "{err}");
    assert!(err.contains("both orders agree in 0.0% (") && !err.contains("points"), "{err}");
}

#[test]
fn causes_of_errors_are_told_once() {
    let folder = folder(1, 3);
    let judge = judge();
    folder.file("model.json", "{\"score_column\": \"known\", \"noise\": \"much\"}");
    folder.file("bad.json", "{\"score_column\": \"known\", \"noise\": -1}");
    let missing = "No such file or directory (os error 2)";
    for (options, code, words) in [
        ("--journal no/journal", 1, format!("error: can't open the journal no/journal: {missing}\n")),
        ("-o no/out.csv", 1, String::new()),
        ("--matches no/matches.csv", 1, String::new()),
    ] {
        let mut args = vec!["items.jsonl", "--judge-command", &judge];
        args.extend(options.split(' '));
        told_once(folder.run(&args), code, &words);
    }
    told_once(folder.run(&["none.jsonl", "--judge-command", &judge]), 1, &format!("none.jsonl: {missing}\n"));
    told_once(folder.run(&["items.jsonl", "--judge-model", "none.json"]), 1, &format!("none.json: {missing}\n"));
    told_once(folder.run(&["items.jsonl", "--judge-log", "none.csv"]), 1, &format!("none.csv: {missing}\n"));
    told_once(folder.run(&["items.jsonl", "--judge-model", "model.json"]), 2, "invalid type: string \"much\"");
    told_once(folder.run(&["items.jsonl", "--judge-model", "bad.json"]), 2, "noise is -1");
    // A shell that is nowhere.
    let output = folder.palio(&["items.jsonl", "--judge-command", "true"]).env("PATH", "").output();
    let output = output.expect("palio runs");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    told_once((output.status.code().unwrap_or(-1), String::new(), err), 1, "can't start the judge");
}

/// A run that failed with this code and these words, no clause of which says what another said.
fn told_once((found, _, err): (i32, String, String), code: i32, words: &str) {
    assert_eq!(found, code, "{err}");
    assert!(err.contains(words), "{words}: {err}");
    let clauses: Vec<&str> = err.trim_start_matches("error: ").trim_end().split(": ").collect();
    for (place, clause) in clauses.iter().enumerate() {
        let again = clauses[place + 1..].iter().any(|later| later.contains(clause));
        assert!(!again, "{clause:?} is told twice: {err}");
    }
}
