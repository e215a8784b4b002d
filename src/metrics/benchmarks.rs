//! What leaderboards and reward benchmarks measure of themselves: separability, agreement with confidence,
//! and the score of ties.

/// A confidence interval, low end first.
pub type Interval = [f64; 2];

/// Whether the first is wholly above the second, or below it; `None` where they overlap.
fn is_above(first: Interval, second: Interval) -> Option<bool> {
    if first[0] > second[1] {
        return Some(true);
    }
    (first[1] < second[0]).then_some(false)
}

fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
}

/// The share of pairs of models whose intervals don't overlap; `None` of fewer than two models. O(n²).
///
/// # Source
/// Li and others 2024 (Arena-Hard).
pub fn separability(intervals: &[Interval]) -> Option<f64> {
    let all = pairs(intervals.len()).count();
    let apart = pairs(intervals.len()).filter(|&(i, j)| is_above(intervals[i], intervals[j]).is_some()).count();
    (all > 0).then(|| apart as f64 / all as f64)
}

/// How a benchmark agrees with an arena where the arena is sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidentAgreement {
    /// The mean over the pairs: 1 for the same order, a half where the benchmark's intervals overlap, 0 for
    /// the opposite order.
    pub agreement: f64,
    /// How many pairs of models have arena intervals that don't overlap.
    pub pairs: usize,
}

/// Agreement with confidence; `None` where the arena separates no pair. O(n²).
///
/// # Source
/// Li and others 2024 (Arena-Hard), in the form of their script.
///
/// # Panics
/// If the two have not the same length.
pub fn agreement_with_confidence(benchmark: &[Interval], arena: &[Interval]) -> Option<ConfidentAgreement> {
    assert_eq!(benchmark.len(), arena.len(), "one interval a model in both");
    let (mut sum, mut count) = (0.0, 0);
    for (i, j) in pairs(arena.len()) {
        if let Some(above) = is_above(arena[i], arena[j]) {
            count += 1;
            sum += is_above(benchmark[i], benchmark[j]).map_or(0.5, |found| f64::from(u8::from(found == above)));
        }
    }
    (count > 0).then(|| ConfidentAgreement { agreement: sum / count as f64, pairs: count })
}

/// A prompt with several correct answers, and the same prompt with one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TiesPrompt<'a> {
    /// Scores of the reference prompt: its correct answer first, then wrong ones.
    pub reference: &'a [f64],
    /// Scores of the prompt with `correct` equally good answers, which come first, then wrong ones.
    pub tied: &'a [f64],
    /// How many of the latter are correct.
    pub correct: usize,
}

/// What `RewardBench` 2 makes of the ties subset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TiesScore {
    /// The share of reference prompts whose correct answer is above all others.
    pub reference_accuracy: f64,
    /// The share of prompts whose correct answers are all above the others.
    pub tied_accuracy: f64,
    /// The share of prompts whose wrong answers are farther from the correct ones than these are apart.
    pub preferred: f64,
    /// The same with the margin of the reference prompt where that is smaller.
    pub preferred_hard: f64,
    /// The mean of tanh of that margin over the spread of correct answers, less 1; 0/0 counts as 0.
    pub margin: f64,
    /// 0.3 of both accuracies, 0.2 of both preferences and 0.01 of the margin.
    pub overall: f64,
}

/// The ties score of `RewardBench` 2; `None` without prompts, or where one has no correct or no wrong answer.
///
/// # Source
/// Malik and others 2025; their `process_single_model`.
pub fn ties_score(prompts: &[TiesPrompt<'_>]) -> Option<TiesScore> {
    let mut sums = [0.0; 5];
    for prompt in prompts {
        let (reference, _) = margin_and_spread(prompt.reference, 1)?;
        let (tied, spread) = margin_and_spread(prompt.tied, prompt.correct)?;
        let smaller = reference.min(tied);
        let over = |margin: f64| f64::from(u8::from(margin > spread));
        let quotient = smaller / spread;
        let margin = if quotient.is_nan() { 0.0 } else { (quotient - 1.0).tanh() };
        let right = |margin: f64| f64::from(u8::from(margin > 0.0));
        let of_prompt = [right(reference), right(tied), over(tied), over(smaller), margin];
        sums.iter_mut().zip(of_prompt).for_each(|(sum, value)| *sum += value);
    }
    let [reference_accuracy, tied_accuracy, preferred, preferred_hard, margin] =
        sums.map(|sum| sum / prompts.len() as f64);
    let overall =
        0.3 * tied_accuracy + 0.3 * reference_accuracy + 0.2 * preferred + 0.2 * preferred_hard + 0.01 * margin;
    (!prompts.is_empty()).then_some(TiesScore {
        reference_accuracy,
        tied_accuracy,
        preferred,
        preferred_hard,
        margin,
        overall,
    })
}

/// By how much the worst correct answer is above the best wrong one, and how far correct ones are apart.
fn margin_and_spread(scores: &[f64], correct: usize) -> Option<(f64, f64)> {
    let (right, wrong) =
        scores.split_at_checked(correct).filter(|(right, wrong)| !right.is_empty() && !wrong.is_empty())?;
    let most = |scores: &[f64]| scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = right.iter().copied().fold(f64::INFINITY, f64::min);
    Some((least - most(wrong), most(right) - least))
}
