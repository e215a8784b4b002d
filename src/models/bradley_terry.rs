//! Bradley-Terry by maximum likelihood, with the common rules for ties.
//!
//! # Source
//! Zermelo 1929; Bradley and Terry 1952; Davidson 1970; Rao and Kupper 1967. The log-likelihood is
//! concave; it is maximised by damped Newton, which unlike the usual MM iteration (Hunter 2004)
//! converges quadratically. The default, ties as half wins, is that of evalica, FastChat and
//! arena-rank, and gives their ratings where those converge.

mod covariates;
mod design;
mod newton;
mod outcomes;
mod rows;
mod separation;
mod solver;

pub use self::covariates::{CovariateSettings, FittedCovariate, Standardize};
use self::design::Design;
use self::newton::{Point, Problem, Slope};
pub use self::outcomes::{OutcomeProbabilities, TieRule};
pub(crate) use self::outcomes::{logistic, softplus};
use self::separation::{Separation, Settled};
pub use self::solver::DENSE_LIMIT;
pub(crate) use self::solver::dense_laplacian;
use super::{
    CellScore, Convergence, Curvature, Evidence, FitError, Fitted, Laws, Likelihood, Mirror, Needs, Note, Rater,
    RaterEntry, RowLikelihood, Setting, Units,
};
use crate::data::graph::{PairSums, PreferenceGraph};
use crate::data::{ItemId, Log};
use crate::structure::{Identification, Status};

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "bradley-terry",
    summary: "Bradley-Terry maximum likelihood: the strengths under which the log is most probable",
    needs: Needs::Counts,
    units: Units::LogOdds,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: true,
    settings: &[
        Setting { name: "ties", default: "half", summary: "half, davidson, rao-kupper or drop (also --ties)" },
        Setting {
            name: "penalty",
            default: "0",
            summary: "ridge λ in λ/2 Σ r², on log-odds; 0.1 is used where no estimate exists",
        },
        Setting { name: "pseudo_count", default: "0", summary: "wins added to both sides of every pair, met or not" },
        Setting {
            name: "covariate_penalty", default: "1", summary: "ridge λ in λ/2 Σ β² on the covariates alone"
        },
        Setting {
            name: "standardize",
            default: "z-score",
            summary: "what is done to covariates: z-score, scale (zero stays zero) or none",
        },
        Setting {
            name: "side_advantage",
            default: "false",
            summary: "whether being on the left is a covariate, for first positions and home matches (also --side-advantage)",
        },
    ],
    build: |settings| {
        let rules = [
            ("half", TieRule::Half),
            ("davidson", TieRule::Davidson),
            ("rao-kupper", TieRule::RaoKupper),
            ("drop", TieRule::Drop),
        ];
        let number =
            |name, default| settings.number(name, default, "a number of 0 or more", |x: f64| x.is_finite() && x >= 0.0);
        let amount = |name| number(name, 0.0);
        let standards = [("z-score", Standardize::ZScore), ("scale", Standardize::Scale), ("none", Standardize::None)];
        Ok(Box::new(BradleyTerry {
            ties: settings.choice("ties", &rules)?,
            penalty: amount("penalty")?,
            pseudo_count: amount("pseudo_count")?,
            covariates: CovariateSettings {
                penalty: number("covariate_penalty", 1.0)?,
                standardize: settings.choice("standardize", &standards)?,
                side_advantage: settings.choice("side_advantage", &[("false", false), ("true", true)])?,
            },
        }))
    },
};

/// The ridge used where the data alone identify no estimate.
pub(super) const FALLBACK_PENALTY: f64 = 0.1;

/// Settings of a Bradley-Terry fit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BradleyTerry {
    /// How ties enter.
    pub ties: TieRule,
    /// The ridge λ of λ/2 Σ r², with r in natural log-odds. (choix's `alpha` is λ/2.)
    pub penalty: f64,
    /// Wins added to both sides of every pair of items, whether they met or not.
    pub pseudo_count: f64,
    /// How covariates enter, where the evidence has rows with some.
    pub covariates: CovariateSettings,
}

