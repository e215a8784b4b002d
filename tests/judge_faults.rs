//! What `palio tournament` makes of judges that fail, and of runs that end early.

#[path = "common/judged.rs"]
mod judged;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use judged::{Folder, items, judge};
use serde_json::{Value, json};

fn folder(groups: usize, size: usize) -> Folder {
    let folder = Folder::new();
    folder.file("items.jsonl", items(groups, size));
    folder
}

/// A run of items before a parent at the other end of both pipes.
fn before_a_parent(folder: &Folder, options: &str) -> Child {
    let mut args = vec!["items.jsonl", "--judge-stdio", "-o", "out.jsonl", "--journal", "journal"];
    args.extend(options.split_whitespace());
    let mut command = folder.palio(&args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("palio starts")
}

/// Answers so many questions, and gives the pipes.
fn answer(child: &mut Child, count: usize) -> (impl Write + use<>, impl BufRead + use<>) {
    let mut to = child.stdin.take().expect("a pipe");
    let mut from = BufReader::new(child.stdout.take().expect("a pipe"));
    for _ in 0..count {
        let mut line = String::new();
        from.read_line(&mut line).expect("a question");
        let question: Value = serde_json::from_str(&line).expect("a question");
        writeln!(to, "{}", json!({"id": question["id"], "winner": "left"})).expect("written");
    }
    (to, from)
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("palio ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn kept(folder: &Folder) -> usize {
    folder.read("journal").lines().count().saturating_sub(1)
}

#[test]
fn a_parent_may_leave_after_its_last_answer() {
    for _ in 0..20 {
        let folder = folder(1, 4);
        let mut child = before_a_parent(&folder, "");
        drop(answer(&mut child, 12));
        assert_eq!((ended(child).0, kept(&folder)), (Some(0), 12));
    }
}

#[test]
fn answers_of_a_parent_that_leaves_are_kept() {
    for _ in 0..5 {
        let folder = folder(1, 4);
        let mut child = before_a_parent(&folder, "--concurrency 6");
        drop(answer(&mut child, 6));
        let (code, err) = ended(child);
        assert_eq!((code, kept(&folder)), (Some(1), 6), "{err}");
        assert!(err.contains("have no answer") || err.contains("had no answer"), "{err}");
    }
}

#[test]
fn a_parent_that_stops_reading_is_told() {
    let folder = folder(1, 4);
    let mut child = before_a_parent(&folder, "--concurrency 1 --timeout 0.5");
    let (to, from) = answer(&mut child, 3);
    drop(from);
    // The fourth question may have been written already; the answer to nobody keeps the pipe open.
    let (code, err) = ended(child);
    drop(to);
    assert!(code == Some(1) || code == Some(0) && err.contains("unanswered"), "{code:?} {err}");
    let folder = self::folder(1, 4);
    let mut child = before_a_parent(&folder, "--concurrency 1 --timeout 0.5 --retry-pause 0.01");
    drop(child.stdout.take());
    let to = child.stdin.take();
    let (code, err) = ended(child);
    drop(to);
    assert!(code == Some(1) && err.contains("can't be written to stdout"), "{code:?} {err}");
}

#[test]
fn a_judge_of_one_question_at_a_time_is_asked_each_once() {
    let folder = folder(1, 6);
    let command = format!("{} --one-at-a-time --delay 40 --calls calls", judge());
    let (code, _, err) = folder.run(&["items.jsonl", "--timeout", "0.6", "--strict", "--judge-command", &command]);
    assert_eq!((code, folder.read("calls").lines().count()), (0, 30), "{err}");
}

#[test]
fn a_question_that_a_living_judge_drops_is_masked() {
    let folder = folder(2, 4);
    let command = format!("{} --drop 'text 2 of 0' --delay 20", judge());
    let options = ["items.jsonl", "--timeout", "0.3", "--retries", "1", "--retry-pause", "0.01", "--format", "json"];
    let (code, out, err) = folder.run(&[&options[..], &["--judge-command", &command]].concat());
    assert_eq!(code, 0, "{err}");
    let found: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&found["judge"]["calls"], &found["judge"]["failures"]), (&json!(24), &json!(6)));
    assert_eq!(masked(&found), ["i2"]);
}

