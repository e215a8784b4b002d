//! The command line as its users meet it.

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;

fn palio() -> Command {
    cargo_bin_cmd!("palio")
}

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = palio().args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], stdin: &str) -> serde_json::Value {
    let (_, out, err) = run(args, stdin);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

const FOOD: &str = "model_a,model_b,winner\n\
pizza,sushi,model_a\nsushi,pizza,model_a\npizza,tacos,tie\ntacos,sushi,model_a\nsushi,tacos,model_a\npizza,sushi,model_b\n\
pizza,tacos,model_a\ntacos,pizza,model_a\ntacos,sushi,model_a\n";

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    trycmd::TestCases::new().case("README.md").case("docs/*.md").run();
}

#[test]
fn every_thread_count_gives_the_same_bytes() {
    for method in ["bradley-terry", "hodge", "elo", "win-rate", "wins", "eigenvector", "pagerank"] {
        for interval in ["sandwich", "bootstrap", "none"] {
            if interval == "sandwich" && method != "bradley-terry" {
                continue;
            }
            let bytes = |threads: &str| {
                let args =
                    ["rank", "fixtures/arena.csv", "--method", method, "--interval", interval, "--resamples", "60"];
                let rest = ["--seed", "7", "--format", "json", "--threads", threads];
                palio().args(args).args(rest).output().expect("palio runs").stdout
            };
            assert!(!bytes("1").is_empty());
            assert_eq!(bytes("1"), bytes("2"), "{method} {interval}");
        }
    }
    let generated = |threads: &str| {
        let args = ["generate", "--comparisons", "200000", "--judges", "5", "--tasks", "50", "--seed", "7"];
        palio().args(args).args(["--task-effect", "0.3", "--threads", threads]).output().expect("palio runs").stdout
    };
    assert_eq!(generated("1"), generated("2"));
}

#[test]
fn the_fixture_is_what_its_readme_says_made_it() {
    let notes = std::fs::read_to_string("fixtures/README.md").expect("fixtures/README.md");
    let start = notes.find("palio generate").expect("the command");
    let command = notes[start..].split("-o ").next().expect("what comes before the output");
    let args: Vec<&str> = command.split_whitespace().filter(|word| *word != "\\").skip(1).collect();
    let made = palio().args(args).output().expect("palio runs").stdout;
    assert!(made == std::fs::read("fixtures/arena.csv").expect("fixtures/arena.csv"));
}

#[test]
fn json_holds_what_makes_the_result_again() {
    let report = json(&["rank", "-", "--format", "json", "--seed", "3"], FOOD);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["command"], "rank");
    assert_eq!(report["settings"]["seed"], 3);
    assert_eq!(report["settings"]["set"]["ties"], "half");
    assert_eq!(report["input"][0]["rows"], 9);
    assert_eq!(report["input"][0]["xxh3"].as_str().map(str::len), Some(16));
    assert_eq!(report["graph"]["status"], "identified");
    assert_eq!(report["fit"]["converged"], true);
    let items = report["items"].as_array().expect("items");
    assert_eq!(items.len(), 3);
    let keys = "rank rank_best rank_worst item rating std_error low high wins losses ties comparisons identified \
                separated_from_next";
    for key in keys.split_whitespace() {
        assert!(items[0].get(key).is_some(), "{key}");
    }
    assert_eq!(report["warnings"], serde_json::json!([]));
}

#[test]
fn counts_give_the_answer_of_their_rows() {
    let rows = json(&["rank", "-", "--format", "json"], FOOD);
    let counts = "item_a,item_b,wins_a,wins_b,ties\npizza,sushi,1,2,0\npizza,tacos,1,1,1\ntacos,sushi,2,1,0\n";
    let counted = json(&["rank", "-", "--format", "json"], counts);
    assert_eq!(rows["fit"]["log_likelihood"], counted["fit"]["log_likelihood"]);
    for item in rows["items"].as_array().expect("items") {
        let same = counted["items"].as_array().expect("items").iter().find(|it| it["item"] == item["item"]);
        let same = same.expect("the item");
        assert_eq!((&item["wins"], &item["ties"]), (&same["wins"], &same["ties"]));
        let difference = item["rating"].as_f64().expect("a rating") - same["rating"].as_f64().expect("a rating");
        assert!(difference.abs() < 1e-9);
    }
}

