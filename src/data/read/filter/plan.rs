//! Conditions in the columns of one file.

use std::sync::{Mutex, PoisonError};

use super::super::super::filter::{BoardRows, Filters, Node, Question, Value};
use super::super::error::ReadError;
use super::super::fields::{ScoreField, number, score};
use super::Memory;

/// Where the filters and boards of a log find what they ask for in one file.
#[derive(Debug, Default)]
pub(in super::super) struct RowPlan {
    /// The columns that conditions ask about.
    pub(in super::super) asked: Vec<Asked>,
    conditions: Vec<Tree>,
    pub(super) boards: Vec<Tree>,
    /// Words of bits that a row has.
    pub(super) words: usize,
    bits: u32,
    pub(in super::super) period: Option<Period>,
    /// The columns in which rows must not be alike.
    pub(in super::super) dedupe: Vec<usize>,
    /// The columns with a cap on the rows of one value.
    pub(in super::super) caps: Vec<usize>,
    /// Columns that no header named, for later objects may have them where the first has not.
    pub(in super::super) unnamed: Vec<Unnamed>,
    /// What was learnt in blocks that are done.
    memories: Mutex<Vec<Memory>>,
}

/// A column that is taken on trust, until the end of the file shows that it is nowhere.
#[derive(Debug, Clone)]
pub(in super::super) struct Unnamed {
    pub(in super::super) column: usize,
    /// What it is called, and who asks for it.
    pub(in super::super) wanted: String,
    /// The columns that there are at first.
    pub(in super::super) found: String,
}

/// The time in which rows count.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Period {
    pub(in super::super) column: usize,
    pub(in super::super) since: Option<f64>,
    pub(in super::super) until: Option<f64>,
    /// Whether a bound is a date.
    pub(in super::super) has_dates: bool,
}

impl Period {
    /// Of bounds that are dates where one is between 1973 and 5138: smaller numbers count something else, and larger
    /// ones are no seconds.
    pub(in super::super) fn new(column: usize, since: Option<f64>, until: Option<f64>) -> Self {
        const DATES: std::ops::Range<f64> = 1e8..MOST_SECONDS;
        let has_dates = since.into_iter().chain(until).any(|bound| DATES.contains(&bound));
        Self { column, since, until, has_dates }
    }

    /// Which of the two ends leaves a time out, counting only those there are.
    pub(in super::super) fn leaves_out(&self, time: f64) -> Option<usize> {
        if self.since.is_some_and(|since| time < since) {
            return Some(0);
        }
        self.until.is_some_and(|until| time >= until).then_some(usize::from(self.since.is_some()))
    }

    /// Whether a time is no date though the bounds are, as where it counts milliseconds.
    pub(in super::super) fn is_odd(&self, time: f64) -> bool {
        self.has_dates && time >= MOST_SECONDS
    }
}

/// In seconds since 1970 this is the year 5138.
const MOST_SECONDS: f64 = 1e11;

/// A column that conditions ask about.
#[derive(Debug)]
pub(in super::super) struct Asked {
    pub(in super::super) column: usize,
    /// What is asked, and the bit of the answer.
    questions: Vec<(u32, Question)>,
    /// The bit that says that a number is asked for and there is none.
    doubt: Option<u32>,
    /// What whole numbers answer, where only the order of numbers is asked for.
    pub(super) bounds: Option<Bounds>,
}

