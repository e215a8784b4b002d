//! Files as arenas and benchmarks publish them: what their columns are called and what their rows say.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::columns::Header;
use super::options::ColumnNames;

/// A kind of published file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Votes of the Chatbot Arena: `model_a model_b winner`, `conv_metadata`, `category_tag`.
    Lmarena,
    /// The 55,000 votes of the Kaggle competition: `winner_model_a winner_model_b winner_tie`.
    #[serde(rename = "lmsys-55k")]
    Lmsys55k,
    /// Judgments of Arena-Hard-Auto: `uid model judge games`, against a baseline that has no name there.
    ArenaHard,
    /// Annotations of `AlpacaEval`: `generator_1 generator_2 preference`.
    AlpacaEval,
    /// Pairwise judgments of MT-Bench: `model_1 model_2 g1_winner g2_winner`.
    MtBench,
    /// Votes of compar:IA: `model_a_name model_b_name chosen_model_name both_equal`.
    Comparia,
    /// Comparisons for the command of evalica: `left right winner`.
    Evalica,
    /// Pairwise results of `WildBench`: `model_A model_B parsed_result.choice`.
    Wildbench,
    /// Results of the R package pairwiseLLM: `ID1 ID2 better_id`.
    #[serde(rename = "pairwisellm")]
    PairwiseLlm,
}