/// A fitted Bradley-Terry model.
#[derive(Debug, Clone)]
struct FittedBradleyTerry {
    /// The rule asked for.
    asked: TieRule,
    /// The rule fitted: plain Bradley-Terry where the data hold no tie parameter.
    rule: TieRule,
    point: Point,
    /// The derivatives of the rows' likelihood there, without ridges on coefficients; of counts none.
    slope: Option<Slope>,
    /// Whether the tie parameter was fitted.
    has_parameter: bool,
    /// What the tie parameter is, if the rule has one and the data any decisive comparison.
    parameter: Option<f64>,
    penalty: f64,
    /// The weights that were fitted, pseudo counts included.
    pairs: PairSums,
    pseudo_count: f64,
    /// The rows and their covariates, if there are any.
    design: Option<Design>,
    /// What covariates leave to be estimated, where they tell outcomes without a fault.
    separation: Option<Separation>,
    convergence: Convergence,
    identification: Identification,
    notes: Vec<Note>,
}

impl Rater for BradleyTerry {
    /// O(pairs + items³) an iteration up to [`DENSE_LIMIT`] items, O(pairs × inner iterations)
    /// above; 4 to 8 iterations from nothing, 2 to 4 from a near start.
    fn fit(&self, evidence: Evidence<'_>, start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let rows = evidence.rows.filter(|log| self.covariates.side_advantage || !log.covariates().is_empty());
        if self.covariates.side_advantage && rows.is_none() {
            return Err(FitError::NeedsSides);
        }
        if self.ties == TieRule::Drop && evidence.graph.tied_weight() > 0.0 {
            let decisive = evidence.graph.decisive();
            return self.fit_graph(&decisive, rows, start).map(|fitted| Box::new(fitted) as Box<dyn Fitted>);
        }
        self.fit_graph(evidence.graph, rows, start).map(|fitted| Box::new(fitted) as Box<dyn Fitted>)
    }

    fn reads_rows(&self) -> bool {
        self.covariates.side_advantage
    }

    /// Without the side where the log could not tell its advantage: refits have only counts.
    fn with_choices_of(&self, fitted: &dyn Fitted) -> Option<Box<dyn Rater>> {
        let fits_none = fitted.covariates().iter().all(|covariate| covariate.coefficient.is_none());
        let covariates = CovariateSettings { side_advantage: false, ..self.covariates };
        (self.covariates.side_advantage && fits_none).then(|| Box::new(Self { covariates, ..*self }) as Box<dyn Rater>)
    }
}

impl BradleyTerry {
    fn fit_graph(
        &self,
        graph: &PreferenceGraph,
        rows: Option<&Log>,
        start: Option<&[f64]>,
    ) -> Result<FittedBradleyTerry, FitError> {
        let items = graph.items().len();
        let tied = graph.tied_weight();
        let has_tie_rule = matches!(self.ties, TieRule::Davidson | TieRule::RaoKupper);
        let only_ties = tied > 0.0 && tied >= graph.weight();
        let has_parameter = has_tie_rule && tied > 0.0 && !only_ties;
        let mut identification = Self::identify(graph, has_parameter, has_tie_rule && only_ties);
        let penalty = self.effective_penalty(&identification);
        let pairs = self.pair_sums(graph)?;
        // A parameter that the data don't hold is at its limit, where the model is plain Bradley-Terry.
        let rule = if has_parameter { self.ties } else { TieRule::Half };
        let problem = Problem { items, pairs: &pairs, rule, has_parameter, penalty, design: None, ridges: &[] };
        let mut optimum = problem.maximise(Point {
            ratings: start.map_or_else(|| vec![0.0; items], centred),
            log_parameter: if has_parameter { rule.parameter_at(tied / graph.weight()).ln() } else { 0.0 },
            coefficients: Vec::new(),
        });
        let design = rows.map(|log| self.design(log, graph, &problem)).transpose()?;
        let mut notes = self.notes(graph, &identification, penalty, design.as_ref());
        let mut separation = None;
        let has_rows = design.as_ref().is_some_and(|design| design.width() > 0);
        if let Some(design) = design.as_ref().filter(|design| design.width() > 0) {
            // From where the counts by pair lead, which costs next to nothing beside the rows.
            Settled { optimum, separation } = self.settled(problem, design, graph, &identification.members, optimum);
            if let Some(separation) = &separation {
                identification.hold(&separation.members);
                notes.push(separation.note(design, graph, &identification.members));
            }
        }
        optimum.point.ratings = centred(&optimum.point.ratings);
        let parameter = optimum.point.log_parameter.exp();
        Ok(FittedBradleyTerry {
            asked: self.ties,
            rule,
            has_parameter,
            parameter: if has_parameter { Some(parameter) } else { (!only_ties).then_some(0.0) },
            penalty,
            pseudo_count: self.pseudo_count,
            convergence: optimum.convergence,
            notes,
            design,
            slope: has_rows.then_some(optimum.slope),
            separation,
            identification,
            point: optimum.point,
            pairs,
        })
    }

