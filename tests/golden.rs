//! Golden values: closed forms in `fixtures`, and reference implementations that were run once, with
//! their exact parameters, on small real logs.
//!
//! The latter lie in a directory shared between projects, at `$PALIO_SHARED` or `../shared`. Without
//! it those tests are reported as ignored, or as failed where `PALIO_REQUIRE_SHARED=1`. With
//! `PALIO_GOLDEN_SHOW=1` every comparison prints how far it is off.

#[path = "golden/boards.rs"]
mod boards;
#[path = "golden/budget.rs"]
mod budget;
#[path = "common/close.rs"]
mod close;
#[path = "golden/covariates.rs"]
mod covariates;
#[path = "golden/fitting.rs"]
mod fitting;
#[path = "golden/fixtures.rs"]
mod fixtures;
#[path = "golden/games.rs"]
mod games;
#[path = "golden/general_preference.rs"]
mod general_preference;
#[path = "golden/groups_advantages.rs"]
mod groups_advantages;
#[path = "golden/groups_topologies.rs"]
mod groups_topologies;
#[path = "golden/held_out.rs"]
mod held_out;
#[path = "golden/logs.rs"]
mod logs;
#[path = "golden/metrics.rs"]
mod metrics;
#[path = "golden/peers.rs"]
mod peers;
#[path = "golden/preference.rs"]
mod preference;
#[path = "golden/readme.rs"]
mod readme;
#[path = "common/shared.rs"]
mod shared;
#[path = "golden/soft_condorcet.rs"]
mod soft_condorcet;
#[path = "golden/structure.rs"]
mod structure;
#[path = "golden/swiss.rs"]
mod swiss;
#[path = "golden/voting.rs"]
mod voting;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use shared::Shared;

/// A check of shared values: it panics where they are not met.
type Check = fn(&Shared);

const SHARED: &[(&str, &[(&str, Check)])] = &[
    ("peers", peers::CHECKS),
    ("covariates", covariates::CHECKS),
    ("preference", preference::CHECKS),
    ("general_preference", general_preference::CHECKS),
    ("games", games::CHECKS),
    ("logs", logs::CHECKS),
    ("held_out", held_out::CHECKS),
    ("structure", structure::CHECKS),
    ("readme", readme::CHECKS),
    ("swiss", swiss::CHECKS),
    ("budget", budget::CHECKS),
    ("voting", voting::CHECKS),
    ("metrics", metrics::CHECKS),
    ("soft_condorcet", soft_condorcet::CHECKS),
    ("groups", groups_advantages::CHECKS),
    ("groups_topologies", groups_topologies::CHECKS),
];

fn main() -> ExitCode {
    let mut trials = fixtures::trials();
    trials.extend(boards::CHECKS.iter().map(|&(name, check)| {
        Trial::test(format!("boards::{name}"), move || {
            check();
            Ok(())
        })
    }));
    for (group, checks) in SHARED {
        trials.extend(checks.iter().map(|&(name, check)| with_shared_files(format!("{group}::{name}"), check)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn with_shared_files(name: String, check: Check) -> Trial {
    Trial::ignorable_test(name, move || match Shared::find() {
        Ok(shared) => {
            check(&shared);
            Ok(Completion::Completed)
        }
        Err(reason) if std::env::var("PALIO_REQUIRE_SHARED").is_ok_and(|set| set == "1") => Err(Failed::from(reason)),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    })
}
