//! Moments as people read them: near ones as a distance, far ones as a date.

use keyholt_types::Timestamp;

/// What is nearer is as good as the present: clocks differ.
const A_MOMENT: i64 = 5;

/// What is farther is a date: a hundred days, in seconds.
const FAR: i64 = 100 * 24 * 60 * 60;

/// How long ago something was, `2 min ago`. A text that is no moment stays as it is.
pub(crate) fn ago(moment: &str, now: Timestamp) -> String {
    told(moment, now, |seconds| match -seconds {
        past if past < A_MOMENT => "just now".to_owned(),
        past => format!("{} ago", distance(past)),
    })
}

/// When something will be, `in 89 days`, or how long ago it was. A text that is no moment stays as it is.
pub(crate) fn ahead(moment: &str, now: Timestamp) -> String {
    told(moment, now, |seconds| match seconds {
        ahead if ahead > 0 => format!("in {}", distance(ahead)),
        past => format!("{} ago", distance(-past)),
    })
}

/// A moment in words, near or far; `in_words` is given how many seconds it is ahead.
fn told(moment: &str, now: Timestamp, in_words: impl FnOnce(i64) -> String) -> String {
    let Some(parsed) = Timestamp::parse(moment) else { return moment.to_owned() };
    let seconds = (parsed.micros() - now.micros()) / 1_000_000;
    if seconds.abs() < FAR {
        return in_words(seconds);
    }
    // What could be parsed begins with the date.
    moment.get(..10).unwrap_or(moment).to_owned()
}

/// The largest unit of which there are two, rounded down; one minute is 60 s.
fn distance(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: i64) -> (String, Timestamp) {
        let then = Timestamp::parse("2026-11-21T09:30:00.125Z").unwrap();
        (then.to_string(), then.plus_seconds(seconds))
    }

    #[test]
    fn what_is_past_is_told_by_its_distance_and_then_by_its_date() {
        for (seconds, words) in [
            (-30, "just now"),
            (0, "just now"),
            (4, "just now"),
            (5, "5 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7_199, "119 min ago"),
            (7_200, "2 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 days ago"),
            (FAR - 1, "99 days ago"),
            (FAR, "2026-11-21"),
        ] {
            let (then, now) = after(seconds);
            assert_eq!(ago(&then, now), words, "{seconds}");
        }
    }

    #[test]
    fn what_is_to_come_is_told_likewise() {
        for (seconds, words) in [
            (-7_776_000, "in 90 days"),
            (-1, "in 1 s"),
            (0, "0 s ago"),
            (3_600, "60 min ago"),
            (-FAR, "2026-11-21"),
        ] {
            let (then, now) = after(seconds);
            assert_eq!(ahead(&then, now), words, "{seconds}");
        }
    }

    #[test]
    fn what_is_no_moment_stays_as_it_is() {
        let (_, now) = after(0);
        for text in ["", "soon"] {
            assert_eq!((ago(text, now), ahead(text, now)), (text.to_owned(), text.to_owned()));
        }
    }
}