/// A condition on bits.
#[derive(Debug)]
pub(super) enum Tree {
    Always(bool),
    Bit(u32),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// Finds columns by name. The second text says who asks.
pub(in super::super) type FindColumn<'f> = dyn FnMut(&str, &str) -> Result<usize, ReadError> + 'f;

impl RowPlan {
    /// The plan for a file whose columns `find` finds. Period, duplicates and caps are set by the caller.
    pub(in super::super) fn new(
        filters: &Filters,
        boards: &[BoardRows],
        find: &mut FindColumn<'_>,
    ) -> Result<Self, ReadError> {
        let mut plan = Self::default();
        for condition in &filters.conditions {
            let tree = plan.tree(condition.root(), &format!("--where '{condition}'"), find)?;
            plan.conditions.push(tree);
        }
        for BoardRows { name, condition } in boards {
            let tree = plan.tree(condition.root(), &format!("--board {name}='{condition}'"), find)?;
            plan.boards.push(tree);
        }
        for asked in &mut plan.asked {
            if asked.questions.iter().any(|(_, question)| matches!(question, Question::Number(..))) {
                asked.doubt = Some(plan.bits);
                plan.bits += 1;
            }
        }
        plan.words = plan.bits.div_ceil(u64::BITS) as usize;
        for asked in &mut plan.asked {
            asked.bounds = Bounds::of(asked, plan.words);
        }
        Ok(plan)
    }

    fn tree(&mut self, node: &Node, who: &str, find: &mut FindColumn<'_>) -> Result<Tree, ReadError> {
        let mut all = |parts: &[Node]| parts.iter().map(|part| self.tree(part, who, find)).collect::<Result<_, _>>();
        Ok(match node {
            Node::Always(truth) => Tree::Always(*truth),
            Node::All(parts) => Tree::All(all(parts)?),
            Node::Any(parts) => Tree::Any(all(parts)?),
            Node::Not(inner) => Tree::Not(Box::new(self.tree(inner, who, find)?)),
            Node::Test(test) => {
                let column = find(&test.column, who)?;
                Tree::Bit(self.bit(column, &test.question))
            }
        })
    }

    /// The bit of the answer to a question, which may have been asked before.
    fn bit(&mut self, column: usize, question: &Question) -> u32 {
        let place = self.asked.iter().position(|asked| asked.column == column).unwrap_or_else(|| {
            self.asked.push(Asked { column, questions: Vec::new(), doubt: None, bounds: None });
            self.asked.len() - 1
        });
        let questions = &mut self.asked[place].questions;
        if let Some((bit, _)) = questions.iter().find(|(_, known)| known == question) {
            return *bit;
        }
        questions.push((self.bits, question.clone()));
        self.bits += 1;
        self.bits - 1
    }

    /// What was learnt in a block that is done, if no other block has it.
    pub(super) fn memory(&self) -> Option<Memory> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps what was learnt in a block for another.
    pub(super) fn keep(&self, memory: Memory) {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    /// Words of bits that a set of boards has.
    pub(super) fn mask_words(&self) -> usize {
        self.boards.len().div_ceil(u64::BITS as usize)
    }

    /// How many filters there are.
    pub(super) fn steps(&self) -> usize {
        let period = self.period.map_or(0, |it| usize::from(it.since.is_some()) + usize::from(it.until.is_some()));
        self.conditions.len() + period + usize::from(!self.dedupe.is_empty()) + self.caps.len()
    }

    /// The number of the filter that comes behind the conditions.
    pub(in super::super) fn behind_conditions(&self) -> usize {
        self.conditions.len()
    }

    /// Whether filters depend on the rows before.
    pub(in super::super) fn has_late_filters(&self) -> bool {
        !(self.dedupe.is_empty() && self.caps.is_empty())
    }

    /// Which columns the plan needs.
    pub(in super::super) fn columns(&self) -> impl Iterator<Item = usize> {
        let asked = self.asked.iter().map(|asked| asked.column).chain(self.period.map(|period| period.column));
        asked.chain(self.dedupe.iter().copied()).chain(self.caps.iter().copied())
    }

    /// The first condition that does not hold.
    pub(super) fn failed(&self, row: &[u64]) -> Option<u32> {
        self.conditions.iter().position(|condition| !condition.holds(row)).map(|step| step as u32)
    }

    /// The boards that rows with these bits are on.
    pub(super) fn mask(&self, row: &[u64]) -> Vec<u64> {
        let mut mask = vec![0; self.mask_words()];
        for (board, _) in self.boards.iter().enumerate().filter(|(_, condition)| condition.holds(row)) {
            set(&mut mask, board as u32);
        }
        mask
    }

    pub(super) fn is_doubtful(&self, row: &[u64]) -> bool {
        self.asked.iter().any(|asked| asked.is_doubtful(row))
    }
}

/// The answers of whole numbers to questions about their order: they change at bounds only.
#[derive(Debug)]
pub(super) struct Bounds {
    /// In ascending order.
    bounds: Vec<f64>,
    /// The bits of the numbers below the first bound, at it, between it and the next, and so on.
    bits: Vec<u64>,
}

impl Bounds {
    /// So many bounds are looked at one after another.
    const MOST: usize = 8;