    fn identify(graph: &PreferenceGraph, has_parameter: bool, only_ties: bool) -> Identification {
        if has_parameter {
            return Identification::with_tie_parameter(graph);
        }
        let mut found = Identification::by_strong_connection(graph);
        if only_ties && found.status == Status::Identified {
            // Nothing but ties: a tie rule of its own fits them for any ratings that are equal, and
            // its parameter is infinite.
            found.status = Status::PartiallyIdentified;
            found.members.clear();
            found.ties_unbounded = true;
        }
        found
    }

    /// The penalty asked for, or the fallback where the data identify no estimate.
    fn effective_penalty(&self, identification: &Identification) -> f64 {
        let regular = self.penalty > 0.0 || self.pseudo_count > 0.0 || identification.status == Status::Identified;
        if regular { self.penalty } else { FALLBACK_PENALTY }
    }

    fn pair_sums(&self, graph: &PreferenceGraph) -> Result<PairSums, FitError> {
        if self.pseudo_count <= 0.0 {
            return Ok(graph.pair_sums());
        }
        let items = graph.items().len();
        if items > DENSE_LIMIT {
            return Err(FitError::TooManyPseudoPairs { items, limit: DENSE_LIMIT });
        }
        Ok(with_pseudo_count(&graph.pair_sums(), items, self.pseudo_count))
    }

    /// The rows with those covariates that the log can tell from the ratings and from each other.
    fn design(&self, log: &Log, graph: &PreferenceGraph, problem: &Problem<'_>) -> Result<Design, FitError> {
        if self.pseudo_count > 0.0 {
            return Err(FitError::PseudoCountWithCovariates);
        }
        let design = Design::new(log, graph, &self.covariates);
        let shares = problem.shares_of_their_own(&design).unwrap_or_else(|| vec![1.0; design.width()]);
        Ok(design.settled(&shares))
    }

    fn notes(
        &self,
        graph: &PreferenceGraph,
        identification: &Identification,
        penalty: f64,
        design: Option<&Design>,
    ) -> Vec<Note> {
        let mut notes = identification.notes(graph);
        let left_out = design.iter().flat_map(|design| &design.terms).filter_map(covariates::Term::note);
        if self.penalty <= 0.0 && penalty > 0.0 {
            let fallback =
                format!("; all were fitted with penalty {penalty}, and what is not identified has no interval");
            for note in &mut notes {
                note.message.push_str(&fallback);
            }
        }
        notes.extend(left_out.map(|message| Note::new("covariate-left-out", message)));
        notes
    }
}

/// The ratings with their mean taken out: where a penalised maximum lies, and a choice without one.
fn centred(ratings: &[f64]) -> Vec<f64> {
    let mean = ratings.iter().sum::<f64>() / ratings.len().max(1) as f64;
    ratings.iter().map(|rating| rating - mean).collect()
}

/// All pairs of items with `amount` added to the wins of both.
fn with_pseudo_count(pairs: &PairSums, items: usize, amount: f64) -> PairSums {
    let mut all = PairSums::default();
    let mut met = 0;
    for low in 0..items as u32 {
        for high in low + 1..items as u32 {
            let here = pairs.low.get(met) == Some(&low) && pairs.high.get(met) == Some(&high);
            let value = |column: &[f64]| if here { column[met] } else { 0.0 };
            all.low.push(low);
            all.high.push(high);
            all.low_wins.push(value(&pairs.low_wins) + amount);
            all.high_wins.push(value(&pairs.high_wins) + amount);
            all.ties.push(value(&pairs.ties));
            met += usize::from(here);
        }
    }
    all
}

impl FittedBradleyTerry {
    fn tie_parameter(&self) -> f64 {
        if self.has_parameter { self.point.log_parameter.exp() } else { 0.0 }
    }

    /// Whether the log holds the coefficient at this place of those that were fitted.
    fn holds(&self, place: usize) -> bool {
        self.separation.as_ref().is_none_or(|separation| separation.held[place])
    }
}

impl Fitted for FittedBradleyTerry {
    fn ratings(&self) -> &[f64] {
        &self.point.ratings
    }

