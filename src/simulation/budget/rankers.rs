//! What makes an order of the results: averages and online rules, which learn comparison by comparison, and
//! any rater of the registry, fitted at the checkpoints.

use serde::Serialize;

use super::plans::{BudgetError, parsed, unknown, wrong};
use super::worlds::Sample;
use crate::models::bradley_terry::logistic;
use crate::models::{
    BradleyTerry, Elo, Evidence, FitError, Needs, RATERS, Rater, RaterEntry, Setting, Settings, SettingsError,
    SoftCondorcet,
};

/// A ranker that is no rater of the registry, or one with an online form.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RankerEntry {
    /// The name in `--rankers`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
    #[serde(skip)]
    build: fn(&Settings) -> Result<Method, SettingsError>,
}

/// The rankers that stand beside those of [`RATERS`], in the order in which they are shown.
pub const RANKERS: &[RankerEntry] = &[AVERAGING, ELO, SOFT_CONDORCET];

const AVERAGING: RankerEntry = RankerEntry {
    name: "uniform-averaging",
    summary: "the mean of the scores that an item got; of its shares, in worlds without scores",
    settings: &[Setting {
        name: "over",
        default: "comparisons",
        summary: "comparisons, or tasks: the mean of the means on each task that the item was seen on",
    }],
    build: |settings| {
        let by_task = settings.choice("over", &[("comparisons", false), ("tasks", true)])?;
        Ok(Method::Averaging { by_task })
    },
};

const ELO: RankerEntry = RankerEntry {
    name: "elo",
    summary: "Elo, updated at each comparison; with online=false its maximum likelihood (batch Elo)",
    settings: &[
        Setting { name: "online", default: "true", summary: "false: Bradley-Terry's maximum likelihood" },
        Setting { name: "k", default: "4", summary: "points that a certain surprise moves" },
        Setting { name: "base", default: "10", summary: "odds at a lead of one scale" },
        Setting { name: "scale", default: "400", summary: "points at which the odds are base to 1" },
        Setting {
            name: "smoothing",
            default: "0.01",
            summary: "wins added to both sides of every pair, with online=false",
        },
    ],
    build: |settings| {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let elo = Elo {
            k: settings.number("k", 4.0, "a number above 0", positive)?,
            base: settings.number("base", 10.0, "a number above 1", |x: f64| x.is_finite() && x > 1.0)?,
            scale: settings.number("scale", 400.0, "a number above 0", positive)?,
            ..Elo::default()
        };
        // Hunter's iteration in OpenSpiel adds as much.
        let pseudo_count = settings.number("smoothing", 0.01, "a number above 0", positive)?;
        Ok(if settings.choice("online", &[("true", true), ("false", false)])? {
            Method::Elo(elo)
        } else {
            Method::counting(BradleyTerry { pseudo_count, ..BradleyTerry::default() })
        })
    },
};

const SOFT_CONDORCET: RankerEntry = RankerEntry {
    name: "soft-condorcet",
    summary: "the minimum of the Soft Condorcet loss; with online=true a gradient step at each comparison",
    settings: &[
        Setting { name: "online", default: "false", summary: "true: a gradient step at each comparison" },
        Setting { name: "lower", default: "-5", summary: "the lowest rating" },
        Setting { name: "upper", default: "5", summary: "the highest rating" },
        Setting { name: "temperature", default: "1", summary: "the scale of the sigmoid" },
        Setting { name: "rate", default: "0.01", summary: "the learning rate, with online=true" },
    ],
    build: |settings| {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let lower = settings.number("lower", -5.0, "a finite number", f64::is_finite)?;
        let above = |upper: f64| upper.is_finite() && upper > lower;
        let soft = SoftCondorcet {
            lower,
            upper: settings.number("upper", 5.0, "a finite number above lower", above)?,
            temperature: settings.number("temperature", 1.0, "a number above 0", positive)?,
            online: None,
        };
        let rate = settings.number("rate", 0.01, "a number above 0", positive)?;
        Ok(if settings.choice("online", &[("false", false), ("true", true)])? {
            Method::SoftSteps { soft, rate }
        } else {
            Method::counting(soft)
        })
    },
};

/// How an order is made.
#[derive(Debug)]
enum Method {
    Averaging { by_task: bool },
    Elo(Elo),
    SoftSteps { soft: SoftCondorcet, rate: f64 },
    Rater { rater: Box<dyn Rater>, needs: Needs },
}