/// Where a file says what came of a comparison.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verdicts {
    /// In words, like any log.
    Words(&'static str),
    /// In three columns of which one is set: left, right, tie.
    OneHot([&'static str; 3]),
    /// As a number from 1 for the left item to 2 for the right one.
    Preference(&'static str),
    /// In two games with exchanged sides, of which the baseline is on the left in the first.
    Games([&'static str; 2]),
    /// In two verdicts that count if they agree and are a tie if they don't.
    Agreement([&'static str; 2]),
    /// By the name of the better item, and perhaps in a column that is set for a tie.
    Chosen(&'static str, Option<&'static str>),
    /// By `left`, `right` or `tie`, where any other word is no verdict.
    Sides(&'static str),
}

/// What the files of a dialect look like.
#[derive(Debug)]
pub(super) struct Shape {
    /// The columns without which a file is none of these.
    needs: &'static [&'static str],
    /// The columns of which such a file has one, if there are any such.
    needs_one: &'static [&'static str],
    /// The left item's column. The baseline has none.
    pub(super) left: Option<&'static str>,
    pub(super) right: &'static str,
    pub(super) verdicts: Verdicts,
    /// The first of these that is there is the task; else the usual names are looked for.
    tasks: &'static [&'static str],
    judges: &'static [&'static str],
    /// The weight of a strong grade.
    pub(super) strong_weight: f64,
    /// What is taken for what.
    about: &'static str,
}

const PLAIN: Shape = Shape {
    needs: &[],
    needs_one: &[],
    left: None,
    right: "",
    verdicts: Verdicts::Words("winner"),
    tasks: &[],
    judges: &[],
    strong_weight: 1.0,
    about: "",
};

const LMARENA: Shape = Shape {
    needs: &["model_a", "model_b", "winner"],
    needs_one: &["conv_metadata", "category_tag", "evaluation_session_id"],
    left: Some("model_a"),
    right: "model_b",
    tasks: &["evaluation_session_id"],
    judges: &["judge_hash"],
    about: "model_a, model_b; winner in words (both_bad is a tie unless --both-bad drop); task evaluation_session_id or \
            question_id; judge judge_hash or judge; columns inside of conv_metadata and category_tag by dotted path",
    ..PLAIN
};

const LMSYS_55K: Shape = Shape {
    needs: &["model_a", "model_b", "winner_model_a", "winner_model_b", "winner_tie"],
    left: Some("model_a"),
    right: "model_b",
    verdicts: Verdicts::OneHot(["winner_model_a", "winner_model_b", "winner_tie"]),
    about: "model_a, model_b; the one of winner_model_a, winner_model_b and winner_tie that is 1",
    ..PLAIN
};

const ARENA_HARD: Shape = Shape {
    needs: &["model", "judge", "games"],
    right: "model",
    verdicts: Verdicts::Games(["games[0].score", "games[1].score"]),
    tasks: &["uid", "question_id"],
    strong_weight: 3.0,
    about: "two comparisons a row: in games[0] the baseline is side A against model, in games[1] the sides are exchanged; \
            A>>B and B>>A weigh 3 unless --strong-weight; a row with a game that has no score is left out; the baseline, \
            which the file does not name, is `baseline`, or NAME with --from arena-hard:NAME; task uid or question_id",
    ..PLAIN
};

const ALPACA_EVAL: Shape = Shape {
    needs: &["generator_1", "generator_2", "preference"],
    left: Some("generator_1"),
    right: "generator_2",
    verdicts: Verdicts::Preference("preference"),
    tasks: &["instruction"],
    judges: &["annotator"],
    about: "generator_1, generator_2; preference from 1 (the first) to 2 (the second), where the second's share is \
            preference - 1, and 0 is a tie; a row without one is left out; task instruction; judge annotator",
    ..PLAIN
};

const MT_BENCH: Shape = Shape {
    needs: &["model_1", "model_2", "g1_winner", "g2_winner"],
    left: Some("model_1"),
    right: "model_2",
    verdicts: Verdicts::Agreement(["g1_winner", "g2_winner"]),
    tasks: &["question_id"],
    judges: &["judge[0]", "judge"],
    about: "model_1, model_2; the winner on whom g1_winner and g2_winner agree, and a tie if they don't; a row with an \
            error is left out; task question_id; judge judge[0]",
    ..PLAIN
};

const COMPARIA: Shape = Shape {
    needs: &["model_a_name", "model_b_name", "chosen_model_name"],
    left: Some("model_a_name"),
    right: "model_b_name",
    verdicts: Verdicts::Chosen("chosen_model_name", Some("both_equal")),
    tasks: &["conversation_pair_id"],
    judges: &["visitor_id", "session_hash"],
    about: "model_a_name, model_b_name; a tie where both_equal is true, else the one named in chosen_model_name; a row \
            with neither is left out; task conversation_pair_id; judge visitor_id or session_hash",
    ..PLAIN
};

const EVALICA: Shape = Shape {
    needs: &["left", "right", "winner"],
    left: Some("left"),
    right: "right",
    verdicts: Verdicts::Sides("winner"),
    about: "left, right; winner left, right or tie; a row with any other word is left out, as evalica does",
    ..PLAIN
};

const WILDBENCH: Shape = Shape {
    needs: &["model_A", "model_B", "parsed_result.choice"],
    left: Some("model_A"),
    right: "model_B",
    verdicts: Verdicts::Words("parsed_result.choice"),
    tasks: &["session_id"],
    about: "model_A, model_B; parsed_result.choice A++, A+, A=B, B+ or B++ (--strong-weight for A++ and B++); task session_id",
    ..PLAIN
};

const PAIRWISE_LLM: Shape = Shape {
    needs: &["ID1", "ID2", "better_id"],
    left: Some("ID1"),
    right: "ID2",
    verdicts: Verdicts::Chosen("better_id", None),
    about: "ID1, ID2; better_id names the better one; a row without it is left out",
    ..PLAIN
};

impl Dialect {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Lmarena,
        Self::Lmsys55k,
        Self::ArenaHard,
        Self::AlpacaEval,
        Self::MtBench,
        Self::Comparia,
        Self::Evalica,
        Self::Wildbench,
        Self::PairwiseLlm,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lmarena => "lmarena",
            Self::Lmsys55k => "lmsys-55k",
            Self::ArenaHard => "arena-hard",
            Self::AlpacaEval => "alpaca-eval",
            Self::MtBench => "mt-bench",
            Self::Comparia => "comparia",
            Self::Evalica => "evalica",
            Self::Wildbench => "wildbench",
            Self::PairwiseLlm => "pairwisellm",
        }
    }

    /// What is taken for what, in one line.
    pub fn about(self) -> &'static str {
        self.shape().about
    }

    pub(super) fn shape(self) -> &'static Shape {
        match self {
            Self::Lmarena => &LMARENA,
            Self::Lmsys55k => &LMSYS_55K,
            Self::ArenaHard => &ARENA_HARD,
            Self::AlpacaEval => &ALPACA_EVAL,
            Self::MtBench => &MT_BENCH,
            Self::Comparia => &COMPARIA,
            Self::Evalica => &EVALICA,
            Self::Wildbench => &WILDBENCH,
            Self::PairwiseLlm => &PAIRWISE_LLM,
        }
    }

    /// The only dialect whose columns the header has, if there is one. A file for evalica looks like any
    /// other log and is never taken for one.
    pub(super) fn guess(header: &Header) -> Option<Self> {
        let fits = |dialect: &Self| *dialect != Self::Evalica && dialect.shape().fits(header);
        let mut fitting = Self::ALL.into_iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

impl Shape {
    fn fits(&self, header: &Header) -> bool {
        let has = |name: &&str| has_column(header, name);
        self.needs.iter().all(has) && (self.needs_one.is_empty() || self.needs_one.iter().any(has))
    }

    /// The names that the user gave and those of the dialect, as far as nothing else was named.
    pub(super) fn names(&self, given: &ColumnNames, header: &Header) -> ColumnNames {
        let first = |names: &[&str]| names.iter().find(|name| header.has(name)).map(|&name| name.to_owned());
        let mut names = given.clone();
        names.left = names.left.or(self.left.map(str::to_owned));
        names.right = names.right.or(Some(self.right.to_owned()));
        names.task = names.task.or_else(|| first(self.tasks));
        names.judge = names.judge.or_else(|| first(self.judges));
        if let Verdicts::Words(outcome) = self.verdicts {
            names.winner = names.winner.or(Some(outcome.to_owned()));
        }
        names
    }
}

/// Whether the header has a column of that name, or columns inside of one.
fn has_column(header: &Header, name: &str) -> bool {
    let inside = |column: &String| column.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
    header.has(name) || header.columns().any(inside)
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| format!("there is no dialect {name:?}; there are: {}", known()))
    }
}
