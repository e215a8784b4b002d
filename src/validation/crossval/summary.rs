//! From the scores of folds to those of raters, and the choice among them.

use super::{
    Calibration, Candidate, Crossval, FoldLoss, FoldScore, HeldOut, LossDifference, MethodScore, Scored, ScoredFit,
};
use crate::data::folds::{FoldMean, NO_DIFFERENCE};
use crate::structure::Note;
use crate::validation::TieScore;

pub(super) fn summarised(
    candidates: &[Candidate<'_>],
    places: &[(usize, usize)],
    scored: &[Scored],
    held_out: HeldOut,
    ties: TieScore,
) -> Crossval {
    let methods: Vec<MethodScore> =
        (0..candidates.len()).map(|method| method_score(candidates[method].name, method, places, scored)).collect();
    let between = |method: usize, against: usize| {
        estimate(places, scored, |fold| fold.methods[method].score.log_loss - fold.methods[against].score.log_loss)
    };
    let mut differences = Vec::new();
    for method in 0..candidates.len() {
        for against in method + 1..candidates.len() {
            let found = between(method, against);
            differences.push(LossDifference {
                method: methods[method].method.clone(),
                against: methods[against].method.clone(),
                log_loss: found.mean,
                std_error: found.std_error,
            });
        }
    }
    let lowest = (0..methods.len()).min_by(|&a, &b| methods[a].log_loss.total_cmp(&methods[b].log_loss)).unwrap_or(0);
    let is_close = |method: &usize| {
        let found = between(*method, lowest);
        found.mean <= found.std_error.unwrap_or(0.0).max(NO_DIFFERENCE)
    };
    let best = (0..methods.len()).find(is_close).unwrap_or(lowest);
    let mut notes = notes(candidates, scored, held_out);
    notes.extend(worse_than_a_coin(&methods[lowest], ties));
    Crossval {
        lowest: methods[lowest].method.clone(),
        best: methods[best].method.clone(),
        notes,
        methods,
        differences,
        held_out,
    }
}

/// A note where even the lowest loss is no lower than that of a coin, which costs ln 2 a comparison.
fn worse_than_a_coin(lowest: &MethodScore, ties: TieScore) -> Option<Note> {
    let is_worse = ties != TieScore::ThreeWay && lowest.log_loss >= std::f64::consts::LN_2;
    let message = format!(
        "no method predicts better than a coin, whose log loss is 0.6931: the lowest is {:.4}, so the best is only the least bad",
        lowest.log_loss
    );
    is_worse.then(|| Note::new("worse-than-a-coin", message))
}

fn method_score(name: &str, method: usize, places: &[(usize, usize)], scored: &[Scored]) -> MethodScore {
    let mean = |of: fn(&FoldScore) -> f64| estimate(places, scored, |fold| of(&fold.methods[method].score));
    let log_loss = mean(|it| it.log_loss);
    let statements: Vec<_> =
        scored.iter().flat_map(|fold| fold.methods[method].score.statements.iter().copied()).collect();
    let fold_loss = |(&(repeat, fold), found): (&(usize, usize), &Scored)| {
        let score = &found.methods[method].score;
        let mean = |sum: f64| (score.weight > 0.0).then(|| sum / score.weight);
        FoldLoss {
            repeat,
            fold,
            weight: score.weight,
            log_loss: mean(score.log_loss),
            brier: mean(score.brier),
            accuracy: mean(score.correct),
        }
    };
    MethodScore {
        method: name.to_owned(),
        log_loss: log_loss.mean,
        std_error: log_loss.std_error,
        brier: mean(|it| it.brier).mean,
        accuracy: mean(|it| it.correct).mean,
        calibration: Calibration::of(&statements),
        folds: places.iter().zip(scored).map(fold_loss).collect(),
    }
}

/// The mean of a sum over all comparisons, and its standard error over folds; of several repetitions the
/// means of both, errors as variances.
fn estimate(places: &[(usize, usize)], scored: &[Scored], sum: impl Fn(&Scored) -> f64) -> FoldMean {
    let repeats = places.last().map_or(0, |&(repeat, _)| repeat + 1);
    let (mut mean, mut variance) = (0.0, Some(0.0));
    for repeat in 0..repeats {
        let folds = places.iter().zip(scored).filter(|((it, _), _)| *it == repeat);
        let own = FoldMean::of(folds.map(|(_, fold)| (sum(fold), fold.held.weight)));
        mean += own.mean / repeats as f64;
        variance = variance.zip(own.std_error).map(|(sum, error)| sum + error * error / repeats as f64);
    }
    FoldMean { mean, std_error: variance.map(f64::sqrt) }
}

fn notes(candidates: &[Candidate<'_>], scored: &[Scored], held_out: HeldOut) -> Vec<Note> {
    let mut notes = Vec::new();
    let unseen: f64 = scored.iter().map(|fold| fold.unseen).sum();
    if unseen > 0.0 {
        let message = format!(
            "{unseen} of {} held-out comparisons are of an item without a training comparison: scored at what each method says of a newcomer",
            held_out.scored * held_out.repeats as f64
        );
        notes.push(Note::new("unseen-items", message));
    }
    let unidentified = "the training comparisons don't identify all ratings; what is predicted there rests on a penalty or on where ratings start as well";
    let fits = [
        ("not-identified", unidentified, (|fit| fit.is_identified) as fn(&ScoredFit) -> bool),
        ("not-converged", "the fit had not converged", |fit| fit.has_converged),
    ];
    for (code, what, is_well) in fits {
        let times = |method: usize| scored.iter().filter(|fold| !is_well(&fold.methods[method])).count();
        let counts: Vec<usize> = (0..candidates.len()).map(times).collect();
        notes.extend(each_with_names(candidates, &counts, |names, folds| {
            Note::new(code, format!("{names}: in {folds} of {} folds {what}", scored.len()))
        }));
    }
    for (method, candidate) in candidates.iter().enumerate() {
        let name = candidate.name;
        let count = |of: fn(&FoldScore) -> f64| scored.iter().map(|fold| of(&fold.methods[method].score)).sum::<f64>();
        let surprises = count(|it| it.surprises);
        if surprises > 0.0 {
            let message = format!(
                "{name} called impossible what happened in {surprises} held-out comparisons: each costs ln 1e9 = 20.7, as if its probability had been 1e-9"
            );
            notes.push(Note::new("impossible-outcomes", message));
        }
        let unanswered = count(|it| it.unanswered);
        if unanswered > 0.0 {
            let message = format!("{name} says nothing of {unanswered} held-out comparisons: scored at one half");
            notes.push(Note::new("no-prediction", message));
        }
    }
    notes
}

/// One note for all raters of the same count above 0, in the order of the first of them.
fn each_with_names(candidates: &[Candidate<'_>], counts: &[usize], note: impl Fn(&str, usize) -> Note) -> Vec<Note> {
    let mut notes = Vec::new();
    for (place, &count) in counts.iter().enumerate() {
        if count > 0 && !counts[..place].contains(&count) {
            let same = candidates.iter().zip(counts).filter(|(_, other)| **other == count);
            let names: Vec<&str> = same.map(|(candidate, _)| candidate.name).collect();
            notes.push(note(&names.join(", "), count));
        }
    }
    notes
}
