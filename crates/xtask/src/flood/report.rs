//! The figures, as a table for people or JSON for programs.

use serde_json::{Value, json};

use super::arguments::FloodArgs;
use super::rounds::{Beside, Figures, Round};
use crate::measure::Spread;

/// One of the figures of a measurement.
type Figure = fn(&Figures) -> f64;

/// All figures of all rounds.
pub(super) struct Report<'a> {
    /// How much was measured.
    pub(super) arguments: &'a FloodArgs,
    /// What was.
    pub(super) rounds: &'a [Round],
}

impl Report<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// Never for figures; the signature is the caller's.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        if self.arguments.json {
            println!("{}", serde_json::to_string_pretty(&self.json())?);
        } else {
            self.print_table();
        }
        Ok(())
    }

    fn print_table(&self) {
        let FloodArgs { right, beside, rounds, secs, .. } = self.arguments;
        let (count, cores) = (self.arguments.beside_rate, processors());
        let rate = count.map_or(String::new(), |count| format!(", at most {count} requests a second"));
        println!(
            "Requests for one secret by id over loopback: {right} connections with the right key, alone and beside\n\
             {beside} connections of others{rate}, in turns: {rounds} rounds of {secs} s each, medians.\n\
             Every wrong key is another one, and all come from the right key's address. The limit for one API key\n\
             is off (--limits-per-api-key 0), the one for refused keys as it ships.\n\
             The load runs on the same {cores} processors as the server. What others cost in any case is told by the\n\
             last line, where they have the right key too: only what wrong keys cost beyond that is theirs.\n"
        );
        println!(
            "{:<15} {:>11} {:>8} {:>8} {:>24} {:>9} {:>9} {:>9}",
            "beside it", "right req/s", "p50 us", "p99 us", "to nothing beside it", "200/s", "401/s", "429/s"
        );
        for beside in Beside::ALL {
            let median = |figure: Figure| self.spread(beside, figure).median;
            println!(
                "{:<15} {:>11.0} {:>8.1} {:>8.1} {:>24} {:>9.0} {:>9.0} {:>9.0}",
                beside.name(),
                median(|figures| figures.right.rate),
                median(|figures| figures.right.p50),
                median(|figures| figures.right.p99),
                self.ratio(beside, Beside::Nothing),
                median(|figures| answers(figures, 200)),
                median(|figures| answers(figures, 401)),
                median(|figures| answers(figures, 429)),
            );
        }
        println!();
        for beside in Beside::ALL {
            let busy = self.spread(beside, |figures| figures.processors).median;
            println!("the server kept {busy:.2} of {cores} processors busy beside {}", beside.name());
        }
        println!("{:.0} wrong keys were shown in all", self.wrong_keys());
        let to_right = self.slowed();
        println!("\nright req/s beside wrong keys to beside the right key: {to_right}");
    }

    /// The right key's rate beside wrong keys to that beside as many connections of its own: what wrong keys cost beyond
    /// what any traffic costs.
    pub(super) fn slowed(&self) -> Spread {
        self.ratio(Beside::WrongKeys, Beside::RightKey)
    }

    /// How many wrong keys were shown and answered, in all measured seconds.
    fn wrong_keys(&self) -> f64 {
        let seconds = self.arguments.secs as f64 * 1.2;
        let refused = |figures: &Figures| answers(figures, 401) + answers(figures, 429);
        self.of(Beside::WrongKeys).map(|figures| refused(figures) * seconds).sum()
    }

    fn json(&self) -> Value {
        let measured = |beside: Beside| {
            json!({
                "beside": beside.name(),
                "rate": self.spread(beside, |figures| figures.right.rate).json(),
                "p50_us": self.spread(beside, |figures| figures.right.p50).json(),
                "p99_us": self.spread(beside, |figures| figures.right.p99).json(),
                "rate_to_nothing": self.ratio(beside, Beside::Nothing).json(),
                "rate_to_right_key": self.ratio(beside, Beside::RightKey).json(),
                "status_200": self.spread(beside, |figures| answers(figures, 200)).json(),
                "status_401": self.spread(beside, |figures| answers(figures, 401)).json(),
                "status_429": self.spread(beside, |figures| answers(figures, 429)).json(),
                "server_processors": self.spread(beside, |figures| figures.processors).json(),
            })
        };
        json!({
            "right_connections": self.arguments.right,
            "beside_connections": self.arguments.beside,
            "beside_rate": self.arguments.beside_rate,
            "processors": processors(),
            "wrong_keys": self.wrong_keys(),
            "limits_per_api_key": 0,
            "measured": Beside::ALL.map(measured),
        })
    }

    fn of(&self, beside: Beside) -> impl Iterator<Item = &Figures> {
        self.rounds.iter().flatten().filter(move |(other, _)| *other == beside).map(|(_, figures)| figures)
    }

    fn spread(&self, beside: Beside, figure: Figure) -> Spread {
        Spread::of(self.of(beside).map(figure))
    }

    /// The right key's rate beside one to that beside another, each round's for itself.
    fn ratio(&self, one: Beside, other: Beside) -> Spread {
        Spread::of(self.of(one).zip(self.of(other)).map(|(one, other)| one.right.rate / other.right.rate))
    }
}

fn answers(figures: &Figures, status: u16) -> f64 {
    figures.beside.get(&status).copied().unwrap_or_default()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