fn masked(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().expect("items").iter().filter(|it| it["masked"] == true);
    items.filter_map(|it| it["item"].as_str()).collect()
}

/// One item ends the judge: its matches have no result, and all others have.
fn masks_only(folder: &Folder, concurrency: &str, group: usize, item: usize, failures: u64) {
    let command = format!("{} --die-on 'text {item} of {group}\"'", judge());
    let options = ["items.jsonl", "--format", "json", "--concurrency", concurrency, "--retry-pause", "0.001"];
    let (code, out, err) = folder.run(&[&options[..], &["--judge-command", &command]].concat());
    assert_eq!(code, 0, "{concurrency}, {item} of {group}: {err}");
    let found: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(found["judge"]["failures"], failures, "{concurrency}, {item} of {group}");
    assert_eq!(masked(&found), [format!("i{item}")]);
}

#[test]
fn an_item_that_ends_the_judge_is_masked_wherever_it_stands() {
    let groups = folder(2, 4);
    for (group, item) in (0..2).flat_map(|group| (0..4).map(move |item| (group, item))) {
        masks_only(&groups, "1", group, item, 6);
    }
    let one = folder(1, 12);
    for (concurrency, item) in [("1", 0), ("1", 6), ("32", 0), ("32", 6)] {
        masks_only(&one, concurrency, 0, item, 22);
    }
}

