//! What a judge says, and how the answers of a match become its result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::question::{Key, Question};
use crate::advantages::sum_of_orders;
use crate::data::Outcome;
use crate::data::read::{Verdict, verdict};
use crate::tournaments::{MatchResult, Rules};

/// What one call says of the item that was shown first and of the other one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgment {
    /// A score for each.
    Scores([f64; 2]),
    /// The first one's share: 1 for a win, one half for a tie; in grades three quarters for a slight win.
    Share(f64),
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it says.
    #[serde(flatten)]
    pub judgment: Judgment,
    /// What the call used, such as tokens, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, f64>,
    /// What it cost, if the judge told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// How often it was asked before the answer came, the last time included.
    pub tries: u32,
    /// Whether it was found under the other order, and exchanged: the order of showing says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mirrored: bool,
}

/// A line of a judge.
#[derive(Debug)]
pub(super) enum Said {
    /// It has no id, or is no object.
    Garbage,
    /// An answer, or what is wrong with it.
    Answer(String, Map<String, Value>),
}

impl Judgment {
    /// The same judgment with the items exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Scores([first, second]) => Self::Scores([second, first]),
            Self::Share(share) => Self::Share(1.0 - share),
        }
    }

    /// Who is better, seen from the item that was shown first.
    pub fn outcome(self) -> Outcome {
        let [first, second] = self.scores();
        MatchResult::from_scores(first, second, 0.0).outcome
    }

    fn scores(self) -> [f64; 2] {
        match self {
            Self::Scores(scores) => scores,
            Self::Share(share) => [share, 1.0 - share],
        }
    }

    /// As a verdict: 1, one half or 0, or the share that it says.
    fn as_verdict(self) -> [f64; 2] {
        match self {
            Self::Share(_) => self.scores(),
            Self::Scores(_) => {
                let share = self.outcome().share();
                [share, 1.0 - share]
            }
        }
    }
}

impl Answer {
    /// An answer that was asked for once and tells nothing else.
    pub fn new(judgment: Judgment) -> Self {
        Self { judgment, usage: BTreeMap::new(), cost: None, tries: 1, mirrored: false }
    }

    /// Reads the answer that a judge's object gives to a question: `scores`, else `grade`, else `winner`.
    ///
    /// # Errors
    /// In words, what is wrong with it, or the error that it tells.
    pub(super) fn read(object: &Map<String, Value>, names: [&str; 2]) -> Result<Self, String> {
        let given = |key: &str| object.get(key).filter(|value| !value.is_null());
        if let Some(error) = given("error") {
            return Err(format!("the judge told an error: {}", shown(error)));
        }
        let judgment = if let Some(scores) = given("scores") {
            Judgment::Scores(scores_of(scores)?)
        } else if let Some(grade) = given("grade") {
            Judgment::Share(grade_of(grade)?)
        } else if let Some(winner) = given("winner") {
            Judgment::Share(winner_of(winner, names)?)
        } else {
            return Err("the answer has no `winner`, `scores`, `grade` or `error`".to_owned());
        };
        let mut usage = BTreeMap::new();
        if let Some(Value::Object(parts)) = given("usage") {
            add_usage(&mut usage, "", parts);
        }
        let cost = given("cost").and_then(Value::as_f64).filter(|cost| cost.abs() <= LARGEST);
        Ok(Self { usage, cost, ..Self::new(judgment) })
    }
}

impl Said {
    /// Reads a line; the empty ones say nothing.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let object: Option<Map<String, Value>> = serde_json::from_slice(line).ok();
        let Some(object) = object else { return Some(Self::Garbage) };
        Some(match object.get("id").and_then(Value::as_str) {
            Some(id) => Self::Answer(id.to_owned(), object),
            None => Self::Garbage,
        })
    }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() > 200 { text.chars().take(200).chain(['…']).collect() } else { text }
}

/// Numbers of a judge beyond this, of either sign, are taken for mistakes: sums of them would be infinite.
const LARGEST: f64 = 1e100;

fn scores_of(value: &Value) -> Result<[f64; 2], String> {
    let scores: Option<Vec<f64>> = value.as_array().and_then(|them| them.iter().map(Value::as_f64).collect());
    match scores.as_deref() {
        Some(&[first, second]) if first.abs() <= LARGEST && second.abs() <= LARGEST => Ok([first, second]),
        _ => Err(format!("`scores` is {}, not two numbers from -1e100 to 1e100: [left, right]", shown(value))),
    }
}

