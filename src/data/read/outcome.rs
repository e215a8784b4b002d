//! Outcome words.

use super::super::{CODE_LEFT, CODE_TIE, Outcome};

/// What a word says about a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// One comparison with this outcome.
    Plain(Outcome),
    /// One comparison with this outcome and the weight of a strong grade.
    Strong(Outcome),
    /// Both items are bad.
    BothBad,
}

const LEFT: Verdict = Verdict::Plain(Outcome::Left);
const RIGHT: Verdict = Verdict::Plain(Outcome::Right);
const TIE: Verdict = Verdict::Plain(Outcome::Tie);

/// Words that are not numbers, in lower case.
const WORDS: [(&str, Verdict); 29] = [
    ("model_a", LEFT),
    ("a", LEFT),
    ("left", LEFT),
    ("win", LEFT),
    ("a>b", LEFT),
    ("b<a", LEFT),
    ("a+", LEFT),
    ("model_b", RIGHT),
    ("b", RIGHT),
    ("right", RIGHT),
    ("loss", RIGHT),
    ("b>a", RIGHT),
    ("a<b", RIGHT),
    ("b+", RIGHT),
    ("tie", TIE),
    ("draw", TIE),
    ("a=b", TIE),
    ("b=a", TIE),
    ("tie (bothbad)", Verdict::BothBad),
    ("both_bad", Verdict::BothBad),
    ("a>>b", Verdict::Strong(Outcome::Left)),
    ("b<<a", Verdict::Strong(Outcome::Left)),
    ("a++", Verdict::Strong(Outcome::Left)),
    ("b>>a", Verdict::Strong(Outcome::Right)),
    ("a<<b", Verdict::Strong(Outcome::Right)),
    ("b++", Verdict::Strong(Outcome::Right)),
    ("1", LEFT),
    ("0", RIGHT),
    ("0.5", TIE),
];

/// The code of the outcome that one of the usual words says. Which side it is, no branch depends
/// on: in a log of close comparisons it could not be predicted.
#[inline]
pub(super) fn usual(word: &[u8]) -> Option<u8> {
    match word {
        [b'm', b'o', b'd', b'e', b'l', b'_', side @ (b'a' | b'b')] => Some((b'b' - side) * CODE_LEFT),
        b"tie" => Some(CODE_TIE),
        _ => None,
    }
}

/// What `word` says, if it is an outcome word or the left's share. Spaces around it are allowed.
pub(crate) fn verdict(word: &[u8]) -> Option<Verdict> {
    let word = word.trim_ascii();
    let known = WORDS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word));
    known.map(|&(_, verdict)| verdict).or_else(|| share(word).map(Verdict::Plain))
}

/// A number from 0 to 1; `inf` and its like are not numbers here.
fn share(word: &[u8]) -> Option<Outcome> {
    let numeric = matches!(word.first(), Some(b'0'..=b'9' | b'.' | b'+' | b'-'));
    let text = numeric.then(|| std::str::from_utf8(word).ok()).flatten()?;
    text.parse().ok().and_then(Outcome::from_share)
}

#[cfg(test)]
mod tests {
    use super::super::super::CODE_RIGHT;
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_numbers_by_value() {
        for word in ["model_a", "MODEL_A", " a ", "Left", "win", "1", "1.0", "1e0", "+1", "A>B", "b<a", "A+"] {
            assert_eq!(verdict(word.as_bytes()), Some(LEFT), "{word}");
        }
        for word in ["model_b", "B", "right", "Loss", "0", "0.0", "-0", "b>A", "a<b", "B+"] {
            assert_eq!(verdict(word.as_bytes()), Some(RIGHT), "{word}");
        }
        for word in ["tie", "Draw", "0.5", ".5", "5e-1", "A=B", "b=a"] {
            assert_eq!(verdict(word.as_bytes()), Some(TIE), "{word}");
        }
        assert_eq!(verdict(b"0.25"), Some(Verdict::Plain(Outcome::Share(0.25))));
        assert_eq!(verdict(b"tie (bothbad)"), Some(Verdict::BothBad));
        assert_eq!(verdict(b"Both_Bad"), Some(Verdict::BothBad));
    }

    #[test]
    fn usual_words_have_the_codes_of_their_outcomes() {
        let code = |word: &str| usual(word.as_bytes());
        assert_eq!(
            (code("model_a"), code("model_b"), code("tie")),
            (Some(CODE_LEFT), Some(CODE_RIGHT), Some(CODE_TIE))
        );
        assert_eq!((code("model_c"), code("Tie"), code("")), (None, None, None));
    }

    #[test]
    fn strong_grades_are_told_from_weak_ones() {
        for word in ["a>>b", "B<<A", "A++"] {
            assert_eq!(verdict(word.as_bytes()), Some(Verdict::Strong(Outcome::Left)), "{word}");
        }
        for word in ["b>>a", "A<<B", "B++"] {
            assert_eq!(verdict(word.as_bytes()), Some(Verdict::Strong(Outcome::Right)), "{word}");
        }
    }

    #[test]
    fn other_words_say_nothing() {
        for word in ["", " ", "c", "a>>>b", "1.5", "-0.1", "nan", "inf", "0x1", "+", "-", "model_c", "\u{ff11}"] {
            assert_eq!(verdict(word.as_bytes()), None, "{word}");
        }
    }
}