#[test]
fn a_judge_that_always_ends_is_given_up_soon() {
    let folder = folder(2, 16);
    for (concurrency, command) in [("1", "false"), ("32", "read line; exit 3"), ("4", "read line; echo hm; exit 0")] {
        let start = Instant::now();
        let args = ["items.jsonl", "--concurrency", concurrency, "--judge-command", command];
        let (code, _, err) = folder.run(&args);
        assert!(code == 1 && err.contains("times in a row, on "), "{command}: {err}");
        assert!(err.contains("it ended with exit status"), "{err}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
    let (code, _, err) = folder.run(&["items.jsonl", "--timeout", "0.05", "--judge-command", "sleep 100"]);
    assert!(code == 1 && err.contains("does it flush each line?"), "{err}");
}

#[test]
fn one_order_of_two_decides_no_match() {
    let folder = folder(1, 4);
    let run = |text: &str, options: &str| -> Value {
        let command = format!("{} --fail-on '{text}'", judge());
        let mut args = vec!["items.jsonl", "--format", "json", "--retries", "0", "--judge-command", &command];
        args.extend(options.split_whitespace());
        let (code, out, err) = folder.run(&args);
        assert_eq!(code, 0, "{options}: {err}");
        serde_json::from_str(&out).expect("JSON")
    };
    // Of each match of i2, the order fails in which it is shown first.
    let first = r#""left":{"group":"g0","item":"i2""#;
    let unanswered = |found: &Value| {
        let note = found["warnings"].as_array().expect("warnings").iter().find(|it| it["code"] == "unanswered");
        note.expect("a warning")["message"].as_str().expect("words").to_owned()
    };
    let found = run(first, "");
    assert_eq!((&found["judge"]["failures"], masked(&found)), (&json!(3), vec!["i2"]));
    let words =
        "3 of 12 questions have no answer, and 3 matches have no result, as each needs an answer in both orders;";
    assert!(unanswered(&found).starts_with(words), "{found}");
    let tied = run(first, "--on-failure tie");
    assert_eq!((&tied["items"][2]["ties"], masked(&tied)), (&json!(3.0), vec![]));
    assert!(unanswered(&tied).contains("and 3 matches count as ties"), "{tied}");
    // Of two repeats one is enough.
    let repeated = run(&format!(r#""repeat":1,{first}"#), "--repeats 2");
    assert_eq!((&repeated["judge"]["failures"], masked(&repeated)), (&json!(3), vec![]));
    assert!(unanswered(&repeated).contains("every match has a result from its other answers"), "{repeated}");
    // In the published code the order that fails counts 5 for both.
    let published = run(first, "--rules arenarl");
    assert_eq!((&published["judge"]["failures"], masked(&published)), (&json!(3), vec![]));
    let whole = run("nothing", "--rules arenarl");
    let scores = |found: &Value, at: usize| ["score_a", "score_b"].map(|it| found["matches"][at][it].as_f64());
    assert_eq!(scores(&published, 0), scores(&whole, 0));
    assert_ne!(scores(&published, 1), scores(&whole, 1));
}

#[test]
fn a_judge_that_answers_nothing_ends_the_run() {
    let folder = folder(1, 3);
    let command = format!("{} --fail-on text", judge());
    let args = ["--retries", "0", "--judge-id", "j", "--journal", "journal", "--judge-command"];
    for options in [&[][..], &["--on-failure", "tie"]] {
        let (code, out, err) = folder.run(&[&["items.jsonl"], options, &args, &[&command]].concat());
        assert_eq!((code, out.as_str()), (1, ""));
        let words = "error: the judge answered none of 6 questions; the first: the judge told an error: out of order;";
        assert!(err.contains(words), "{err}");
    }
    folder.file("other.csv", "left,right,winner\nx,y,left\n");
    let (code, _, err) = folder.run(&["items.jsonl", "--judge-log", "other.csv"]);
    assert!(code == 1 && err.contains("none of 6 questions; the first: the log has no row of this pair"), "{err}");
    // What the journal has is an answer.
    assert_eq!(folder.run(&[&["items.jsonl"], &args[..], &[&judge()]].concat()).0, 0);
    folder.file("items.jsonl", items(2, 3));
    let (code, _, err) = folder.run(&[&["items.jsonl"], &args[..], &[&command]].concat());
    assert!(code == 0 && err.contains("6 of 12 questions have no answer"), "{err}");
}

#[test]
fn a_run_that_is_aborted_keeps_the_answers_on_their_way() {
    let folder = folder(1, 5);
    let slow = format!("{} --delay 300 --fail-at-once 'text 2 of 0' --calls calls", judge());
    let options = ["items.jsonl", "--journal", "journal", "--on-failure", "abort", "--retries", "0"];
    let (code, _, err) = folder.run(&[&options[..], &["--judge-command", &slow]].concat());
    assert!(code == 1 && err.contains("no answer to \"i"), "{err}");
    let asked: HashSet<String> = folder.read("calls").lines().map(str::to_owned).collect();
    // Twenty questions, eight of them with the item, all sent at once.
    assert_eq!((asked.len(), kept(&folder)), (20, 12), "{err}");
}

#[cfg(unix)]
fn signal(name: &str, id: u32) -> bool {
    let mut kill = std::process::Command::new("kill");
    kill.args([name, &id.to_string()]).stderr(Stdio::null()).status().expect("kill runs").success()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[cfg(unix)]
fn a_run_that_is_told_to_end_takes_the_answers_on_their_way() {
    let folder = folder(1, 4);
    let command = format!("{} --delay 400 --calls calls", judge());
    let args = ["items.jsonl", "--journal", "journal", "--concurrency", "4", "--judge-command", &command];
    let child = folder.palio(&args).stderr(Stdio::piped()).spawn().expect("palio starts");
    until("four questions", || folder.read("calls").lines().count() == 4);
    assert!(signal("-TERM", child.id()));
    let (code, err) = ended(child);
    assert_eq!((code, kept(&folder)), (Some(130), 4), "{err}");
    assert!(err.contains("4 new answers are kept in journal"), "{err}");
}

#[test]
#[cfg(unix)]
fn a_second_interrupt_ends_the_judge_too() {
    let folder = folder(1, 4);
    let command = "echo $$ > id; read line; sleep 1000";
    let args = ["items.jsonl", "--journal", "journal", "--judge-command", command];
    let mut child = folder.palio(&args).stderr(Stdio::piped()).spawn().expect("palio starts");
    until("a judge", || folder.read("id").ends_with('\n'));
    let judge: u32 = folder.read("id").trim().parse().expect("a process");
    assert!(signal("-INT", child.id()));
    std::thread::sleep(Duration::from_millis(400));
    assert!(child.try_wait().expect("a child").is_none(), "it waits for answers on their way");
    assert!(signal("-INT", child.id()));
    assert_eq!(ended(child).0, Some(130));
    until("the judge's end", || !signal("-0", judge));
}
