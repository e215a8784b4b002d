//! Fits that are told what is known of items beforehand.

use palio::data::Log;
use palio::data::graph::PreferenceGraph;
use palio::models::anchored::AnchoredBradleyTerry;
use palio::uncertainty::{CovarianceKind, Uncertainty, anchored_covariance};

use super::{IntervalKind, Rated, Rating};

impl Rating<'_> {
    /// Fits with an origin, and asks how far the fit may be off, where ratings that stay have errors of their own:
    /// `held`, one an item, in log-odds.
    pub(in crate::cli) fn anchored(
        &self,
        graph: &PreferenceGraph,
        log: Option<&Log>,
        task: Option<&str>,
        model: &AnchoredBradleyTerry,
        held: &[f64],
    ) -> anyhow::Result<Rated> {
        let decisive = (self.settings.get("ties") == Some("drop")).then(|| graph.decisive());
        let graph = decisive.as_ref().unwrap_or(graph);
        let fitted = model.fit(graph)?;
        let uncertainty = self.with_clusters(&fitted, graph, log, task, |clusters| {
            let found = |kind| anchored_covariance(&fitted, graph, kind, clusters.map(|(clusters, _)| clusters), held);
            Ok(match self.interval {
                IntervalKind::Fisher => found(CovarianceKind::Fisher),
                IntervalKind::Sandwich => found(CovarianceKind::Sandwich),
                IntervalKind::Bootstrap | IntervalKind::None => Uncertainty::unwanted(graph.items().len()),
            })
        })?;
        Ok(Rated { fitted: Box::new(fitted), uncertainty })
    }
}
