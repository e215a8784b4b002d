//! Options and steps of every command that fits one rater to a log.

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::graph::PreferenceGraph;
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
    /// The rater; palio methods lists them
    #[arg(long, value_name = "NAME", default_value = "bradley-terry")]
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
        given.iter().filter(|_| entry.name == "bradley-terry").for_each(|(name, value)| settings.set(name, value));
        check_numbers(args)?;
        let rater = entry.rater(&settings)?;
        let rating = Self { args, global, entry, rater, interval: interval(args, entry)?, settings };
        if !rating.clusters_matter() && !matches!(args.cluster.as_str(), "auto" | "none") {
            bail!("--cluster {} goes with --interval sandwich or bootstrap", args.cluster);
        }
        Ok(rating)
    }

    fn clusters_matter(&self) -> bool {
        matches!(self.interval, IntervalKind::Sandwich | IntervalKind::Bootstrap)
    }

    /// Whether it was asked that there be no intervals, not only that the rater has none by default.
    pub(super) fn hides_intervals(&self) -> bool {
        self.args.interval == Some(IntervalKind::None)
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
        match self.args.cluster.as_str() {
            _ if !self.clusters_matter() => None,
            "none" => None,
            "auto" => Some(LabelColumn::Role(Role::Task)),
            column => Some(LabelColumn::Named(column.to_owned())),
        }
    }

    /// Rows where the rater needs them, else counts.
    pub(super) fn keep(&self) -> Keep {
        if self.reads_rows() { Keep::Rows } else { Keep::Counts }
    }

    fn reads_rows(&self) -> bool {
        self.entry.needs == Needs::Rows || self.rater.reads_rows() || self.rater.label_column().is_some()
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
        let needs_rows = self.entry.needs == Needs::Rows;
        let evidence = Evidence { graph, rows: log.filter(|log| self.reads_rows() || !log.covariates().is_empty()) };
        let fitted = self.rater.fit(evidence, None)?;
        // What was chosen by labels is held in refits.
        let evidence = Evidence { graph, rows: log.filter(|_| needs_rows) };
        let labels = log.and_then(|log| self.cluster_labels(log, task));
        let own = labels.and_then(Labels::with_own_where_empty);
        let unlabelled = own.as_ref().map(|(_, rows)| *rows);
        let labels = own.as_ref().map(|(labels, _)| labels).or(labels);
        let clusters = match (log, labels) {
            (Some(log), Some(labels)) => Some((Clusters::for_fit(&*fitted, log, labels, graph), labels)),
            _ => None,
        };
        let clusters = clusters.as_ref().map(|(clusters, labels)| (clusters, *labels));
        let mut uncertainty = self.uncertainty(evidence, &*fitted, clusters)?;
        uncertainty
            .notes
            .extend(clusters.zip(unlabelled).map(|((clusters, _), rows)| unlabelled_rows(rows, &clusters.column)));
        Ok(Rated { fitted, uncertainty })
    }

    /// The labels that rows are clustered by, if any.
    fn cluster_labels<'l>(&self, log: &'l Log, task: Option<&str>) -> Option<&'l Labels> {
        match self.cluster_column()? {
            LabelColumn::Role(_) => log.labels(task?).filter(|labels| labels.names.len() >= FEW_CLUSTERS),
            LabelColumn::Named(column) => log.labels(&column),
        }
    }

    fn uncertainty(
        &self,
        evidence: Evidence<'_>,
        fitted: &dyn Fitted,
        clusters: Option<(&Clusters, &Labels)>,
    ) -> anyhow::Result<Uncertainty> {
        let closed = |kind| covariance(fitted, evidence.graph, kind, clusters.map(|(clusters, _)| clusters));
        Ok(match self.interval {
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
            "{} has no covariance, so no {} intervals; use --interval bootstrap or none",
            entry.name,
            if kind == IntervalKind::Fisher { "Fisher" } else { "sandwich" }
        ),
        Some(kind) => Ok(kind),
    }
}

fn unlabelled_rows(rows: usize, column: &str) -> Note {
    let message = format!("{rows} rows have no {column}: each was taken as a cluster of its own");
    Note::new("rows-without-cluster", message)
}