#[test]
fn strict_turns_a_warning_into_exit_code_3() {
    let undefeated = "a,b,winner\nx,y,a\ny,z,a\nz,y,a\nz,x,b\n";
    let (code, out, err) = run(&["rank", "-"], undefeated);
    assert_eq!(code, 0);
    assert!(err.contains("[not-identified]"), "{err}");
    assert!(out.contains("not identified"), "{out}");
    assert_eq!(run(&["rank", "-", "--strict"], undefeated).0, 3);
    assert_eq!(run(&["rank", "-", "--strict"], FOOD).0, 0);
    let (_, _, err) = run(&["rank", "-", "--quiet"], undefeated);
    assert_eq!(err, "");
}

#[test]
fn the_pathological_boards_of_other_tools_are_told_and_never_divergent() {
    // The boards on which five peers were run (what they print is no model for us).
    let boards = [
        ("C never wins", "a,b,winner\nA,B,a\nB,A,a\nA,C,a\nB,C,a\n", "partially-identified", "not-identified", 2),
        ("C always wins", "a,b,winner\nA,B,a\nB,A,a\nC,A,a\nC,B,a\n", "partially-identified", "not-identified", 2),
        ("disconnected", "a,b,winner\nA,B,a\nA,B,b\nC,D,a\nD,C,a\n", "disconnected", "disconnected", 0),
        (
            "one way",
            "a,b,winner\nA,B,a\nB,A,a\nC,D,a\nD,C,a\nA,C,a\nB,D,a\n",
            "partially-identified",
            "not-identified",
            2,
        ),
        ("only ties", "a,b,winner\nA,B,tie\nB,C,tie\nA,C,tie\n", "identified", "no-spread", 3),
        ("one game", "a,b,winner\nA,B,a\n", "partially-identified", "not-identified", 0),
    ];
    for (name, log, status, warning, identified) in boards {
        let report = json(&["rank", "-", "--format", "json"], log);
        assert_eq!(report["graph"]["status"], status, "{name}");
        let codes = report["warnings"].as_array().expect("warnings");
        assert!(codes.iter().any(|it| it["code"] == warning), "{name}: {report}");
        let items = report["items"].as_array().expect("items");
        assert_eq!(items.iter().filter(|it| it["identified"] == true).count(), identified, "{name}");
        for item in items {
            let rating = item["rating"].as_f64().expect("a finite rating");
            assert!((0.0..2000.0).contains(&rating), "{name}: {item}");
            if item["identified"] == false || warning == "no-spread" {
                for key in ["low", "high", "std_error", "rank_best", "rank_worst"] {
                    assert!(item[key].is_null(), "{name}: {item}");
                }
            }
        }
        assert_eq!(run(&["rank", "-", "--strict"], log).0, 3, "{name}");
    }
    for log in ["a,b,winner\nA,A,a\nA,B,a\n", "a,b,winner\nA,B,invalid\nA,B,a\n"] {
        assert_eq!(run(&["rank", "-"], log).0, 2);
    }
}

