//! What the guides show of data that are not part of the repository.

use std::process::Command;

use crate::Check;
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[("standings_of_atari_agents", standings_of_atari_agents)];

/// The commands that its guide shows with this file, and what it says they print.
fn shown(file: &str) -> Vec<(Vec<String>, String)> {
    let page = std::fs::read_to_string("docs/benchmarks.md").expect("docs/benchmarks.md");
    let blocks = page.split("```text\n$ palio ").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next()?.split_once('\n'));
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect();
    blocks
        .filter(|(command, _)| command.contains(file))
        .map(|(command, out)| (words(command), out.to_owned()))
        .collect()
}

fn standings_of_atari_agents(shared: &Shared) {
    const FILE: &str = "agent57_table.csv";
    let commands = shown(FILE);
    assert!(!commands.is_empty(), "docs/benchmarks.md shows {FILE}");
    for (words, expected) in commands {
        let table = shared.path("data/atari_agents").join(FILE);
        let args =
            words.into_iter().map(|word| if word == FILE { table.clone().into_os_string() } else { word.into() });
        let output = Command::new(assert_cmd::cargo::cargo_bin!("palio")).args(args).output().expect("palio runs");
        assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), expected);
    }
}
