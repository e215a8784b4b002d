//! What `palio tournament` refuses before a call is paid, and what its options do together.

#[path = "common/judged.rs"]
mod judged;

use std::time::Duration;

use judged::{Folder, items, judge};
use serde_json::Value;

/// A folder with items of groups.
fn folder(groups: usize, size: usize) -> Folder {
    let folder = Folder::new();
    folder.file("items.jsonl", items(groups, size));
    folder
}

/// A judge that leaves a file behind when it is started.
fn telling() -> String {
    format!("touch started; {}", judge())
}

/// Exit code and stderr of a run with these options before a judge.
fn run(folder: &Folder, options: &str) -> (i32, String) {
    let mut args = vec!["items.jsonl"];
    args.extend(options.split_whitespace());
    let judge = telling();
    args.extend(["--judge-command", &judge]);
    let (code, _, err) = folder.run(&args);
    (code, err)
}

/// What a run says as JSON that must end well.
fn report(folder: &Folder, options: &str) -> Value {
    let mut args = vec!["items.jsonl", "--format", "json"];
    args.extend(options.split_whitespace());
    let judge = judge();
    args.extend(["--judge-command", &judge]);
    let (code, out, err) = folder.run(&args);
    assert_eq!(code, 0, "{options}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
}

fn started(folder: &Folder) -> bool {
    std::fs::exists(folder.path("started")).expect("a folder")
}

#[test]
fn steps_that_cannot_be_done_are_refused_before_a_call() {
    let folder = folder(2, 3);
    for (options, words) in [
        ("--preset opo", "(--length)"),
        ("--normalize length-weighted", "(--length)"),
        ("--normalize length-weighted --length known", "takes lengths above 0"),
        ("--preset par", "name it with --reference"),
        ("--preset wildbench", "name it with --length"),
        ("--preset wildbench --length words", "has no `words`"),
        ("--preset wildbench --length text", "not a finite number"),
        ("--reward fidelity --reference known", "compares groups with each other"),
        ("--reward brpo --set reference=3", "items count from 0"),
        ("--eps nan", "eps=NaN"),
        ("--clip=-1", "clip=-1"),
    ] {
        for dry in ["", " --dry-run"] {
            let (code, err) = run(&folder, &format!("{options}{dry}"));
            assert_eq!(code, 2, "{options}{dry}: {err}");
            assert!(err.contains(words), "{options}{dry}: {err}");
        }
    }
    assert!(!started(&folder));
}

#[test]
fn columns_of_the_items_serve_rewards_and_normalisations() {
    let folder = Folder::new();
    let lengths = items(1, 4)
        .lines()
        .zip([4, 1, 2, 1])
        .map(|(line, n)| line.replace("\"known\"", &format!("\"n\":{n},\"known\"")))
        .collect::<Vec<_>>();
    folder.file("items.jsonl", lengths.join("\n"));
    let found = report(&folder, "--reward value --normalize length-weighted --length n");
    let number = |row: usize, key: &str| found["items"][row][key].as_f64().expect("a number");
    let (weights, mut mean) = ([4.0, 1.0, 2.0, 1.0], 0.0);
    for (row, weight) in weights.into_iter().enumerate() {
        mean += weight * number(row, "reward") / 8.0;
    }
    for row in 0..4 {
        assert!((number(row, "advantage") - (number(row, "reward") - mean)).abs() < 1e-12, "{found}");
    }
    assert_eq!(found["settings"]["columns"]["length"], "n");
    // Who has a reference above every standing is below it with a chance of less than a half.
    let par = report(&folder, "--reward par --reference n");
    assert!(par["items"].as_array().expect("items").iter().all(|it| it["reward"].as_f64() < Some(0.5001)), "{par}");
}

#[test]
fn a_file_that_is_written_has_no_other_part() {
    let folder = folder(1, 3);
    let before = folder.read("items.jsonl");
    folder.file("model.json", "{\"score_column\": \"known\"}");
    std::fs::create_dir(folder.path("sub")).expect("a folder");
    for (options, words) in [
        ("--journal x -o x", "--journal and --output are both"),
        ("--journal x.csv --matches sub/../x.csv", "--journal and --matches are both"),
        ("-o x.csv --matches ./x.csv", "--output and --matches are both"),
        ("-o items.jsonl", "ITEMS and --output are both"),
        ("--journal items.jsonl", "ITEMS and --journal are both"),
        ("--matches items.jsonl", "ITEMS and --matches are both"),
    ] {
        let (code, err) = run(&folder, options);
        assert!(code == 2 && err.contains(words), "{options}: {code} {err}");
    }
    let (code, _, err) = folder.run(&["items.jsonl", "--judge-model", "model.json", "-o", "model.json"]);
    assert!(code == 2 && err.contains("--judge-model and --output"), "{err}");
    assert!(!started(&folder) && folder.read("items.jsonl") == before);
}

#[test]
#[cfg(unix)]
fn links_are_followed_and_devices_may_be_shared() {
    let folder = folder(1, 3);
    std::os::unix::fs::symlink("new", folder.path("link")).expect("a link");
    let (code, err) = run(&folder, "--journal link -o new --format csv");
    assert!(code == 2 && err.contains("--journal and --output"), "{err}");
    let (code, err) = run(&folder, "-o /dev/null --matches /dev/null");
    assert_eq!(code, 0, "{err}");
}

#[test]
fn rates_and_timeouts_out_of_reason_are_refused() {
    let folder = folder(1, 3);
    for options in ["--rpm 0.0001", "--rpm 1e10", "--rpm nan", "--timeout 1e9", "--timeout nan", "--timeout 1e-9"] {
        let (code, err) = run(&folder, options);
        let option = options.split(' ').next().expect("an option");
        assert!(code == 2 && err.contains(&format!("{option} is ")), "{options}: {code} {err}");
    }
    assert!(!started(&folder));
}

#[test]
#[cfg(unix)]
fn a_pipe_is_no_journal() {
    let folder = folder(1, 3);
    assert!(std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().expect("mkfifo runs").success());
    let judge = judge();
    let mut child = folder
        .palio(&["items.jsonl", "--journal", "pipe", "--quiet", "--judge-command", &judge])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("palio starts");
    for _ in 0..100 {
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let ended = child.try_wait().expect("a child").is_some();
    let _ = child.kill();
    let output = child.wait_with_output().expect("an end");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(ended && words.contains("not a regular file"), "{words}");
}

#[test]
fn a_group_of_one_item_is_told() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 3) + "{\"group\":\"alone\",\"item\":\"x\",\"text\":\"t\"}\n");
    let found = report(&folder, "");
    let notes = found["warnings"].as_array().expect("warnings");
    let alone = notes.iter().find(|note| note["code"] == "singleton-groups").expect("a warning");
    assert!(alone["message"].as_str().is_some_and(|it| it.starts_with("1 of 2 groups (alone) have a single item")));
    assert_eq!(found["items"][3]["masked"], true);
}