#[test]
fn a_failed_run_leaves_the_file_that_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("board.json");
    std::fs::write(&path, "old").expect("written");
    let name = path.to_str().expect("UTF-8");
    assert_eq!(run(&["rank", "-", "-o", name], "a,b,winner\nx,y,nonsense\n").0, 2);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "old");
    assert_eq!(run(&["rank", "-", "-o", name], FOOD).0, 0);
    assert!(std::fs::read_to_string(&path).expect("read").starts_with("{\n  \"schema\": 1"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file is left");
}

#[test]
fn a_missing_file_is_an_io_failure_and_bad_usage_is_not() {
    assert_eq!(run(&["rank", "no/such/file.csv"], "").0, 1);
    assert_eq!(run(&["rank", "-", "-o", "no/such/folder/x.json"], FOOD).0, 1);
    for (args, message) in [
        (&["rank", "-", "--method", "magic"][..], "there is no method 'magic'; there are: bradley-terry, "),
        (&["rank", "-", "--set", "kay=4"], "bradley-terry has no setting 'kay'; it has: ties, penalty, pseudo_count"),
        (&["rank", "-", "--set", "penalty=-1"], "penalty=-1: penalty takes a number of 0 or more"),
        (&["rank", "-", "--method", "elo", "--interval", "sandwich"], "elo has no covariance"),
        (&["rank", "-", "--method", "elo", "--scale", "log-odds"], "elo has units of its own"),
        (&["rank", "-", "--method", "elo", "--ties", "davidson"], "elo has no setting 'ties'"),
        (&["rank", "-", "--anchor", "nobody=1"], "no item 'nobody' to be the anchor"),
        (&["rank", "-", "--level", "95"], "a level is a share between 0 and 1"),
        (&["rank", "-", "--by", "language"], "language"),
        (&["rank", "-", "-o", "x.parquet"], "no format goes with the extension .parquet"),
    ] {
        let (code, _, err) = run(args, FOOD);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(message), "{args:?}: {err}");
    }
}

#[test]
fn a_board_for_each_value_of_a_column_holds_only_its_items() {
    let log = "a,b,winner,lang\nx,y,a,en\ny,x,a,en\nz,w,a,fr\nw,z,a,fr\nx,y,a,en\n";
    let report = json(&["rank", "-", "--by", "lang", "--format", "json"], log);
    let boards = report["boards"].as_array().expect("boards");
    assert_eq!(boards.len(), 2);
    assert_eq!(boards[0]["by"], "en");
    assert_eq!(boards[0]["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(boards[1]["items"][0]["item"], "w");
    let alone = json(&["rank", "-", "--format", "json"], "a,b,winner\nx,y,a\ny,x,a\nx,y,a\n");
    assert_eq!(boards[0]["items"], alone["items"]);
}

#[test]
fn fewer_than_thirty_tasks_are_not_clusters_unless_asked_for() {
    let row = |row: u32| format!("x,y,{},t{}\n", if row % 7 < 3 { "a" } else { "b" }, row % 20);
    let log = format!("a,b,winner,task\n{}", (0..60).map(row).collect::<String>());
    assert!(json(&["rank", "-", "--format", "json"], &log)["fit"]["cluster"].is_null());
    let asked = json(&["rank", "-", "--format", "json", "--cluster", "task"], &log);
    assert_eq!(asked["fit"]["cluster"]["clusters"], 20);
    assert_eq!(asked["warnings"][0]["code"], "few-clusters");
}

#[test]
fn counts_are_replayed_for_elo_with_a_warning() {
    let counts = "item_a,item_b,wins_a,wins_b\nx,y,3,1\n";
    let report = json(&["rank", "-", "--method", "elo", "--format", "json"], counts);
    assert_eq!(report["warnings"][0]["code"], "counts-expanded");
    assert!(report["items"][0]["rating"].as_f64().expect("a rating") > 1000.0);
}

#[test]
fn a_closed_pipe_is_success() {
    use std::process::{Command, Stdio};
    let program = assert_cmd::cargo::cargo_bin!("palio");
    let args = ["generate", "--comparisons", "2000000"];
    let mut child = Command::new(program).args(args).stdout(Stdio::piped()).spawn().expect("palio runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("an end").success());
}

#[test]
fn every_format_has_all_items() {
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        let (code, out, _) = run(&["rank", "-", "--format", format], FOOD);
        assert_eq!(code, 0);
        for item in ["pizza", "sushi", "tacos"] {
            assert!(out.contains(item), "{format}: {out}");
        }
    }
    let (_, out, _) = run(&["rank", "-", "--format", "csv"], FOOD);
    assert!(out.starts_with("rank,rank_best,rank_worst,item,rating"), "{out}");
}

fn item<'r>(report: &'r serde_json::Value, name: &str) -> &'r serde_json::Value {
    report["items"].as_array().expect("items").iter().find(|it| it["item"] == name).expect("the item")
}