/// The first one's share: slight wins are half of strong ones, as `WildBench` counts them.
fn grade_of(value: &Value) -> Result<f64, String> {
    let word = value.as_str().map(str::trim).filter(|word| is_grade(word));
    match word.and_then(|word| verdict(word.as_bytes())) {
        Some(Verdict::Strong(outcome)) => Ok(outcome.share()),
        Some(Verdict::Plain(outcome)) => Ok(f64::midpoint(outcome.share(), 0.5)),
        Some(Verdict::BothBad) | None => {
            Err(format!("`grade` is {}, not one of A>>B, A>B, A=B, B>A, B>>A, A++, A+, B+, B++", shown(value)))
        }
    }
}

/// Whether a word is written like a grade, rather than like a winner: the two letters and signs alone.
fn is_grade(word: &str) -> bool {
    let is_sign = |byte: u8| matches!(byte, b'<' | b'=' | b'>' | b'+');
    word.bytes().any(is_sign) && word.bytes().all(|byte| is_sign(byte) || matches!(byte, b'a' | b'b' | b'A' | b'B'))
}

/// The first one's share. What the protocol names comes first: the sides and the tie, then the items'
/// own names; then the other words of logs, of which numbers are none: nobody knows what they count.
fn winner_of(value: &Value, names: [&str; 2]) -> Result<f64, String> {
    let other = || format!("`winner` is {}, not left, right, tie or an item's name", shown(value));
    let word = match value {
        Value::String(word) => word.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(other()),
    };
    let is = |side: &str| word.trim().eq_ignore_ascii_case(side);
    let by_name: Option<f64> =
        names.iter().position(|name| *name == word).map(|place| if place == 0 { 1.0 } else { 0.0 });
    let side = [("left", 1.0_f64), ("right", 0.0), ("tie", 0.5)].into_iter().find(|(side, _)| is(side));
    match (side.map(|(_, share)| share), by_name) {
        (Some(share), Some(named)) if (share - named).abs() > 0.1 => Err(format!(
            "`winner` is {word:?}, which is also the name of another item than it means; answer with scores"
        )),
        (Some(share), _) | (None, Some(share)) => Ok(share),
        (None, None) if word.trim().parse::<f64>().is_ok() => Err(other()),
        (None, None) => match verdict(word.as_bytes()).ok_or_else(other)? {
            Verdict::Plain(outcome) | Verdict::Strong(outcome) => Ok(outcome.share()),
            Verdict::BothBad => Ok(0.5),
        },
    }
}

/// Numbers by name, those of nested objects with the names of both and a point between.
fn add_usage(usage: &mut BTreeMap<String, f64>, prefix: &str, parts: &Map<String, Value>) {
    for (name, value) in parts {
        let name = format!("{prefix}{name}");
        match value {
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.abs() <= LARGEST);
                *usage.entry(name).or_default() += number.unwrap_or(0.0);
            }
            Value::Object(parts) => add_usage(usage, &format!("{name}."), parts),
            _ => {}
        }
    }
}

/// A match's result from what was said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Combined {
    pub(super) result: MatchResult,
    /// Whether it has the judge's scores, rather than verdicts.
    pub(super) scored: bool,
}

