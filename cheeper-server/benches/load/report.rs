//! The figures: a line for each run, a table of medians with their ratio to the floor's, JSON, a drawing.

use std::{fmt, fs, path::Path};

use plotters::prelude::*;
use serde_json::{Map, Value, json};

use crate::{Failure, process::System, swarm::Tally};

/// Figures that are set against the floor's.
const RATIOS: &[&str] = &["CPU per delivery", "core per delivery", "last screen p50", "others' p99", "CPU to open one"];

/// What one run of one scenario gave.
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) system: System,
    pub(crate) run: u32,
    figures: Vec<Figure>,
}

struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
}

#[derive(Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(scenario: &str, system: System) -> Self {
        Self { scenario: scenario.to_owned(), system, run: 0, figures: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, unit: &'static str, value: f64) {
        self.figures.push(Figure { name, unit, value });
    }

    /// Whether everybody got everything, once and in order.
    pub(crate) fn exactness(&mut self, missing: u64, tally: &Tally) {
        self.add("delivered", "", tally.delivered as f64);
        self.add("missing", "", missing as f64);
        self.add("twice", "", tally.twice as f64);
        self.add("out of order", "", tally.out_of_order as f64);
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {} · run {}:", self.scenario, self.system.name(), self.run)?;
        for Figure { name, unit, value } in &self.figures {
            write!(f, " {name} {}{unit};", digits(*value))?;
        }
        Ok(())
    }
}

/// A median over the runs.
struct Median<'a> {
    scenario: &'a str,
    system: System,
    name: &'static str,
    unit: &'static str,
    value: f64,
}

impl Report {
    fn medians(&self) -> Vec<Median<'_>> {
        let mut medians: Vec<Median> = Vec::new();
        for row in &self.rows {
            for figure in &row.figures {
                let is_same = |scenario: &str, system, name| {
                    scenario == row.scenario && system == row.system && name == figure.name
                };
                if medians.iter().any(|median| is_same(median.scenario, median.system, median.name)) {
                    continue;
                }
                let mut values: Vec<f64> = self
                    .rows
                    .iter()
                    .flat_map(|other| other.figures.iter().map(move |figure| (other, figure)))
                    .filter(|(other, figure)| is_same(&other.scenario, other.system, figure.name))
                    .map(|(_, figure)| figure.value)
                    .collect();
                values.sort_by(f64::total_cmp);
                medians.push(Median {
                    scenario: &row.scenario,
                    system: row.system,
                    name: figure.name,
                    unit: figure.unit,
                    value: values[values.len() / 2],
                });
            }
        }
        medians
    }

    pub(crate) fn write_json(&self, path: &Path) -> Result<(), Failure> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let figures: Map<String, Value> = row
                    .figures
                    .iter()
                    .map(|figure| (format!("{} {}", figure.name, figure.unit).trim().to_owned(), figure.value.into()))
                    .collect();
                json!({"scenario": row.scenario, "system": row.system.name(), "run": row.run, "figures": figures})
            })
            .collect();
        Ok(fs::write(path, format!("{:#}\n", Value::from(rows)))?)
    }

    /// CPU per delivery of every system, scenario by scenario.
    pub(crate) fn write_plot(&self, path: &Path) -> Result<(), Failure> {
        let medians = self.medians();
        let bars: Vec<&Median> = medians.iter().filter(|median| median.name == "CPU per delivery").collect();
        let most = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
        draw(&bars, most, path).map_err(|error| Failure::new(format!("the plot cannot be drawn: {error}")))
    }
}

fn draw(bars: &[&Median], most: f64, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    const BAR: u32 = 26;
    const LABELS: i32 = 330;
    let (width, height) = (960, BAR * u32::try_from(bars.len())? + 60);
    let area = SVGBackend::new(path, (width, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = ("sans-serif", 14).into_font();
    area.draw(&Text::new(
        "CPU per delivery, µs (median; less is better)",
        (10, 14),
        font.clone().style(FontStyle::Bold),
    ))?;
    for (bar, top) in bars.iter().zip((44..).step_by(BAR as usize)) {
        let colour = match bar.system {
            System::Cheeper => RGBColor(245, 183, 0),
            System::Earlier => RGBColor(200, 160, 90),
            System::Floor => RGBColor(90, 90, 90),
            _ => RGBColor(170, 190, 210),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a place on a drawing")]
        let end = LABELS + (bar.value / most * 540.0) as i32;
        area.draw(&Text::new(format!("{} · {}", bar.scenario, bar.system.name()), (10, top), font.clone()))?;
        area.draw(&Rectangle::new([(LABELS, top - 2), (end, top + 16)], colour.filled()))?;
        area.draw(&Text::new(digits(bar.value), (end + 6, top), font.clone()))?;
    }
    area.present()?;
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | | | median | ÷ floor |\n| --- | --- | --- | ---: | ---: |")?;
        let medians = self.medians();
        for Median { scenario, system, name, unit, value } in &medians {
            let floor = medians
                .iter()
                .find(|other| other.system == System::Floor && other.scenario == *scenario && other.name == *name)
                .filter(|floor| RATIOS.contains(name) && floor.value > 0.0);
            let ratio = floor.map(|floor| format!("{:.2}", value / floor.value)).unwrap_or_default();
            writeln!(f, "| {scenario} | {} | {name} | {} {unit} | {ratio} |", system.name(), digits(*value))?;
        }
        Ok(())
    }
}

fn digits(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