    /// `None` where something else is asked for, or the bits take more than one word.
    fn of(asked: &Asked, words: usize) -> Option<Self> {
        let bound = |(_, question): &(u32, Question)| match question {
            Question::Number(_, bound) => Some(*bound),
            Question::Text(..) | Question::IsOneOf(_) => None,
        };
        let mut bounds: Vec<f64> = asked.questions.iter().map(bound).collect::<Option<_>>()?;
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        if words != 1 || bounds.is_empty() || bounds.len() > Self::MOST {
            return None;
        }
        let inner = bounds.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        let between: Vec<f64> = [f64::NEG_INFINITY].into_iter().chain(inner).chain([f64::INFINITY]).collect();
        let stations = between.iter().zip(bounds.iter().map(Some).chain([None]));
        let stations = stations.flat_map(|(&between, bound)| [Some(between), bound.copied()]).flatten();
        let bits = stations.map(|number| {
            let mut row = [0];
            asked.add_bits(number.to_string().as_bytes(), &mut row);
            row[0]
        });
        Some(Self { bits: bits.collect(), bounds })
    }

    /// The bits of a number.
    #[inline]
    pub(super) fn bits(&self, number: u32) -> u64 {
        let number = f64::from(number);
        let passed = |bound: &f64| usize::from(number >= *bound) + usize::from(number > *bound);
        self.bits[self.bounds.iter().map(passed).sum::<usize>()]
    }
}

impl Tree {
    fn holds(&self, row: &[u64]) -> bool {
        match self {
            Self::Always(truth) => *truth,
            Self::Bit(bit) => get(row, *bit),
            Self::Not(inner) => !inner.holds(row),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
        }
    }
}

fn set(words: &mut [u64], bit: u32) {
    words[(bit / u64::BITS) as usize] |= 1 << (bit % u64::BITS);
}

fn get(words: &[u64], bit: u32) -> bool {
    words[(bit / u64::BITS) as usize] >> (bit % u64::BITS) & 1 == 1
}

impl Asked {
    pub(super) fn is_doubtful(&self, row: &[u64]) -> bool {
        self.doubt.is_some_and(|bit| get(row, bit))
    }

    /// Adds the bits of a value, which is empty where there is none.
    pub(super) fn add_bits(&self, value: &[u8], row: &mut [u64]) {
        for (bit, question) in &self.questions {
            let holds = match question {
                Question::IsOneOf(values) => values.iter().any(|wanted| is(value, wanted)),
                Question::Text(order, text) => !value.is_empty() && order.holds(Some(value.cmp(text.as_bytes()))),
                Question::Number(order, bound) => order.holds(number(value).and_then(|it| it.partial_cmp(bound))),
            };
            if holds {
                set(row, *bit);
            }
        }
        if let Some(bit) = self.doubt.filter(|_| score(value) == ScoreField::Other) {
            set(row, bit);
        }
    }
}

#[expect(clippy::float_cmp, reason = "a number is the same by its value")]
fn is(value: &[u8], wanted: &Value) -> bool {
    match wanted {
        Value::Text(text) => value == text.as_bytes(),
        Value::Number(wanted) => number(value).is_some_and(|number| number == *wanted),
        Value::Truth(wanted) => truth(value) == Some(*wanted),
        Value::Missing => value.is_empty(),
    }
}

/// What is true or false, as programs write it.
fn truth(value: &[u8]) -> Option<bool> {
    let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
    let number = number(value);
    match () {
        () if is("true") || number == Some(1.0) => Some(true),
        () if is("false") || number == Some(0.0) => Some(false),
        () => None,
    }
}
