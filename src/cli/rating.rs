//! Options and steps of every command that fits one rater to a log.

use std::borrow::Cow;

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::graph::PreferenceGraph;
use palio::data::profile::Profile;
use palio::data::read::{Comparisons, Keep, LabelColumn, Reading, Role};
use palio::data::{Labels, Log};
use palio::models::{Evidence, Fitted, Needs, RATERS, Rater, RaterEntry, Settings};
use palio::structure::Note;
use palio::uncertainty::{
    BootstrapSettings, Clusters, CovarianceKind, FEW_CLUSTERS, Uncertainty, bootstrap, covariance,
};
use serde::Serialize;

use super::Global;
use super::input::ReadingArgs;
use super::output::progress_bar;

/// A rater and its intervals.
#[derive(Debug, clap::Args)]
pub(super) struct RatingArgs {
    #[arg(long, value_name = "NAME", default_value = "bradley-terry", help = method_help())]
    method: String,

    /// A setting of the rater, such as penalty=0.1; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// How ties enter bradley-terry: half, davidson, rao-kupper or drop
    #[arg(long, value_name = "RULE")]
    ties: Option<String>,

    /// How intervals are made [default: sandwich, or none where a rater has no covariance]
    #[arg(long, value_name = "KIND")]
    interval: Option<IntervalKind>,

    /// Level of all intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub(super) level: f64,

    /// Replicates of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(super) resamples: u32,

    /// Column whose rows belong together: auto (the task, if there are 30 or more), none, or a column
    #[arg(long, value_name = "COLUMN", default_value = "auto")]
    pub(super) cluster: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum IntervalKind {
    /// Right also where the model is only an approximation; clustered by --cluster
    Sandwich,
    /// Right where the model is
    Fisher,
    /// Percentiles of refits on resampled evidence
    Bootstrap,
    /// No intervals
    None,
}

/// Above this level a quantile of simulated draws says nothing.
const HIGHEST_LEVEL: f64 = 0.9999;
const FEWEST_RESAMPLES: u32 = 50;

/// The raters by name.
fn method_help() -> String {
    let known: Vec<&str> = RATERS.iter().map(|entry| entry.name).collect();
    format!("The rater: {}; palio methods says what each is", known.join(", "))
}

/// The rater of this name, or an error that lists them.
pub(super) fn find_rater(name: &str) -> anyhow::Result<&'static RaterEntry> {
    RaterEntry::find(name).with_context(|| {
        let known: Vec<&str> = RATERS.iter().map(|entry| entry.name).collect();
        format!("there is no method '{name}'; there are: {}", known.join(", "))
    })
}

/// All settings of a rater, as they were given or by default.
pub(super) fn resolved(entry: &RaterEntry, settings: &Settings) -> serde_json::Map<String, serde_json::Value> {
    let value = |name: &str, default: &str| settings.get(name).unwrap_or(default).to_owned();
    entry.settings.iter().map(|it| (it.name.to_owned(), value(it.name, it.default).into())).collect()
}

/// Why the bootstrap is refused for what rows alone have.
pub(super) const NO_BOOTSTRAP: &str = "does not go with --interval bootstrap, which resamples counts by pair; use \
     sandwich (clustered by --cluster) or fisher";

/// The arguments, checked and resolved.
pub(super) struct Rating<'a> {
    args: &'a RatingArgs,
    global: &'a Global,
    pub(super) entry: &'static RaterEntry,
    rater: Box<dyn Rater>,
    settings: Settings,
    pub(super) interval: IntervalKind,
}

/// A fit and how far it may be off.
pub(super) struct Rated {
    pub(super) fitted: Box<dyn Fitted>,
    pub(super) uncertainty: Uncertainty,
}

/// A log as it was read: rows where something asked for them, else counts.
pub(super) struct Evidences {
    pub(super) graph: PreferenceGraph,
    pub(super) log: Option<Log>,
    /// The column of the task, if it was read.
    pub(super) task: Option<String>,
}

