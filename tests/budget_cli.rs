//! `palio budget` as its users meet it.

use std::process::Output;

use serde_json::Value;

fn palio(args: &str) -> Output {
    std::process::Command::new(assert_cmd::cargo::cargo_bin!("palio"))
        .args(args.split_whitespace())
        .output()
        .expect("palio runs")
}

fn json(args: &str) -> Value {
    let output = palio(&format!("{args} --format json"));
    assert_eq!(output.status.code(), Some(0), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn message(args: &str) -> String {
    let output = palio(&format!("budget {args}"));
    assert_eq!(output.status.code(), Some(2), "{args}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

const SMALL: &str = "budget --worlds mallows:0.3,cyclic --samplers uniform,ucb --rankers elo,copeland --items 5 --tasks 6 \
                     --budget 60 --trials 8 --top 2 --seed 3";

#[test]
fn json_has_the_curves_and_the_summary_of_every_method() {
    let found = json(SMALL);
    assert_eq!((&found["schema"], &found["command"], &found["trials"]), (&1.into(), &"budget".into(), &8.into()));
    assert_eq!((&found["settings"]["seed"], &found["settings"]["top"]), (&3.into(), &2.into()));
    let (curves, summary) = (found["curves"].as_array().expect("curves"), found["summary"].as_array().expect("rows"));
    assert_eq!((curves.len(), summary.len()), (60 * 8, 8));
    for key in ["world", "sampler", "ranker", "samples", "error", "std_error", "kendall", "top_k", "rounds", "cost"] {
        assert!(!curves[0][key].is_null(), "{key}");
    }
    for key in ["world", "sampler", "ranker", "average_error", "std_error", "behind_best"] {
        assert!(!summary[0][key].is_null(), "{key}");
    }
    assert!(summary[0].get("samples_to_target").is_some());
}

#[test]
fn threads_change_no_byte_and_the_seed_does() {
    let out = |more: &str| palio(&format!("{SMALL} --format csv {more}")).stdout;
    let plain = out("");
    assert_eq!(plain, out("--threads 1"));
    assert_ne!(plain, palio(&format!("{} --format csv", SMALL.replace("--seed 3", "--seed 4"))).stdout);
    let text = String::from_utf8(plain).expect("UTF-8");
    assert_eq!(text.lines().count(), 1 + 60 * 8);
    assert!(text.starts_with("world,sampler,ranker,batch,samples,rounds,cost,error,std_error,kendall,"), "{text}");
}

#[test]
fn the_table_tells_batches_and_costs_only_where_they_are_asked_for() {
    let text = |more: &str| String::from_utf8(palio(&format!("{SMALL} {more}")).stdout).expect("UTF-8");
    let plain = text("");
    assert!(plain.contains("60 comparisons in each of 8 trials") && plain.contains("\ncyclic\n"), "{plain}");
    assert!(!plain.contains("batch") && !plain.contains("cost"), "{plain}");
    let both = text("--batch 1,20 --cost 0.5");
    assert!(both.contains("batch") && both.contains("rounds") && both.contains("cost"), "{both}");
    let markdown = text("--format markdown");
    assert!(markdown.starts_with("| world | sampler | ranker | average error |"), "{markdown}");
    assert_eq!(text("--format jsonl").lines().count(), 60 * 8);
}

#[test]
fn a_table_and_a_log_are_worlds() {
    let rest = "--samplers uniform,d-optimal --rankers uniform-averaging,bradley-terry --budget 50 --trials 4 --top 1";
    let found = json(&format!("budget --scores fixtures/scores.csv --log fixtures/arena.csv {rest}"));
    let worlds: Vec<&str> =
        found["summary"].as_array().expect("rows").iter().filter_map(|row| row["world"].as_str()).collect();
    assert_eq!((worlds.len(), worlds[0], worlds[7]), (8, "scores", "arena"));
    assert_eq!(found["input"].as_array().map(Vec::len), Some(2));
    let deviations = json(&format!("budget --scores fixtures/scores.csv --noise residual {rest}"));
    assert_ne!(found["summary"][0], deviations["summary"][0]);
}

#[test]
fn what_can_t_be_simulated_is_told() {
    assert_eq!(message("--budget 0"), "error: a budget of 0 comparisons buys none; give 1 or more\n");
    let items = message("--items 1 --top 1");
    assert_eq!(items, "error: a comparison needs two items, and there would be 1; give 2 or more\n");
    assert!(message("--worlds urn").starts_with("error: there is no world 'urn'; there are: mallows, plackett-luce"));
    assert!(message("--samplers x").starts_with("error: there is no sampler 'x'; there are: uniform, round-robin"));
    assert!(message("--rankers x").starts_with("error: there is no ranker 'x'; there are: uniform-averaging, elo"));
    assert!(message("--truth kemeny").contains("--truth goes with --scores or --log"));
    assert!(message("--scores fixtures/scores.csv --noise loud").contains("neither a number nor residual"));
    assert!(message("--scores fixtures/scores.csv --noise -1").contains("the noise is -1"));
    assert!(message("--top none").contains("give a whole number, or all"));
    let endless = message("--budget 18446744073709551615 --trials 2");
    assert!(endless.contains("takes too long to play; give 10000000 or less"), "{endless}");
}

#[test]
fn methods_list_samplers_worlds_and_rankers() {
    let found = json("methods");
    let names = |key: &str| -> Vec<String> {
        let entries = found[key].as_array().expect("a list").iter();
        entries.filter_map(|entry| entry["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names("samplers").len(), 10);
    assert_eq!(names("worlds"), ["mallows", "plackett-luce", "bradley-terry", "cyclic"]);
    assert_eq!(names("rankers"), ["uniform-averaging", "elo", "soft-condorcet"]);
    let text = String::from_utf8(palio("methods nash").stdout).expect("UTF-8");
    assert!(text.contains("chooses the task") && text.contains("explore"), "{text}");
}

#[test]
fn options_that_would_change_nothing_are_refused() {
    for (args, part) in [
        ("--scores fixtures/scores.csv --items 5", "--items is for --worlds"),
        ("--log fixtures/arena.csv --tasks 5", "--tasks is for --worlds"),
        ("--winner outcome", "--winner says how --log is read, and there is none"),
        ("--log-scores", "--log-scores says how --log is read"),
        ("--noise 0.2", "--scores"),
        ("--target -1", "a target of -1"),
    ] {
        let told = message(args);
        assert!(told.contains(part), "{args}: {told}");
    }
}

#[test]
fn a_log_is_read_as_by_other_commands_and_its_truth_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.csv");
    std::fs::write(&path, "one,two,verdict\nw,x,a\nx,w,a\nw,x,a\ny,z,a\nz,y,a\n").expect("a file");
    let log = format!("--log {} --left one --right two --winner verdict", path.display());
    let rest = "--samplers uniform --rankers bradley-terry --budget 20 --trials 4 --top 1";
    let output = palio(&format!("budget {log} {rest} --strict"));
    assert_eq!(output.status.code(), Some(3), "warnings are errors with --strict");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(told.contains("log: 2 groups of items never met") && told.contains("held to be known"), "{told}");
    assert!(told.contains("[truth-tied]"), "{told}");
    let ballots = json(&format!("budget --log fixtures/tennessee.soc {rest}"));
    assert_eq!(ballots["summary"][0]["world"], "tennessee");
}