impl Method {
    fn counting(rater: impl Rater + 'static) -> Self {
        Self::Rater { rater: Box::new(rater), needs: Needs::Counts }
    }
}

/// A ranker with its settings.
#[derive(Debug)]
pub struct RankerPlan {
    label: String,
    method: Method,
}

impl RankerPlan {
    /// From a name with settings, such as `soft-condorcet:online=true`: one of [`RANKERS`], or any rater of the
    /// registry. `seed` is for raters that draw at random.
    ///
    /// # Errors
    /// If there is no such ranker, or it has no such setting.
    pub fn parse(label: &str, seed: u64) -> Result<Self, BudgetError> {
        let (name, settings) = parsed(label, seed, None)?;
        let method = if let Some(entry) = RANKERS.iter().find(|entry| entry.name == name) {
            settings.check(entry.name, entry.settings).and_then(|()| (entry.build)(&settings))
        } else {
            let entry = RaterEntry::find(&name).ok_or_else(|| unknown("ranker", &name, known()))?;
            entry.rater(&settings).map(|rater| Method::Rater { rater, needs: entry.needs })
        };
        Ok(Self { label: label.to_owned(), method: method.map_err(|error| wrong(label, error))? })
    }

    /// As it was written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What it reads at checkpoints; `None` of those that learn at each comparison.
    pub(super) fn needs(&self) -> Option<Needs> {
        match &self.method {
            Method::Rater { needs, .. } => Some(*needs),
            _ => None,
        }
    }

    /// One that has seen nothing yet.
    pub(super) fn learner(&self, items: usize, tasks: usize) -> Learner<'_> {
        match &self.method {
            &Method::Averaging { by_task } => {
                let cells = if by_task { items * tasks } else { items };
                let (sums, seen) = (vec![0.0; cells], vec![0.0; cells]);
                self.beginner(vec![0.0; items], Rule::Averaging { by_task, sums, seen })
            }
            &Method::Elo(elo) => {
                let rule = Rule::Elo { k: elo.k, log_odds: elo.base.ln() / elo.scale };
                self.beginner(vec![elo.start; items], rule)
            }
            &Method::SoftSteps { soft, rate } => {
                self.beginner(vec![f64::midpoint(soft.lower, soft.upper); items], Rule::SoftSteps { soft, rate })
            }
            Method::Rater { rater, .. } => {
                self.beginner(vec![0.0; items], Rule::Rater { rater: &**rater, is_fitted: false })
            }
        }
    }

    fn beginner<'a>(&'a self, ratings: Vec<f64>, rule: Rule<'a>) -> Learner<'a> {
        Learner { label: &self.label, ratings, failures: 0, rule }
    }
}

/// All names, those beside the registry first.
fn known() -> impl Iterator<Item = &'static str> {
    let beside = RANKERS.iter().map(|entry| entry.name);
    beside.chain(RATERS.iter().map(|entry| entry.name).filter(|name| RANKERS.iter().all(|entry| entry.name != *name)))
}

/// A ranker in a trial.
#[derive(Debug)]
pub(super) struct Learner<'a> {
    label: &'a str,
    ratings: Vec<f64>,
    /// Fits that had not converged.
    failures: u64,
    rule: Rule<'a>,
}

#[derive(Debug)]
enum Rule<'a> {
    /// By item, or by task and item.
    Averaging {
        by_task: bool,
        sums: Vec<f64>,
        seen: Vec<f64>,
    },
    Elo {
        k: f64,
        log_odds: f64,
    },
    SoftSteps {
        soft: SoftCondorcet,
        rate: f64,
    },
    Rater {
        rater: &'a dyn Rater,
        is_fitted: bool,
    },
}

