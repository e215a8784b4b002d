//! `palio crossval` as its users meet it.

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

const ARENA: &str = "fixtures/arena.csv";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").arg("crossval").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], stdin: &str) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat(), stdin);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn error(args: &[&str]) -> String {
    let (code, out, err) = run(args, "");
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    err
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn json_has_its_keys_and_what_makes_it_again() {
    let args = [ARENA, "--methods", "bradley-terry:penalty=0.5,elo:k=8:orders=2", "--folds", "4", "--seed", "3"];
    let found = json(&args, "");
    assert_eq!((&found["schema"], &found["command"]), (&Value::from(1), &Value::from("crossval")));
    let settings = &found["settings"];
    assert_eq!(keys(settings), ["methods", "folds", "fold_by", "repeats", "tie_score", "reading", "seed"]);
    assert_eq!(settings["methods"][1], "elo:k=8:orders=2");
    let method = &found["methods"][1];
    assert_eq!(
        keys(method),
        ["method", "log_loss", "std_error", "brier", "accuracy", "calibration", "folds", "settings"]
    );
    assert_eq!((&method["settings"]["k"], &method["settings"]["scale"]), (&Value::from("8"), &Value::from("400")));
    assert_eq!(method["folds"].as_array().map(Vec::len), Some(4));
    assert_eq!(keys(&method["calibration"]), ["slope", "expected_error", "bins"]);
    assert_eq!(keys(&found["differences"][0]), ["method", "against", "log_loss", "std_error"]);
    assert_eq!((&found["best"], &found["lowest"]), (&Value::from("bradley-terry:penalty=0.5"), &found["best"]));
    assert_eq!(keys(&found["held_out"]), ["folds", "repeats", "scored", "ties", "ties_scored", "floor"]);
    assert_eq!(found["held_out"]["scored"], 16_025.0);
    assert_eq!(found["held_out"]["ties"], 3_975.0);
}

#[test]
fn every_thread_count_gives_the_same_bytes() {
    for rest in [&["--repeats", "2"][..], &["--fold-by", "task"], &["--tie-score", "half", "--folds", "31"]] {
        let of = |threads| run(&[&[ARENA, "--format", "json", "--threads", threads], rest].concat(), "").1;
        assert!(!of("1").is_empty());
        assert_eq!(of("1"), of("2"));
    }
}

#[test]
fn counts_give_the_scores_of_their_rows() {
    let mut rows = String::from("a,b,winner\n");
    let counts = "a,b,wins_a,wins_b,ties\nx,y,9,4,2\ny,z,6,5,1\nx,z,8,3,0\n";
    for (a, b, wins, losses, ties) in [("x", "y", 9, 4, 2), ("y", "z", 6, 5, 1), ("x", "z", 8, 3, 0)] {
        for (winner, times) in [("a", wins), ("b", losses), ("tie", ties)] {
            rows += &format!("{a},{b},{winner}\n").repeat(times);
        }
    }
    let of = |log: &str, methods: &str| json(&["-", "--methods", methods, "--folds", "5"], log);
    let (by_row, by_count) = (of(&rows, "bradley-terry"), of(counts, "bradley-terry"));
    assert_eq!(by_row["methods"], by_count["methods"]);
    // Nor does it matter to one method whether another one replays the rows.
    assert_eq!(of(&rows, "bradley-terry,elo")["methods"][0], by_row["methods"][0]);
    assert_eq!(of(counts, "bradley-terry,elo")["methods"][0], by_row["methods"][0]);
}

#[test]
fn folds_follow_judges_columns_and_time() {
    let judges = json(&[ARENA, "--methods", "bradley-terry", "--fold-by", "judge", "--folds", "20"], "");
    assert_eq!(judges["held_out"]["folds"], 12);
    assert_eq!(judges["warnings"][0]["code"], "fewer-folds");
    let named = json(&[ARENA, "--methods", "bradley-terry", "--fold-by", "judge", "--folds", "12"], "");
    assert_eq!(judges["methods"], named["methods"]);
    let column = json(&["-", "--methods", "bradley-terry", "--fold-by", "day", "--folds", "2"], DAYS);
    assert_eq!(column["held_out"]["folds"], 2);
    // Forward in time: three stretches, of which the first is never held out.
    let time = json(&["-", "--methods", "bradley-terry", "--fold-by", "time", "--time", "day", "--folds", "2"], DAYS);
    assert_eq!((&time["held_out"]["folds"], &time["held_out"]["scored"]), (&Value::from(2), &Value::from(4.0)));
    assert_eq!(time["methods"][0]["std_error"].as_f64().map(f64::is_finite), Some(true));
}

const DAYS: &str = "a,b,winner,day\nx,y,a,3\nx,y,b,3\nx,y,a,1\nx,y,b,1\nx,y,a,2\nx,y,a,2\n";

#[test]
fn the_table_says_which_is_best_and_why() {
    let (_, out, _) =
        run(&[ARENA, "--methods", "bradley-terry,bradley-terry:ties=davidson", "--tie-score", "half"], "");
    assert!(out.contains("3,975 ties as half, at ln 2 or more each: 0.1378 of any loss"), "{out}");
    assert!(out.contains("best: bradley-terry (listed before bradley-terry:ties=davidson, and within"), "{out}");
    let (_, out, _) = run(&[ARENA, "--methods", "elo,bradley-terry"], "");
    assert!(out.contains("best: bradley-terry (the lowest loss, and none"), "{out}");
    let (_, out, _) = run(&[ARENA, "--methods", "bradley-terry", "--format", "csv"], "");
    assert!(out.starts_with("method,log_loss,std_error,difference_from_lowest,"), "{out}");
    let (_, out, _) = run(&[ARENA, "--format", "markdown"], "");
    assert!(out.contains("| **bradley-terry** | 0.5366 ±0.0018 | lowest |"), "{out}");
    let (_, out, _) = run(&[ARENA, "--format", "jsonl"], "");
    assert_eq!(out.lines().count(), 2);
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_to_do() {
    let refused: &[(&[&str], &str)] = &[
        (&[ARENA, "--methods", "bradley-terry,wins"], "wins gives no probabilities"),
        (&[ARENA, "--methods", "elo,,elo"], "a method is missing between the commas"),
        (&[ARENA, "--methods", "elo,elo"], "elo is there twice"),
        (&[ARENA, "--methods", "glicko"], "there is no method 'glicko'"),
        (&[ARENA, "--methods", "elo:speed=3"], "elo has no setting 'speed'"),
        (&[ARENA, "--methods", "elo:k"], "'k' is not of the form key=value"),
        (
            &[ARENA, "--methods", "bradley-terry", "--tie-score", "three-way"],
            "bradley-terry gives no probability of a tie",
        ),
        (&[ARENA, "--fold-by", "time"], "has no column for the time"),
        (&[ARENA, "--fold-by", "time", "--repeats", "2"], "--repeats 2: folds by time are not drawn"),
        (&["fixtures/undefeated.csv", "--fold-by", "judge"], "the log has no column for the judge"),
        (&[ARENA, "--folds", "1"], "folds: 1, and there must be 2 or more"),
        (&["fixtures/undefeated.csv", "--folds", "40"], "40 folds of 15 comparisons"),
    ];
    for (args, message) in refused {
        let found = error(args);
        assert!(found.contains(message), "{found}");
    }
}