    fn convergence(&self) -> Convergence {
        self.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// Of the log as it is, without penalty and pseudo counts; of only ties under a tie rule of
    /// their own there is none, since it has no maximum.
    fn log_likelihood(&self) -> Option<f64> {
        self.parameter.or((self.asked == self.rule).then_some(0.0))?;
        if let Some(rows) = self.with_covariates() {
            return Some(rows.log_likelihood());
        }
        let pairs = &self.pairs;
        let of_pair = |pair: usize| {
            let difference =
                self.point.ratings[pairs.low[pair] as usize] - self.point.ratings[pairs.high[pair] as usize];
            let at = |share| self.rule.log_probability(share, difference, self.tie_parameter());
            let weighed = |weight: f64, share| if weight > 0.0 { weight * at(share) } else { 0.0 };
            weighed(pairs.low_wins[pair] - self.pseudo_count, 1.0)
                + weighed(pairs.high_wins[pair] - self.pseudo_count, 0.0)
                + weighed(pairs.ties[pair], 0.5)
        };
        Some((0..pairs.low.len()).map(of_pair).sum())
    }

    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        let mut parameters = Vec::new();
        match self.asked {
            TieRule::Davidson => parameters.push(("nu", self.parameter)),
            TieRule::RaoKupper => parameters.push(("eta", self.parameter)),
            TieRule::Half | TieRule::Drop => {}
        }
        if self.penalty > 0.0 {
            parameters.push(("penalty", Some(self.penalty)));
        }
        parameters
    }

    fn covariates(&self) -> Vec<FittedCovariate> {
        let mut coefficients = self.point.coefficients.iter().copied().enumerate();
        let terms = self.design.iter().flat_map(|design| &design.terms);
        let fitted = terms.map(|term| {
            let found = if term.is_fitted() { coefficients.next() } else { None };
            FittedCovariate {
                name: term.name.clone(),
                coefficient: found.map(|(_, coefficient)| coefficient / term.unit),
                mean: term.mean,
                scale: term.scale,
                identified: found.is_some_and(|(place, _)| self.holds(place)),
            }
        });
        fitted.collect()
    }

    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(self.rule.probabilities(difference, self.tie_parameter()).share())
    }

    /// Where a rule of its own tells ties apart and the data hold its parameter.
    fn tie_probability(&self, i: ItemId, j: ItemId) -> Option<f64> {
        let has_rule = matches!(self.asked, TieRule::Davidson | TieRule::RaoKupper);
        let parameter = self.parameter.filter(|_| has_rule)?;
        let difference = self.point.ratings[i.index()] - self.point.ratings[j.index()];
        Some(self.asked.probabilities(difference, parameter).tie)
    }

    fn likelihood(&self) -> Option<&dyn Likelihood> {
        Some(self)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

impl Likelihood for FittedBradleyTerry {
    fn curvature(&self) -> Curvature {
        let problem = Problem {
            items: self.point.ratings.len(),
            pairs: &self.pairs,
            rule: self.rule,
            has_parameter: self.has_parameter,
            penalty: self.penalty,
            design: None,
            ridges: &[],
        };
        let mut found = Curvature {
            low: self.pairs.low.clone(),
            high: self.pairs.high.clone(),
            penalty: self.penalty,
            ..Curvature::default()
        };
        for pair in 0..self.pairs.low.len() {
            let at = problem.derivatives(pair, &self.point);
            found.difference.push(at.curvature);
            if self.has_parameter {
                found.cross.push(at.cross);
                found.parameter.push(at.parameter_curvature);
            }
        }
        found
    }

    #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
    fn uses(&self, share: f64) -> bool {
        self.asked != TieRule::Drop || share != 0.5
    }

    fn cell_scores(&self, graph: &PreferenceGraph) -> Vec<CellScore> {
        let parameter = self.tie_parameter();
        let cells = graph.cells().iter();
        cells
            .map(|cell| {
                if !self.uses(cell.share) {
                    return CellScore::default();
                }
                let pair = graph.pairs()[cell.pair as usize];
                let difference = self.point.ratings[pair.low.index()] - self.point.ratings[pair.high.index()];
                self.rule.score(cell.share, difference, parameter)
            })
            .collect()
    }

    fn rows(&self) -> Option<Box<dyn RowLikelihood + '_>> {
        self.with_covariates().map(|rows| Box::new(rows) as Box<dyn RowLikelihood>)
    }
}
