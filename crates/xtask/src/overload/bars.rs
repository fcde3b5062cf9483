//! Figures and the bars that they are held against.

use anyhow::ensure;

/// All figures so far.
#[derive(Debug, Default)]
pub(super) struct Bars(Vec<Bar>);

#[derive(Debug)]
struct Bar {
    name: String,
    figure: String,
    bar: String,
    is_met: bool,
}

impl Bars {
    /// A figure that may not be more.
    pub(super) fn at_most(&mut self, name: &str, figure: f64, bar: f64, unit: &str) {
        self.add(name, figure, "at most", bar, unit, figure <= bar);
    }

    /// A figure that may not be less.
    pub(super) fn at_least(&mut self, name: &str, figure: f64, bar: f64, unit: &str) {
        self.add(name, figure, "at least", bar, unit, figure >= bar);
    }

    fn add(&mut self, name: &str, figure: f64, word: &str, bar: f64, unit: &str, is_met: bool) {
        let (figure, bar) = (format!("{figure:.2} {unit}"), format!("{word} {bar:.2} {unit}"));
        self.0.push(Bar { name: name.to_owned(), figure, bar, is_met });
    }

    /// Prints them.
    ///
    /// # Errors
    /// When one is not met.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        println!("\n{:<74} {:>16} {:>24}", "", "figure", "bar");
        for Bar { name, figure, bar, is_met } in &self.0 {
            println!("{name:<74} {figure:>16} {bar:>24}  {}", if *is_met { "met" } else { "MISSED" });
        }
        let missed = self.0.iter().filter(|bar| !bar.is_met).count();
        ensure!(missed == 0, "{missed} of {} bars are missed", self.0.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_is_missed_is_an_error() {
        let mut bars = Bars::default();
        bars.at_most("a", 1.0, 1.0, "x");
        bars.at_least("b", 2.0, 1.0, "x");
        assert!(bars.print().is_ok());
        bars.at_least("c", 0.9, 1.0, "x");
        assert!(bars.print().is_err());
    }
}
