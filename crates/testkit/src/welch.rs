//! Whether two classes of measured times differ: Welch's t-test (Welch 1947), with the cropping of dudect
//! (Reparaz, Balasch, Verbauwhede 2017: "dude, is my code constant time?").

/// One measurement: of the second class or the first, and its time in nanoseconds.
pub type Timed = (bool, u64);

/// Counts, mean and variance of a class, kept while measurements come (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn push(&mut self, value: f64) {
        self.count += 1.0;
        let from_old = value - self.mean;
        self.mean += from_old / self.count;
        self.squares += from_old * (value - self.mean);
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// The mean and the median of a class, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Typical {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
}

/// What a comparison of two classes comes to.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Of the first class, and of the second.
    pub typical: [Typical; 2],
    /// |t| of all measurements.
    pub raw: f64,
    /// The largest |t| of those below one of dudect's hundred thresholds.
    pub cropped: f64,
    /// Which share of all measurements was below that threshold.
    pub kept: f64,
}

impl Comparison {
    /// Compares the measurements of two classes. A threshold counts below which both have ten thousand, or, of
    /// fewer in all, a tenth of theirs.
    #[must_use]
    pub fn of(measurements: &[Timed]) -> Self {
        let mut sorted = measurements.to_vec();
        sorted.sort_unstable_by_key(|(_, nanos)| *nanos);
        let enough = (sorted.len() as f64 / 20.0).clamp(2.0, 10_000.0);
        let mut classes = [Moments::default(); 2];
        let (mut cropped, mut kept) = (0.0, 1.0);
        let mut thresholds = (1..=100).map(|number| share(number) * sorted.len() as f64).peekable();
        for (place, (class, nanos)) in sorted.iter().enumerate() {
            // Equal times are never parted.
            let is_first_of_its_time =
                place == 0 || sorted.get(place - 1).is_some_and(|(_, other)| other != nanos);
            if is_first_of_its_time && thresholds.next_if(|threshold| place as f64 >= *threshold).is_some() {
                while thresholds.next_if(|threshold| place as f64 >= *threshold).is_some() {}
                let t = t_of(&classes);
                if classes.iter().all(|class| class.count >= enough) && t > cropped {
                    (cropped, kept) = (t, place as f64 / sorted.len() as f64);
                }
            }
            let [first, second] = &mut classes;
            if *class { second.push(*nanos as f64) } else { first.push(*nanos as f64) }
        }
        let typical = [false, true].map(|wanted| {
            let of_class: Vec<u64> =
                sorted.iter().filter(|(class, _)| *class == wanted).map(|(_, nanos)| *nanos).collect();
            let [first, second] = classes;
            Typical {
                mean: if wanted { second.mean } else { first.mean },
                median: of_class.get(of_class.len() / 2).copied().unwrap_or_default() as f64,
            }
        });
        Self { typical, raw: t_of(&classes), cropped, kept }
    }

    /// The larger of the two |t|.
    #[must_use]
    pub const fn worst(&self) -> f64 {
        self.raw.max(self.cropped)
    }
}

/// The share of all measurements below dudect's threshold of this number: from 0.067 to 0.999, ever closer.
fn share(number: u32) -> f64 {
    1.0 - 0.5_f64.powf(10.0 * f64::from(number) / 100.0)
}

fn t_of([first, second]: &[Moments; 2]) -> f64 {
    if first.count < 2.0 || second.count < 2.0 {
        return 0.0;
    }
    let error = (first.error() + second.error()).sqrt();
    if error > 0.0 { ((first.mean - second.mean) / error).abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    /// Times around 1000 ns with a long tail, those of the second class later by so much.
    fn measured(count: usize, later: u64) -> Vec<Timed> {
        let mut random = Random::new(7);
        let time = |random: &mut Random| {
            let tail = if random.below(50) == 0 { random.below(100_000) } else { 0 };
            1000 + random.below(100) + random.below(100) + tail
        };
        (0..count)
            .map(|_| {
                let class = random.below(2) == 1;
                (class, time(&mut random) + u64::from(class) * later)
            })
            .collect()
    }

    #[test]
    fn t_is_that_of_the_textbook() {
        // Means 20 and 22 of five each, variances 2.5: t = -2 / sqrt(0.5 + 0.5).
        let first = [18, 19, 20, 21, 22].map(|nanos| (false, nanos));
        let second = [20, 21, 22, 23, 24].map(|nanos| (true, nanos));
        let compared = Comparison::of(&[first, second].concat());
        assert!((compared.raw - 2.0).abs() < 1e-12, "{compared:?}");
        let typical = [(20.0, 20.0), (22.0, 22.0)].map(|(mean, median)| Typical { mean, median });
        assert_eq!(compared.typical, typical);
    }

    #[test]
    fn classes_that_are_alike_stay_below_the_bar() {
        assert!(Comparison::of(&measured(100_000, 0)).worst() < 4.5);
    }

    #[test]
    fn a_difference_that_the_tail_hides_is_found_below_a_threshold() {
        let compared = Comparison::of(&measured(100_000, 5));
        assert!(compared.raw < 4.5 && compared.cropped > 10.0 && compared.kept < 0.99, "{compared:?}");
    }

    #[test]
    fn few_measurements_or_none_are_no_difference() {
        for few in [&[][..], &[(true, 1)], &[(false, 1), (true, 9)]] {
            assert_eq!(Comparison::of(few).worst(), 0.0, "{few:?}");
        }
    }

    #[test]
    fn thresholds_come_closer_and_closer_to_all() {
        assert!((share(1) - 0.067).abs() < 0.001 && (share(100) - 0.999).abs() < 0.0001);
        assert!((1..100).all(|number| share(number) < share(number + 1)));
    }
}