impl Learner<'_> {
    /// Learns from a comparison of the low and the high item on a task. No allocation.
    #[inline]
    pub(super) fn hear(&mut self, [low, high]: [usize; 2], task: usize, sample: Sample) {
        let ratings = &mut self.ratings;
        match &mut self.rule {
            Rule::Averaging { by_task, sums, seen } => {
                let base = if *by_task { task * ratings.len() } else { 0 };
                for (item, score) in [low, high].into_iter().zip(sample.scores) {
                    sums[base + item] += score;
                    seen[base + item] += 1.0;
                }
            }
            Rule::Elo { k, log_odds } => {
                let change = *k * (sample.share - logistic(*log_odds * (ratings[low] - ratings[high])));
                ratings[low] += change;
                ratings[high] -= change;
            }
            Rule::SoftSteps { soft, rate } => {
                // A vote for the low item pulls it up by the slope of the sigmoid, one against it down.
                let wrong = logistic((ratings[high] - ratings[low]) / soft.temperature);
                let pull = (2.0 * sample.share - 1.0) * *rate * wrong * (1.0 - wrong) / soft.temperature;
                ratings[low] = (ratings[low] + pull).clamp(soft.lower, soft.upper);
                ratings[high] = (ratings[high] - pull).clamp(soft.lower, soft.upper);
            }
            Rule::Rater { .. } => {}
        }
    }

    /// How many of its fits had not converged.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// The ratings as they are now; higher is better. Those that are not online fit to the evidence.
    pub(super) fn ratings(&mut self, evidence: Option<Evidence<'_>>) -> Result<&[f64], BudgetError> {
        match &mut self.rule {
            Rule::Averaging { by_task, sums, seen } => average(*by_task, sums, seen, &mut self.ratings),
            Rule::Elo { .. } | Rule::SoftSteps { .. } => {}
            Rule::Rater { rater, is_fitted } => {
                if let Some(evidence) = evidence {
                    let start = is_fitted.then_some(self.ratings.as_slice());
                    let fitted = rater.fit(evidence, start).map_err(|error| fit_error(self.label, error))?;
                    self.failures += u64::from(!fitted.convergence().converged);
                    self.ratings.copy_from_slice(fitted.ratings());
                    *is_fitted = self.ratings.iter().all(|rating| rating.is_finite());
                }
            }
        }
        Ok(&self.ratings)
    }
}

fn fit_error(label: &str, error: FitError) -> BudgetError {
    BudgetError::Fit { label: label.to_owned(), error }
}

/// Means of scores; an item that was not seen has the mean of all.
fn average(by_task: bool, sums: &[f64], seen: &[f64], ratings: &mut [f64]) {
    let items = ratings.len();
    let all = sums.iter().sum::<f64>() / seen.iter().sum::<f64>().max(1.0);
    let cells = if by_task { sums.len() / items } else { 1 };
    for (item, rating) in ratings.iter_mut().enumerate() {
        let (mut sum, mut tasks) = (0.0, 0.0);
        for cell in (0..cells).map(|task| task * items + item).filter(|&cell| seen[cell] > 0.0) {
            sum += sums[cell] / seen[cell];
            tasks += 1.0;
        }
        *rating = if tasks > 0.0 { sum / tasks } else { all };
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BudgetStudy, SamplerPlan, WorldPlan};
    use super::*;
    use crate::models::{Convergence, Fitted};
    use crate::structure::Identification;

    /// Rates by number, and never says that it converged.
    #[derive(Debug)]
    struct Restless;

    #[derive(Debug)]
    struct Unsettled(Vec<f64>, Identification);

    impl Rater for Restless {
        fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
            let ratings = vec![0.0; evidence.graph.items().len()];
            Ok(Box::new(Unsettled(ratings, Identification::unconditional(evidence.graph))))
        }
    }

    impl Fitted for Unsettled {
        fn ratings(&self) -> &[f64] {
            &self.0
        }

        fn convergence(&self) -> Convergence {
            Convergence { converged: false, iterations: 1, gradient_norm: None }
        }

        fn identification(&self) -> &Identification {
            &self.1
        }
    }

    #[test]
    fn every_fit_that_did_not_converge_is_counted() {
        let restless = RankerPlan { label: "restless".to_owned(), method: Method::counting(Restless) };
        let study = BudgetStudy {
            worlds: vec![WorldPlan::parse("mallows").unwrap()],
            samplers: vec![SamplerPlan::parse("uniform").unwrap()],
            rankers: vec![RankerPlan::parse("bradley-terry", 0).unwrap(), restless],
            comparisons: 30,
            trials: 100,
            ..BudgetStudy::default()
        };
        let result = study.run(&|_| true).unwrap();
        let counts: Vec<u64> = result.summary.iter().map(|row| row.unconverged_fits).collect();
        assert_eq!(counts, [0, 30 * 100]);
        assert_eq!(result.notes(&study)[0].message, "restless: 3000 of its fits along the budgets had not converged");
    }
}