#[test]
fn twins_are_asked_by_the_first_of_them() {
    for (first, second) in [("\"same\"", "\"same\""), ("\"\\u00e9\\/\"", "\"é/\""), ("[1, \"a\"]", "[1,\"\\u0061\"]")]
    {
        let folder = Folder::new();
        let texts = ["\"one\"", first, "\"two\"", second];
        let line = |(item, text): (usize, &&str)| {
            format!("{{\"group\":\"g\",\"item\":\"i{item}\",\"known\":{item},\"text\":{text}}}\n")
        };
        folder.file("items.jsonl", texts.iter().enumerate().map(line).collect::<String>());
        let found = report(&folder, "--dedupe text");
        assert_eq!(found["judge"]["calls"], 6, "{first}");
        let standing =
            |row: usize| ["wins", "losses", "ties", "reward", "rank"].map(|key| found["items"][row][key].clone());
        assert_eq!(standing(1), standing(3), "{first}");
    }
}

#[test]
fn the_way_a_character_is_written_asks_nothing_again() {
    let folder = Folder::new();
    let of = |accent: &str| format!("{{\"item\":\"a\",\"text\":\"{accent}\"}}\n{{\"item\":\"b\",\"text\":\"x\"}}\n");
    folder.file("items.jsonl", of("é"));
    let first = report(&folder, "--one-group --journal journal");
    let kept = folder.read("journal");
    folder.file("items.jsonl", of("\\u00e9"));
    assert_eq!(report(&folder, "--one-group --journal journal")["items"], first["items"]);
    assert_eq!(folder.read("journal"), kept);
}