impl Evidences {
    /// What was read, in the order of time if that was asked for.
    pub(super) fn of(reading: Reading, args: &ReadingArgs) -> Self {
        let task = task_column(&reading);
        match reading.comparisons {
            Comparisons::Counts(tally) => Self { graph: PreferenceGraph::from_tally(tally), log: None, task },
            Comparisons::Rows(log) => {
                let log = if args.sorts_by_time() { log.sorted_by_time() } else { log };
                Self { graph: PreferenceGraph::from_log(&log), log: Some(log), task }
            }
        }
    }
}

/// The column that was taken for the task.
pub(super) fn task_column(reading: &Reading) -> Option<String> {
    reading.notes.label_roles.iter().find(|(role, _)| *role == Role::Task).map(|(_, column)| column.clone())
}

impl<'a> Rating<'a> {
    pub(super) fn new(args: &'a RatingArgs, global: &'a Global) -> anyhow::Result<Self> {
        Self::with(args, &[], global)
    }

    /// With settings of the rater that options of their own stand for.
    pub(super) fn with(args: &'a RatingArgs, given: &[(&str, &str)], global: &'a Global) -> anyhow::Result<Self> {
        let entry = find_rater(&args.method)?;
        let mut settings = Settings::parse(&args.set)?;
        settings.seed = global.seed;
        if let Some(ties) = &args.ties {
            settings.set("ties", ties);
        }
        for (name, value) in given.iter().filter(|_| entry.name == "bradley-terry") {
            if let Some(other) = settings.get(name).filter(|other| other != value) {
                let option = name.replace('_', "-");
                bail!("--set {name}={other} and --{option} contradict each other; leave one of them out");
            }
            settings.set(name, value);
        }
        check_numbers(args)?;
        let rater = entry.rater(&settings)?;
        let rating = Self { args, global, entry, rater, interval: interval(args, entry)?, settings };
        if !rating.clusters_matter() && !matches!(args.cluster.as_str(), "auto" | "none") {
            bail!("--cluster {} goes with --interval sandwich or bootstrap", args.cluster);
        }
        if rating.rater.reads_rows() && rating.interval == IntervalKind::Bootstrap {
            let asked = given.iter().any(|(name, _)| *name == "side_advantage");
            bail!("{} {NO_BOOTSTRAP}", if asked { "--side-advantage" } else { "side_advantage" });
        }
        Ok(rating)
    }

    fn clusters_matter(&self) -> bool {
        matches!(self.interval, IntervalKind::Sandwich | IntervalKind::Bootstrap)
    }

    /// The label columns that are read: for clusters, and for the rater.
    pub(super) fn label_columns(&self) -> Vec<LabelColumn> {
        let of_rater = self.rater.label_column().map(|column| LabelColumn::Named(column.to_owned()));
        let mut columns = Vec::from_iter(self.cluster_column());
        columns.extend(of_rater.filter(|column| !columns.contains(column)));
        columns
    }

    /// The column that clusters are read from, if any.
    fn cluster_column(&self) -> Option<LabelColumn> {
        cluster_column(&self.args.cluster).filter(|_| self.clusters_matter())
    }

    /// Rows where the rater needs them, or ballots, which they are too; else counts.
    pub(super) fn keep(&self) -> Keep {
        if self.reads_rows() || self.entry.needs == Needs::Ballots { Keep::Rows } else { Keep::Counts }
    }

    /// Whether the rater is fitted to rows.
    pub(super) fn reads_rows(&self) -> bool {
        self.entry.needs == Needs::Rows || self.rater.reads_rows() || self.rater.label_column().is_some()
    }