fn codes(report: &serde_json::Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

#[test]
fn an_item_seen_in_one_cluster_is_not_the_best_known() {
    let mut log = std::fs::read_to_string("fixtures/arena.csv").expect("fixtures/arena.csv");
    for _ in 0..10 {
        log.push_str("newbie,model-06,model_a,judge-01,task-001\nmodel-00,newbie,model_a,judge-01,task-001\n");
    }
    let report = json(&["rank", "-", "--format", "json"], &log);
    assert!(codes(&report).contains(&"few-comparisons"));
    let error = |name| item(&report, name)["std_error"].as_f64().expect("an error");
    assert!(error("newbie") > 5.0 * error("model-06"), "{} {}", error("newbie"), error("model-06"));
    let resampled = json(&["rank", "-", "--format", "json", "--interval", "bootstrap", "--resamples", "60"], &log);
    assert!(item(&resampled, "newbie")["low"].is_null());
    assert!(codes(&resampled).contains(&"few-comparisons"));
}

#[test]
fn one_cluster_tells_no_error() {
    let log = format!("a,b,winner,judge\n{}", "x,y,a,j\ny,x,a,j\nx,y,a,j\n".repeat(10));
    let report = json(&["rank", "-", "--format", "json", "--cluster", "judge"], &log);
    assert_eq!(codes(&report), ["few-clusters"]);
    assert!(item(&report, "x")["std_error"].is_null());
    let (code, _, err) = run(&["rank", "-", "--cluster", "judge", "--interval", "fisher"], &log);
    assert!(code == 2 && err.contains("--cluster judge goes with --interval sandwich or bootstrap"), "{err}");
}

#[test]
fn rows_without_a_task_share_nothing() {
    let row = |row: usize| {
        let task = if row.is_multiple_of(2) { format!(",\"task\":\"t{row}\"") } else { String::new() };
        format!("{{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"{}\"{task}}}\n", ["a", "b", "b"][row % 3])
    };
    let report = json(&["rank", "-", "--format", "json"], &(0..120).map(row).collect::<String>());
    assert_eq!(report["fit"]["cluster"]["clusters"], 120);
    assert_eq!(codes(&report), ["rows-without-cluster"]);
}

#[test]
fn an_interval_holds_its_rating_on_a_partial_board() {
    for interval in ["sandwich", "fisher", "bootstrap"] {
        let report = json(&["rank", "fixtures/undefeated.csv", "--format", "json", "--interval", interval], "");
        for name in ["Bob", "Cy"] {
            let [low, rating, high] =
                ["low", "rating", "high"].map(|key| item(&report, name)[key].as_f64().expect("a number"));
            assert!(low < rating && rating < high, "{interval}: {low} {rating} {high}");
        }
        assert!(item(&report, "Ada")["low"].is_null());
    }
}

#[test]
fn only_ties_have_no_spread_however_errors_are_made() {
    let log = format!("a,b,winner\n{}", "A,B,tie\nB,C,tie\nA,C,tie\n".repeat(5));
    for interval in ["sandwich", "fisher", "bootstrap"] {
        let report = json(&["rank", "-", "--format", "json", "--interval", interval], &log);
        assert_eq!(codes(&report), ["no-spread"], "{interval}");
        assert!(item(&report, "A")["low"].is_null());
    }
}

#[test]
fn counts_and_their_rows_have_the_same_elo_errors() {
    let counts = "a,b,wins_a,wins_b\nx,y,300,100\ny,z,200,100\n";
    let report = json(&["rank", "-", "--method", "elo", "--interval", "bootstrap", "--format", "json"], counts);
    // The same 700 comparisons as rows in random order have errors of 14.0, 14.8 and 15.5.
    for name in ["x", "y", "z"] {
        let error = item(&report, name)["std_error"].as_f64().expect("an error");
        assert!((12.0..18.0).contains(&error), "{name} {error}");
    }
}

#[test]
fn counts_beyond_all_comparisons_ever_made_are_resampled_at_once() {
    let counts = "a,b,wins_a,wins_b\nx,y,3e15,1e15\ny,z,2e15,1e15\n";
    let report = json(&["rank", "-", "--interval", "bootstrap", "--resamples", "50", "--format", "json"], counts);
    assert!(item(&report, "x")["std_error"].as_f64().expect("an error") < 1e-4);
}

#[test]
fn a_method_that_needs_no_estimate_does_not_warn_of_one() {
    for method in ["elo", "pagerank", "win-rate"] {
        let report = json(&["rank", "fixtures/undefeated.csv", "--method", method, "--format", "json"], "");
        assert_eq!(codes(&report), [""; 0], "{method}");
        assert_eq!(item(&report, "Ada")["identified"], true);
    }
}

#[test]
fn log_odds_that_smoothing_alone_holds_are_not_shown_as_known() {
    for method in ["hodge", "nash-averaging"] {
        let args =
            ["rank", "fixtures/undefeated.csv", "--method", method, "--interval", "bootstrap", "--format", "json"];
        let report = json(&args, "");
        assert_eq!(codes(&report)[0], "not-identified", "{method}");
        assert_eq!(item(&report, "Ada")["identified"], false);
        assert!(item(&report, "Ada")["low"].is_null() && item(&report, "Bob")["low"].is_number());
    }
    // A share of comparisons needs no log-odds.
    let args = ["rank", "fixtures/undefeated.csv", "--method", "nash-averaging", "--set", "payoff=probability"];
    assert_eq!(run(&args, "").2, "");
}

#[test]
fn a_closed_stderr_is_no_panic() {
    use std::process::{Command, Stdio};
    let program = assert_cmd::cargo::cargo_bin!("palio");
    let mut child = Command::new(program)
        .args(["rank", "fixtures/undefeated.csv"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("palio runs");
    drop(child.stderr.take());
    assert!(child.wait().expect("an end").success());
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_device_a_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, link) = (folder.path().join("board.csv"), folder.path().join("link.csv"));
    std::fs::write(&target, "old").expect("written");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    assert_eq!(run(&["rank", "-", "-o", link.to_str().expect("UTF-8")], FOOD).0, 0);
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(&target).expect("read").starts_with("rank,"));
    assert_eq!(run(&["rank", "-", "-o", "/dev/null", "--format", "csv"], FOOD).0, 0);
    assert!(!std::fs::metadata("/dev/null").expect("a device").is_file());
}

#[test]
fn names_apart_only_by_space_are_told() {
    let log = "a,b,winner\nx,y,a\ny,x ,a\nx,y,b\nx ,y,b\n".to_owned();
    assert!(codes(&json(&["rank", "-", "--format", "json"], &log)).contains(&"names-apart-by-space"));
}

/// Two groups of three items that met often, with `bridge` between them.
fn bridged(bridge: &str) -> String {
    let mut log = "a,b,winner\n".to_owned();
    for [first, second, third] in [["c1", "c2", "c3"], ["x", "y", "z"]] {
        for (left, right) in [(first, second), (second, third), (first, third)] {
            log.push_str(&(format!("{left},{right},a\n").repeat(60) + &format!("{left},{right},b\n").repeat(40)));
        }
    }
    log + bridge
}

#[test]
fn groups_that_hang_together_by_a_thread_are_far_from_certain() {
    let report = json(&["rank", "-", "--format", "json"], &bridged("c1,x,tie\n"));
    assert_eq!(codes(&report), ["few-comparisons"]);
    let model = json(&["rank", "-", "--format", "json", "--interval", "fisher"], &bridged("c1,x,tie\n"));
    let error = |report, name| item(report, name)["std_error"].as_f64().expect("an error");
    for name in ["c1", "z"] {
        assert!(error(&report, name) > 0.9 * error(&model, name), "{name}");
    }
    let resampled = json(&["rank", "-", "--format", "json", "--interval", "bootstrap"], &bridged("c1,x,tie\n"));
    assert_eq!(codes(&resampled), ["few-comparisons"]);
    assert!(item(&resampled, "z")["low"].is_null());
    let held = json(&["rank", "-", "--format", "json"], &bridged(&"c1,x,a\nx,c1,a\n".repeat(20)));
    assert_eq!(codes(&held), [""; 0]);
}

#[test]
fn two_items_with_the_models_errors_have_its_error_of_their_difference() {
    let wins = |task: usize| "ma,mb,a,T\n".repeat(6 + task / 3) + &"mb,ma,a,T\n".repeat(2);
    let log: String = (0..4).map(|task| wins(task).replace('T', &format!("t{task}"))).collect();
    let log = format!("a,b,winner,task\n{log}");
    let args = ["rank", "-", "--format", "json", "--scale", "win-rate", "--baseline", "mb"];
    let error = |rest: &[&str]| {
        let report = json(&[&args[..], rest].concat(), &log);
        item(&report, "ma")["std_error"].as_f64().expect("an error")
    };
    let (clustered, model) = (error(&["--cluster", "task"]), error(&["--interval", "fisher"]));
    assert!(clustered >= 0.999 * model, "{clustered} {model}");
}

#[test]
fn a_long_ladder_is_climbed_to_its_end() {
    let rung = |i: usize| format!("m{i},m{},9,1\n", i + 1);
    for items in [500, 1_000] {
        let log = format!("a,b,wins_a,wins_b\n{}", (0..items - 1).map(rung).collect::<String>());
        let report = json(&["rank", "-", "--format", "json", "--interval", "none", "--scale", "log-odds"], &log);
        assert_eq!(codes(&report), [""; 0], "{items}");
        let rating = |name: &str| item(&report, name)["rating"].as_f64().expect("a rating");
        let top = rating("m0") - rating(&format!("m{}", items - 1));
        assert!((top - 9.0_f64.ln() * (items - 1) as f64).abs() < 1e-6, "{items}: {top}");
    }
}

#[test]
fn boards_of_general_preferences_tell_their_blocks_and_hold_out_whole_judges() {
    let method = ["--method", "general-preference", "--format", "json"];
    let circle = json(&[&["rank", "fixtures/circle.csv"][..], &method].concat(), "");
    let [block] = &circle["fit"]["blocks"].as_array().expect("blocks")[..] else { panic!("one block") };
    assert_eq!(block["transitive"], false);
    assert!(block["largest_gap"].as_f64().expect("radians") < std::f64::consts::PI);
    for item in circle["items"].as_array().expect("items") {
        assert_eq!(item["vector"].as_array().expect("coordinates").len(), 2);
    }
    let judges = json(&[&["rank", "fixtures/arena.csv", "--set", "fold_by=judge"][..], &method].concat(), "");
    assert_eq!(judges["fit"]["parameters"]["dimension"], 0.0);
    assert_eq!(judges["fit"].get("blocks"), None);
    let (code, _, message) = run(&["rank", "-", "--method", "general-preference", "--set", "fold_by=person"], FOOD);
    assert_eq!(code, 2);
    assert!(message.contains("person"), "{message}");
}