#[test]
fn items_without_a_group_column_are_one_group_only_if_that_is_said() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 3).replace("\"group\"", "\"prompt\""));
    let (code, err) = run(&folder, "");
    let found = "its columns are `prompt`, `item`, `text`, `known`; name the right one with --group COLUMN, or give \
                 --one-group if all rows belong to one group";
    assert!(code == 2 && err.contains(found) && !started(&folder), "{err}");
    let one = report(&folder, "--one-group --matches matches.csv");
    let named = report(&folder, "--group prompt");
    let rewards = |report: &Value| (0..3).map(|row| report["items"][row]["reward"].clone()).collect::<Vec<_>>();
    assert_eq!((rewards(&one), &one["items"][0]["group"]), (rewards(&named), &Value::from("all")));
    assert!(folder.read("matches.csv").lines().nth(1).is_some_and(|row| row.starts_with("all,")));
    let (code, err) = run(&folder, "--one-group --group prompt");
    assert!(code == 2 && err.contains("cannot be used with"), "{err}");
}

#[test]
fn a_bracket_is_refused_where_the_topology_has_none() {
    let folder = folder(1, 4);
    for topology in ["round-robin", "circular", "anchor", "swiss"] {
        let (code, err) = run(&folder, &format!("--aggregate bracket --topology {topology}"));
        let words = format!(
            "error: --aggregate bracket: {topology} has no bracket; give win-rate, copeland, mean-score, margin, \
             bradley-terry, points, or --topology seeded-single-elimination or double-elimination\n"
        );
        assert_eq!((code, err), (2, words));
    }
    assert!(!started(&folder));
    for topology in ["seeded-single-elimination", "double-elimination"] {
        assert_eq!(run(&folder, &format!("--aggregate bracket --topology {topology}")).0, 0);
    }
}

#[test]
fn a_judge_is_shown_no_more_than_it_is_to_see() {
    let folder = folder(2, 3);
    let tee = format!("tee -a seen | {}", judge());
    let args = ["items.jsonl", "--format", "json", "--journal", "journal", "--judge-id", "j", "--judge-command", &tee];
    let run = |options: &[&str]| {
        let (code, out, err) = folder.run(&[&args[..], options].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Value>(&out).expect("JSON")
    };
    let first = run(&["--show", "text"]);
    let seen: Vec<Value> = folder.read("seen").lines().map(|it| serde_json::from_str(it).expect("JSON")).collect();
    assert_eq!(seen.len(), 12);
    for question in &seen {
        for side in ["left", "right"] {
            let shown: Vec<&String> = question[side].as_object().expect("an object").keys().collect();
            assert_eq!(shown, ["text"]);
        }
    }
    assert_eq!(first["settings"]["show"], serde_json::json!(["text"]));
    // What is not shown asks nothing again, and what is does.
    folder.file("items.jsonl", items(2, 3).replace("\"known\":2", "\"known\":7"));
    assert_eq!(run(&["--show", "text", "--seed", "0"])["items"], first["items"]);
    assert_eq!(folder.read("seen").lines().count(), 12);
    run(&["--show", "text,known"]);
    assert_eq!(folder.read("seen").lines().count(), 24);
    // Equal texts tie by their own column, shown or not.
    folder.file("items.jsonl", items(1, 3).replace("text 2", "text 1"));
    assert_eq!(run(&["--show", "item,known", "--dedupe", "text"])["judge"]["calls"], 2);
    let (code, _, err) = folder.run(&["items.jsonl", "--show", "text", "--judge-log", "log.csv"]);
    assert!(code == 2 && err.contains("cannot be used with"), "{err}");
    let (code, _, err) = folder.run(&[&args[..], &["--show", "text,prompt"]].concat());
    assert!(code == 2 && err.contains("has no `prompt`; it has: group, item, known, text"), "{err}");
}

#[test]
fn help_tells_the_defaults_of_a_tournament() {
    let (code, help, _) = folder(1, 2).run(&["--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, 0);
    for words in [
        "or else the topology's own: win-rate for round-robin and circular, mean-score for anchor, bracket for eliminations, points for swiss]",
        "or else quantile with ties=mean:",
        "or else z-score]",
        "[default: all columns]",
        "[default: that of --judge-model, or else 1]",
        "The judge's errors are normal;",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
    for entry in palio::tournaments::TOPOLOGIES {
        let own = match entry.name {
            "seeded-single-elimination" | "double-elimination" => "bracket for eliminations".to_owned(),
            "circular" => format!("{} for round-robin and circular", entry.aggregation),
            name => format!("{} for {name}", entry.aggregation),
        };
        assert!(help.contains(&own), "{own}");
    }
    let advantage = palio(&["advantage", "--help"]);
    assert!(advantage.contains("[default: win-rate]") && advantage.contains("[default: value,"), "{advantage}");
}

/// The words that the program writes to stdout.
fn palio(args: &[&str]) -> String {
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("palio")).args(args).output();
    let out = String::from_utf8(output.expect("palio runs").stdout).expect("UTF-8");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
