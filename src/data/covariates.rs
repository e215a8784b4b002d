//! Numbers beside each comparison that may sway it, whoever is compared: differences in length or style,
//! say, or in price.

/// The covariates of a log's rows, each seen from the left item. O(rows × covariates) of memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Covariates {
    names: Vec<String>,
    /// Row by row.
    values: Vec<f64>,
}

impl Covariates {
    /// So many values a row as there are names, row by row.
    pub(crate) fn new(names: Vec<String>, values: Vec<f64>) -> Self {
        Self { names, values }
    }

    /// The names, in the order of the values of a row.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there is no covariate.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The values of a row of the log, one a name.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.names.len();
        &self.values[row * width..][..width]
    }

    /// The same; nothing where there are no covariates.
    pub(crate) fn values_of(&self, row: usize) -> &[f64] {
        if self.is_empty() { &[] } else { self.row(row) }
    }

    /// Adds a covariate, one value a row.
    pub(super) fn add(&mut self, name: &str, column: &[f64]) {
        let row = |(index, &value): (usize, &f64)| {
            let before = if self.is_empty() { &[][..] } else { self.row(index) };
            before.iter().copied().chain([value]).collect::<Vec<f64>>()
        };
        self.values = column.iter().enumerate().flat_map(row).collect();
        self.names.push(name.to_owned());
    }

    /// Those of the rows at `indices`, in that order.
    pub(super) fn select(&self, indices: &[u32]) -> Self {
        if self.is_empty() {
            return Self::default();
        }
        let mut values = Vec::with_capacity(indices.len() * self.names.len());
        for &index in indices {
            values.extend_from_slice(self.row(index as usize));
        }
        Self { names: self.names.clone(), values }
    }

    /// Adds the rows of another log, which has the same covariates.
    pub(super) fn append(&mut self, other: &Self) {
        assert_eq!(self.names, other.names, "logs have the same covariates");
        self.values.extend_from_slice(&other.values);
    }
}
