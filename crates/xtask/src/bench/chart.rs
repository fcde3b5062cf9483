//! The figures as a picture: of each operation, the rate of each server to the baseline's, with the spread of the rounds.

use std::fmt::Write;

use super::cell::{Cell, Entry, Server};
use super::numbers::{figure, thousands};
use super::results::Results;
use crate::measure::Spread;

const WIDTH: f64 = 860.0;
/// Where bars begin, and how long the baseline's is.
const LEFT: f64 = 270.0;
const LONGEST: f64 = 400.0;
/// The height of one bar with the space below it, and of a heading.
const ROW: f64 = 20.0;
const HEADING: f64 = 34.0;
const TOP: f64 = 62.0;

/// It brings its own ground along, so that it can be read on light and dark pages alike; where the reader prefers dark
/// pictures, that is dark.
const STYLE: &str = "\
  .ground { fill: #ffffff; stroke: #d0d7de; }
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .heading { font-size: 13px; font-weight: 600; }
  .faint { fill: #59636e; }
  .line { stroke: #d0d7de; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  .ours { fill: #2f6fd0; }
  .shared { fill: #8457c9; }
  .other { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .faint { fill: #9198a1; }
    .line { stroke: #3d444d; }
    .spread { stroke: #f0f6fc; }
    .ours { fill: #4c8dff; }
    .shared { fill: #a371f7; }
    .other { fill: #767f89; }
  }
";

/// The chart, as SVG; at the number of connections that is nearest to 32.
pub(super) fn svg(results: &Results) -> String {
    let closed = || results.cells.iter().filter(|cell| cell.per_second.is_none());
    let connections = closed().map(|cell| cell.connections).min_by_key(|count| count.abs_diff(32));
    let cells: Vec<&Cell> = closed().filter(|cell| Some(cell.connections) == connections).collect();
    let mut body = String::new();
    let mut y = TOP;
    for cell in &cells {
        y += HEADING;
        let first = cell.baseline().map_or(String::new(), |first| {
            let rate = first.spread(|figures| Some(figures.rate)).map_or(0.0, |rate| rate.median);
            format!("{}: {}/s", first.server.name(), thousands(rate))
        });
        put(&mut body, "heading", 16.0, y - 10.0, "start", cell.kind.name());
        put(&mut body, "faint", LEFT, y - 10.0, "start", &format!("{first} = 1"));
        for entry in cell.entries.iter().skip(1) {
            row(&mut body, cell, entry, y);
            y += ROW;
        }
    }
    let height = y + 16.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Requests a second to the baseline's</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
        WIDTH - 1.0,
        height - 1.0
    );
    let count = connections.unwrap_or_default();
    put(
        &mut text,
        "title",
        16.0,
        28.0,
        "start",
        &format!("Requests a second to the baseline's, {count} connections"),
    );
    let note = "The median of the rounds; the thin line goes from the lowest round to the highest. After it, requests a second.";
    put(&mut text, "faint", 16.0, 48.0, "start", note);
    text.push_str(&body);
    text.push_str("</svg>\n");
    text
}

fn row(text: &mut String, cell: &Cell, entry: &Entry, y: f64) {
    let stored =
        if entry.stored == 0 { String::new() } else { format!(", {}", thousands(entry.stored as f64)) };
    put(text, "", LEFT - 10.0, y + 13.0, "end", &format!("{}{stored}", entry.server.name()));
    let ratio = cell.baseline().and_then(|first| entry.ratio(first, |figures| Some(figures.rate)));
    let rate = entry.spread(|figures| Some(figures.rate));
    let Some((ratio, rate)) = ratio.zip(rate) else {
        let why = entry.left_out.as_ref().map_or("not measured".to_owned(), ToString::to_string);
        put(text, "faint", LEFT + 8.0, y + 13.0, "start", &why);
        return;
    };
    let class = match entry.server {
        Server::Sqlite | Server::Gateway => "ours",
        Server::Postgres => "shared",
        Server::Ceiling | Server::Driver | Server::Pgcrypto | Server::Direct | Server::Peer(_) => "other",
    };
    let [least, median, most] = [ratio.least, ratio.median, ratio.most].map(length);
    let middle = y + 8.0;
    // Writing to memory does not fail.
    let _written = writeln!(
        text,
        "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{median:.1}\" height=\"14\" rx=\"2\"/>\n\
         <line class=\"spread\" x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\"/>",
        y + 1.0,
        LEFT + least,
        LEFT + most,
    );
    let words = words(ratio, rate);
    put(text, "", LEFT + most.max(median) + 8.0, y + 13.0, "start", &words);
}

fn words(ratio: Spread, rate: Spread) -> String {
    format!("{} · {}/s", figure(ratio.median), thousands(rate.median))
}

/// The length of a bar; one that is longer than the baseline's ends a little behind it.
fn length(ratio: f64) -> f64 {
    (ratio * LONGEST).clamp(0.0, LONGEST * 1.08)
}

fn put(text: &mut String, class: &str, x: f64, y: f64, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _written =
        writeln!(text, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bar_leaves_the_picture() {
        assert_eq!((length(0.0), length(0.5)), (0.0, 200.0));
        assert!(LEFT + length(50.0) < WIDTH);
        assert_eq!(length(f64::INFINITY), LONGEST * 1.08);
    }

    #[test]
    fn words_cannot_end_an_element() {
        let mut text = String::new();
        put(&mut text, "", 0.0, 0.0, "start", "a<b & c");
        assert!(text.contains(">a&lt;b &amp; c</text>"));
    }
}
