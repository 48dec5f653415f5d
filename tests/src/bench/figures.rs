//! What the benchmark of the collector measured, and how it is told.

use std::collections::BTreeMap;

use super::load::Load;
use crate::score::{Fingerprint, spread};

/// One measurement of one part under one load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Observations (of the bare loop: records) a second.
    pub rate: f64,
    /// Microseconds of processor time an observation; none for the bare loop.
    pub cpu_us: Option<f64>,
    /// State records and public records an observation, where an engine took part.
    pub records: Option<[f64; 2]>,
}

/// The name of the yardstick among the parts.
pub const BARE: &str = "bare loop";

/// All measurements, by load (none for the bare loop) and part, in the order of runs.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<(&'static str, &'static str), Vec<Measured>>);

impl Figures {
    /// Takes in a measurement.
    pub fn add(&mut self, load: &'static str, part: &'static str, measured: Measured) {
        self.0.entry((load, part)).or_default().push(measured);
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Median ratio of a load's engine to the bare loop of the same run.
    #[must_use]
    pub fn engine_to_bare(&self, load: &'static str) -> Option<f64> {
        let (engine, bare) = (self.0.get(&(load, "engine"))?, self.0.get(&("", BARE))?);
        let ratios: Vec<f64> = engine
            .iter()
            .zip(bare)
            .map(|(e, b)| e.rate / b.rate)
            .collect();
        Some(spread(&ratios)?[0])
    }

    /// A Markdown table, and the ratios below it.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| load | part | observations/s, median (lowest to highest) | runs | CPU an observation | state records an observation | public records an observation |\n|---|---|---|---|---|---|---|\n",
        );
        for ((load, part), of) in &self.0 {
            let rates: Vec<f64> = of.iter().map(|one| one.rate).collect();
            let Some([median, lowest, highest]) = spread(&rates) else {
                continue;
            };
            let cpu: Vec<f64> = of.iter().filter_map(|one| one.cpu_us).collect();
            let cpu = spread(&cpu).map_or("-".to_owned(), |[m, ..]| format!("{m:.2} us"));
            let records = |index: usize| {
                let of: Vec<f64> = of
                    .iter()
                    .filter_map(|one| one.records?.get(index).copied())
                    .collect();
                spread(&of).map_or("-".to_owned(), |[m, ..]| format!("{m:.3}"))
            };
            let load = if load.is_empty() { "-" } else { load };
            text += &format!(
                "| {load} | {part} | {median:.0} ({lowest:.0} to {highest:.0}) | {} | {cpu} | {} | {} |\n",
                of.len(),
                records(0),
                records(1)
            );
        }
        let loads: std::collections::BTreeSet<&str> =
            self.0.keys().map(|(load, _)| *load).collect();
        for load in loads {
            if let Some(ratio) = self.engine_to_bare(load) {
                text +=
                    &format!("\n{load}: engine / bare loop of the same run, median {ratio:.2}\n");
            }
        }
        text
    }
}

/// One line about a load: how much of what, and its fingerprint.
#[must_use]
pub fn about(load: &Load) -> String {
    let mut fingerprint = Fingerprint::default();
    for (sensor, batch) in &load.order {
        let of = &load.sensors[*sensor];
        fingerprint.take(of.site.as_bytes());
        fingerprint.take(&of.batches[*batch]);
    }
    let observations = load.observations();
    format!(
        "load {}: {observations} observations, {} bytes each, of {} sensors at {} sites; {fingerprint}",
        load.kind.name(),
        u64::try_from(load.bytes()).unwrap_or(0) / observations.max(1),
        load.sensors.len(),
        load.sites()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_medians_and_ratios_of_the_same_run() {
        let mut figures = Figures::default();
        assert!(figures.is_empty());
        for (bare, engine) in [(100.0, 50.0), (200.0, 50.0), (50.0, 50.0)] {
            let measured = |rate| Measured {
                rate,
                ..Measured::default()
            };
            figures.add("", BARE, measured(bare));
            figures.add(
                "steady",
                "engine",
                Measured {
                    records: Some([1.0, 0.25]),
                    cpu_us: Some(3.0),
                    ..measured(engine)
                },
            );
        }
        let table = figures.table();
        assert!(
            table.contains("| - | bare loop | 100 (50 to 200) | 3 | - | - | - |"),
            "{table}"
        );
        assert!(
            table.contains("| steady | engine | 50 (50 to 50) | 3 | 3.00 us | 1.000 | 0.250 |"),
            "{table}"
        );
        assert!(
            table.contains("steady: engine / bare loop of the same run, median 0.50"),
            "{table}"
        );
    }
}