    /// Fits to ballots, and asks how far the fit may be off. The comparisons of a ballot are not
    /// independent: a sandwich is clustered by ballot, and the bootstrap resamples ballots.
    pub(super) fn rated_ballots(&self, graph: &PreferenceGraph, profile: &Profile) -> anyhow::Result<Rated> {
        self.check_for_ballots()?;
        let evidence = Evidence::of_ballots(graph, profile);
        let fitted = self.rater.fit(evidence, None)?;
        let mut uncertainty = if self.interval == IntervalKind::Sandwich {
            covariance(&*fitted, graph, CovarianceKind::Sandwich, Some(&Clusters::of_ballots(profile, graph)))
        } else {
            self.uncertainty(evidence, &*fitted, None)?
        };
        if profile.is_weighted() {
            uncertainty.notes.push(weighted_ballots());
        }
        Ok(Rated { fitted, uncertainty })
    }

    /// Refuses what can't be asked of ballots.
    fn check_for_ballots(&self) -> anyhow::Result<()> {
        if self.entry.needs == Needs::Rows {
            bail!("{} replays comparisons in order, and ballots have none; choose another --method", self.entry.name);
        }
        if let Some(column) = self.rater.label_column() {
            bail!("{}: ballots have no column {column}", self.entry.name);
        }
        if !matches!(&*self.args.cluster, "auto" | Profile::BALLOT) {
            bail!("--cluster {}: ballots are what is clustered by; leave it out", self.args.cluster);
        }
        if self.interval == IntervalKind::Fisher {
            bail!(
                "the comparisons of one ballot are not independent, as Fisher intervals take them; use --interval \
                 sandwich, which is clustered by ballot, or bootstrap, which resamples ballots"
            );
        }
        Ok(())
    }

    /// A setting of covariates that was given and has no effect without them.
    pub(super) fn idle_setting(&self) -> Option<&'static str> {
        let given = ["covariate_penalty", "standardize"].into_iter().find(|name| self.settings.get(name).is_some());
        given.filter(|_| !self.rater.reads_rows())
    }

    /// Whether ties are left out of the fit.
    pub(super) fn drops_ties(&self) -> bool {
        self.settings.get("ties") == Some("drop")
    }

    /// Whether the advantage of the left side is fitted.
    pub(super) fn fits_side(&self) -> bool {
        self.rater.reads_rows()
    }

    /// All settings of the rater.
    pub(super) fn set(&self) -> serde_json::Map<String, serde_json::Value> {
        resolved(self.entry, &self.settings)
    }

    /// Fits, and asks how far the fit may be off.
    pub(super) fn rated(
        &self,
        graph: &PreferenceGraph,
        log: Option<&Log>,
        task: Option<&str>,
    ) -> anyhow::Result<Rated> {
        let ballots = log.filter(|_| self.entry.needs == Needs::Ballots).map(Profile::from_log);
        let rows = log.filter(|log| self.reads_rows() || !log.covariates().is_empty());
        let evidence = Evidence { graph, rows, ballots: ballots.as_ref() };
        let fitted = self.rater.fit(evidence, None)?;
        // What was chosen by labels is held in refits.
        let rows = log.filter(|_| self.entry.needs != Needs::Counts);
        let evidence = Evidence { graph, rows, ballots: ballots.as_ref() };
        let grouped = log.filter(|_| self.clusters_matter()).and_then(|log| {
            let grouped = Grouped::by(&self.args.cluster, log, task)?;
            Some((Clusters::for_fit(&*fitted, log, &grouped.labels, graph), grouped))
        });
        let clusters = grouped.as_ref().map(|(clusters, grouped)| (clusters, &*grouped.labels));
        let mut uncertainty = self.uncertainty(evidence, &*fitted, clusters)?;
        uncertainty.notes.extend(grouped.and_then(|(_, grouped)| grouped.note));
        Ok(Rated { fitted, uncertainty })
    }

    fn uncertainty(
        &self,
        evidence: Evidence<'_>,
        fitted: &dyn Fitted,
        clusters: Option<(&Clusters, &Labels)>,
    ) -> anyhow::Result<Uncertainty> {
        let closed = |kind| covariance(fitted, evidence.graph, kind, clusters.map(|(clusters, _)| clusters));
        Ok(match self.interval {
            // Asked for, and not only that the rater has none by default.
            IntervalKind::None if self.args.interval.is_some() => Uncertainty::unwanted(evidence.graph.items().len()),
            IntervalKind::None => Uncertainty::unknown(evidence.graph.items().len()),
            IntervalKind::Fisher => closed(CovarianceKind::Fisher),
            IntervalKind::Sandwich => closed(CovarianceKind::Sandwich),
            IntervalKind::Bootstrap => {
                let settings = BootstrapSettings {
                    resamples: self.args.resamples,
                    seed: self.global.seed,
                    units: self.entry.units,
                };
                let bar = progress_bar(u64::from(self.args.resamples), "resampling", self.global);
                let found = bootstrap(&*self.rater, evidence, fitted, clusters, settings, &|| bar.inc(1))?;
                bar.finish_and_clear();
                found
            }
        })
    }

    /// How errors were made, in words; `None` if there are none.
    pub(super) fn interval_name(&self, uncertainty: &Uncertainty) -> Option<&'static str> {
        if uncertainty.members().is_empty() {
            return None;
        }
        match self.interval {
            IntervalKind::Sandwich => Some("sandwich"),
            IntervalKind::Fisher => Some("Fisher"),
            IntervalKind::Bootstrap => Some("bootstrap"),
            IntervalKind::None => None,
        }
    }
}

