//! The figures for programs.

use serde_json::{Value, json};

use super::cell::{Cell, Entry};
use super::figures::Figures;
use super::footprint::Footprint;
use super::results::Results;

/// All of them: each round's own, so that anything can be worked out.
pub(super) fn json(results: &Results) -> Value {
    let machine = &results.machine;
    let (rounds, secs) = results.rounds;
    let delays: Vec<Value> = results
        .delays
        .iter()
        .map(|(direct, through)| json!({ "direct": direct.json(), "gateway": through.json() }))
        .collect();
    json!({
        "machine": {
            "processors": machine.processors, "model": machine.model, "memory_bytes": machine.memory,
            "kernel": machine.kernel, "sync_us": results.syncs,
        },
        "commit": machine.commit,
        "command": results.command,
        "rounds": rounds,
        "secs": secs,
        "limits_per_api_key": 0,
        "binary_bytes": results.binary,
        "footprints": results.footprints.iter().map(footprint).collect::<Vec<_>>(),
        "worked": results.worked.map(|(requests, resident)| json!({ "requests": requests, "resident_bytes": resident })),
        "chunk_delays": delays,
        "cells": results.cells.iter().map(cell).collect::<Vec<_>>(),
    })
}

fn footprint(found: &Footprint) -> Value {
    json!({
        "server": found.server.name(), "stored": found.stored, "start_ms": found.start.json(),
        "idle_bytes": found.idle, "loaded_bytes": found.after_load,
    })
}

fn cell(cell: &Cell) -> Value {
    json!({
        "operation": cell.kind.name(), "connections": cell.connections, "per_second": cell.per_second,
        "entries": cell.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "server": entry.server.name(), "stored": entry.stored, "left_out": entry.left_out.as_ref().map(ToString::to_string),
        "rounds": entry.rounds.iter().map(figures).collect::<Vec<_>>(),
    })
}

fn figures(figures: &Figures) -> Value {
    json!({
        "rate": figures.rate, "p50_us": figures.p50, "p99_us": figures.p99, "p999_us": figures.p999,
        "cpu_us": figures.cpu, "database_cpu_us": figures.database, "load_cpu_us": figures.load,
    })
}