/// The result of a match: `orders` has the judgments of each order in which it was asked, seen from the
/// match's left item, one a repeat; the second order was shown the right item first.
///
/// Scores are averaged over repeats and added over orders; verdicts are averaged over both. Where only some
/// are scores, all count as verdicts. An order without an answer leaves the match without a result, since the
/// other one alone would decide it by the side; under [`Rules::ArenaRl`] it is neutral, as in the published
/// code, and the other one decides.
pub(super) fn combine(orders: &[Vec<Judgment>], margin: f64, rules: Rules) -> Option<Combined> {
    let all = || orders.iter().flatten();
    all().next()?;
    let scored = all().all(|judgment| matches!(judgment, Judgment::Scores(_)));
    let missing = match rules {
        Rules::Standard => None,
        Rules::ArenaRl => Some(if scored { ARENARL_NEUTRAL } else { [0.5; 2] }),
    };
    let mean = |order: &Vec<Judgment>| {
        let scores = order.iter().map(|it| if scored { it.scores() } else { it.as_verdict() });
        let sums = scores.reduce(|sum, scores| [sum[0] + scores[0], sum[1] + scores[1]])?;
        Some(sums.map(|sum| sum / order.len() as f64))
    };
    let means: Vec<[f64; 2]> = orders.iter().map(|order| mean(order).or(missing)).collect::<Option<_>>()?;
    let [left, right] = match *means.as_slice() {
        [given, swapped] => sum_of_orders(given, [swapped[1], swapped[0]]),
        _ => *means.first()?,
    };
    if scored {
        return Some(Combined { result: MatchResult::from_scores(left, right, margin), scored });
    }
    // Verdicts keep the scale of one call.
    let scores = [left, right].map(|sum| sum / means.len() as f64);
    Some(Combined { result: MatchResult { scores, ..MatchResult::from_scores(left, right, 0.0) }, scored })
}

/// What the published code takes for the answer of a call that failed ten times (qqr 8653a9a).
const ARENARL_NEUTRAL: [f64; 2] = [5.0; 2];

/// An answer, or why there is none, to the question of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The key of the question.
    pub key: Key,
    /// The answer, or in words what went wrong.
    pub answer: Result<Answer, Failure>,
}

/// A question that stays without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong the last time, in words.
    pub reason: String,
    /// How often it was asked.
    pub tries: u32,
}

