use super::*;
use crate::judges::{Entrant, KeyedBy};

/// Who gives the later name 8 and the other one 6, and says nothing where `silent` is shown first.
#[derive(Debug)]
struct Sided {
    silent: &'static str,
    ready: Vec<Answered>,
}

impl Judge for Sided {
    fn identity(&self) -> &'static str {
        "sided"
    }

    fn keyed_by(&self) -> KeyedBy {
        KeyedBy::Records
    }

    fn room(&self) -> usize {
        8 - self.ready.len().min(8)
    }

    fn open(&self) -> usize {
        self.ready.len()
    }

    fn ask(&mut self, question: &Question<'_>) {
        let (left, right) = (&question.left.name, &question.right.name);
        let scores = if left > right { [8.0, 6.0] } else { [6.0, 8.0] };
        let is_silent = self.silent == left || self.silent == "everybody";
        let answer = if is_silent { Err("silence".to_owned()) } else { Ok(Answer::new(Judgment::Scores(scores))) };
        self.ready.push(Answered::at_once(question, answer));
    }

    fn wait(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
        answers.append(&mut self.ready);
        Ok(())
    }
}

fn group() -> Entrants {
    let entrant = |(twin, name): (u32, &str)| Entrant {
        name: name.to_owned(),
        json: format!("{{\"item\":\"{name}\"}}").into(),
        twin,
    };
    let items = (0..).zip(["a", "b", "c"]).map(entrant).collect();
    Entrants { group: "g".to_owned(), items, rows: vec![0, 1, 2], scores: Vec::new() }
}

fn outcome(silent: &'static str, settings: &PlaySettings) -> Result<GroupOutcome, JudgeError> {
    let mut judge = Sided { silent, ready: Vec::new() };
    match play(&[group()], settings, &mut judge, None, &mut |_| true)? {
        Ending::Over(mut outcomes) => Ok(outcomes.groups.remove(0)),
        Ending::Stopped(progress) => panic!("{progress:?}"),
    }
}

/// The scores of each match that has a result.
fn scores(outcome: &GroupOutcome) -> Vec<[f64; 2]> {
    outcome.history.played().map(|played| played.result.scores).collect()
}

#[test]
fn a_match_with_an_answer_in_one_order_only_has_none() {
    let settings = PlaySettings::new("round-robin");
    let found = outcome("b", &settings).unwrap();
    // The third item meets the first last, and on the left.
    assert_eq!((found.unanswered, scores(&found)), (2, vec![[16.0, 12.0]]));
    let tied = outcome("b", &PlaySettings { on_failure: OnFailure::Tie, ..settings.clone() }).unwrap();
    // Ties at the mean of the judge's scores.
    assert_eq!((tied.unanswered, scores(&tied)), (2, vec![[14.0; 2], [14.0; 2], [16.0, 12.0]]));
    let aborted = outcome("b", &PlaySettings { on_failure: OnFailure::Abort, ..settings });
    assert!(matches!(aborted, Err(JudgeError::Unanswered { .. })), "{aborted:?}");
}

#[test]
fn published_rules_take_five_for_an_order_without_an_answer() {
    let mut settings = PlaySettings::new("round-robin");
    settings.settings.set("rules", "arenarl");
    let found = outcome("b", &settings).unwrap();
    assert_eq!((found.unanswered, scores(&found)), (0, vec![[11.0, 13.0], [12.0, 16.0], [11.0, 13.0]]));
}

#[test]
fn a_judge_that_answers_nothing_is_an_error() {
    for on_failure in [OnFailure::Mask, OnFailure::Tie] {
        let error = outcome("everybody", &PlaySettings { on_failure, ..PlaySettings::new("swiss") }).unwrap_err();
        assert!(error.is_failure() && error.to_string().contains("none of 4 questions; the first: silence"), "{error}");
    }
}