/// That numbers of ballots were not taken as numbers of voters.
pub(super) fn weighted_ballots() -> Note {
    let message = "counts of ballots are weights, or not whole: each entry was taken as one ballot of its weight, not as \
                   many voters'";
    Note::new("weighted-ballots", message)
}

fn check_numbers(args: &RatingArgs) -> anyhow::Result<()> {
    if !(args.level > 0.0 && args.level <= HIGHEST_LEVEL) {
        bail!("--level {}: a level is a share between 0 and 1, such as 0.95, and at most {HIGHEST_LEVEL}", args.level);
    }
    if args.resamples < FEWEST_RESAMPLES {
        bail!("--resamples {}: the bootstrap needs {FEWEST_RESAMPLES} or more", args.resamples);
    }
    Ok(())
}

fn interval(args: &RatingArgs, entry: &RaterEntry) -> anyhow::Result<IntervalKind> {
    match args.interval {
        None if entry.has_covariance => Ok(IntervalKind::Sandwich),
        None => Ok(IntervalKind::None),
        Some(kind @ (IntervalKind::Sandwich | IntervalKind::Fisher)) if !entry.has_covariance => bail!(
            "{} has no covariance of its ratings, so no {} intervals; use --interval bootstrap or none, and in predict none or nothing",
            entry.name,
            if kind == IntervalKind::Fisher { "Fisher" } else { "sandwich" }
        ),
        Some(kind) => Ok(kind),
    }
}

/// The column that `--cluster` asks for, if any.
pub(super) fn cluster_column(asked: &str) -> Option<LabelColumn> {
    match asked {
        "none" => None,
        "auto" => Some(LabelColumn::Role(Role::Task)),
        column => Some(LabelColumn::Named(column.to_owned())),
    }
}

/// The labels that rows are clustered by.
pub(super) struct Grouped<'a> {
    pub(super) labels: Cow<'a, Labels>,
    /// A word on rows without a label.
    pub(super) note: Option<Note>,
}

impl<'a> Grouped<'a> {
    /// The labels of the column that `--cluster` asks for, if there are any.
    pub(super) fn by(asked: &str, log: &'a Log, task: Option<&str>) -> Option<Self> {
        let labels = match cluster_column(asked)? {
            LabelColumn::Role(_) => log.labels(task?).filter(|labels| labels.names.len() >= FEW_CLUSTERS)?,
            LabelColumn::Named(column) => log.labels(&column)?,
        };
        Some(match labels.with_own_where_empty() {
            None => Self { labels: Cow::Borrowed(labels), note: None },
            Some((own, rows)) => {
                let message = format!("{rows} rows have no {}: each was taken as a cluster of its own", own.column);
                Self { labels: Cow::Owned(own), note: Some(Note::new("rows-without-cluster", message)) }
            }
        })
    }
}