impl Answered {
    /// What a judge that is a function says at once.
    pub(super) fn at_once(question: &Question<'_>, answer: Result<Answer, String>) -> Self {
        Self { key: question.key, answer: answer.map_err(|reason| Failure { reason, tries: 1 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Answer, String> {
        let Some(Said::Answer(_, object)) = Said::read(line.as_bytes()) else { panic!("an object with an id") };
        Answer::read(&object, ["x", "b"])
    }

    fn share(line: &str) -> f64 {
        match read(line).unwrap().judgment {
            Judgment::Share(share) => share,
            Judgment::Scores(scores) => panic!("{scores:?}"),
        }
    }

    #[test]
    fn winners_are_sides_ties_or_names() {
        for (word, expected) in [("left", 1.0), ("x", 1.0), ("right", 0.0), ("b", 0.0), ("tie", 0.5), ("model_a", 1.0)]
        {
            let found = share(&format!("{{\"id\":\"1\",\"winner\":\"{word}\"}}"));
            assert!((found - expected).abs() < 1e-15, "{word}");
        }
        for word in ["0.7", "1", "nobody"] {
            assert!(read(&format!("{{\"id\":\"1\",\"winner\":\"{word}\"}}")).is_err(), "{word}");
            assert!(read(&format!("{{\"id\":\"1\",\"winner\":[\"{word}\"]}}")).is_err(), "{word}");
        }
    }

    #[test]
    fn names_of_items_come_before_words_of_logs() {
        let winner = |word: &str, names: [&str; 2]| winner_of(&Value::from(word), names);
        for names in [["b", "a"], ["model_b", "model_a"], ["loss", "win"], ["0", "1"], ["0.2", "0.7"]] {
            assert_eq!(names.map(|name| winner(name, names)), [Ok(1.0), Ok(0.0)], "{names:?}");
        }
        assert_eq!(winner_of(&Value::from(1), ["0", "1"]), Ok(0.0));
        assert_eq!(winner("LEFT", ["left", "x"]), Ok(1.0));
        assert!(winner("left", ["x", "left"]).unwrap_err().contains("also the name"));
    }

    #[test]
    fn huge_scores_and_grades_that_are_none_are_bad_answers() {
        for line in [r#""scores":[1e308,1]"#, r#""scores":[1,-1e101]"#, r#""grade":"left""#, r#""grade":"0.9""#] {
            assert!(read(&format!("{{\"id\":\"1\",{line}}}")).is_err(), "{line}");
        }
        assert!(read(r#"{"id":"1","scores":[1e100,-1e100]}"#).is_ok());
    }

    #[test]
    fn slight_grades_are_half_of_strong_ones() {
        let found = ["A>>B", "A>B", "A=B", "B>A", "B>>A", "A++", "A+", "B+", "B++"]
            .map(|grade| share(&format!("{{\"id\":\"\",\"grade\":\"{grade}\"}}")));
        let quarters = found.map(|share| (share * 4.0) as u8);
        assert_eq!(quarters, [4, 3, 2, 1, 0, 4, 3, 1, 0]);
    }

    #[test]
    fn usage_is_flattened_and_bad_answers_say_why() {
        let line = r#"{"id":"","scores":[7.5,3],"usage":{"in":3,"more":{"cached":2,"x":null}},"cost":0.5}"#;
        let answer = read(line).unwrap();
        assert_eq!(answer.usage, [("in".to_owned(), 3.0), ("more.cached".to_owned(), 2.0)].into());
        assert_eq!((answer.judgment, answer.cost), (Judgment::Scores([7.5, 3.0]), Some(0.5)));
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
        for line in
            [r#"{"id":"","scores":[1]}"#, r#"{"id":"","winner":"c"}"#, r#"{"id":""}"#, r#"{"id":"","grade":"C"}"#]
        {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(read(r#"{"id":"","error":"quota","winner":"left"}"#).unwrap_err().contains("quota"));
    }

    use Judgment::{Scores, Share};

    fn combined(orders: &[Vec<Judgment>]) -> MatchResult {
        combine(orders, 0.0, Rules::Standard).unwrap().result
    }

    #[test]
    fn scores_of_both_orders_are_added_and_a_judge_of_places_ties() {
        // The judge gives 7.3 to the first and 5.1 to the second, whoever they are.
        let result = combined(&[vec![Scores([7.3, 5.1])], vec![Scores([5.1, 7.3])]]);
        assert_eq!((result.outcome, result.scores), (Outcome::Tie, [12.399_999_999_999_999; 2]));
        let close = combine(&[vec![Scores([7.0, 6.5])]], 0.5, Rules::Standard).unwrap().result;
        assert_eq!((close.outcome, close.scores), (Outcome::Tie, [7.0, 6.5]));
    }

    #[test]
    fn verdicts_that_disagree_are_a_tie() {
        assert_eq!(combined(&[vec![Share(1.0)], vec![Share(0.0)]]), MatchResult::TIE);
        assert_eq!(combined(&[vec![Share(1.0)], vec![Share(1.0)]]), MatchResult::LEFT);
        let graded = combined(&[vec![Share(1.0)], vec![Share(0.25)]]);
        assert_eq!((graded.outcome, graded.scores), (Outcome::Left, [0.625, 0.375]));
    }

    #[test]
    fn one_order_of_two_decides_nothing() {
        for orders in [[vec![Scores([8.0, 6.0])], vec![]], [vec![], vec![Share(0.0); 2]], [vec![], vec![]]] {
            assert_eq!(combine(&orders, 0.0, Rules::Standard), None, "{orders:?}");
        }
        let repeats = combined(&[vec![Scores([8.0, 6.0])], vec![Scores([6.0, 6.0]), Scores([8.0, 7.0])]]);
        assert_eq!((repeats.outcome, repeats.scores), (Outcome::Left, [15.0, 12.5]));
        assert_eq!(combined(&[vec![Share(0.0)]]), MatchResult::RIGHT);
    }

    #[test]
    fn a_missing_order_is_neutral_in_published_code() {
        let arenarl = |orders: &[Vec<Judgment>]| combine(orders, 0.0, Rules::ArenaRl).map(|it| it.result);
        let result = arenarl(&[vec![Scores([8.0, 6.0])], vec![]]).unwrap();
        assert_eq!((result.outcome, result.scores), (Outcome::Left, [13.0, 11.0]));
        let result = arenarl(&[vec![], vec![Share(0.0)]]).unwrap();
        assert_eq!((result.outcome, result.scores), (Outcome::Right, [0.25, 0.75]));
        assert_eq!(arenarl(&[vec![], vec![]]), None);
    }

    #[test]
    fn mixed_answers_count_as_verdicts() {
        let result = combined(&[vec![Scores([8.0, 6.0])], vec![Share(0.5)]]);
        assert_eq!((result.outcome, result.scores), (Outcome::Left, [0.75, 0.25]));
    }
}
