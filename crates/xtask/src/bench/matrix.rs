//! What is asked of whom: the cells of all operations.

use std::net::SocketAddr;

use super::arguments::{BenchArgs, Part};
use super::cell::{Cell, Entry, Load, Server};
use super::driver::{self, Query};
use super::figures::Meter;
use super::operation::{Bare, Door, Kind};
use super::peers::Doors;
use super::stores::Stores;
use crate::gateway::{Chats, Setting, Shape, Way};
use crate::measure::{Pace, Program, Requests, Volume, load, load_at_rate};

/// Everybody who can be asked.
pub(super) struct World<'a> {
    /// The bare handler.
    pub(super) ceiling: &'a Program,
    /// Keyholt, on every store.
    pub(super) stores: &'a Stores,
    /// Other servers.
    pub(super) peers: &'a Doors,
    /// A database with a table of its own, where pgcrypto can be had.
    pub(super) pgcrypto: Option<(String, Query)>,
    /// The provider of chat completions, and the gateways to it.
    pub(super) gateways: Option<Gateways<'a>>,
}

/// A provider of chat completions, and the gateways to it.
#[derive(Clone, Copy)]
pub(super) struct Gateways<'a> {
    /// The provider.
    pub(super) provider: &'a Program,
    /// Ours.
    pub(super) ours: &'a Setting,
    /// Others, by their names.
    pub(super) peers: &'a [(String, Way)],
}

/// The operations in the order in which they are measured: creates come last, since they make the stores larger.
pub(super) const OPERATIONS: [(Part, Kind); 5] = [
    (Part::Get, Kind::Get),
    (Part::List, Kind::List),
    (Part::Resolve, Kind::Resolve),
    (Part::Update, Kind::Update),
    (Part::Create, Kind::Create),
];

/// The gateway's.
pub(super) const GATEWAY: [(Part, Kind); 2] = [(Part::Chat, Kind::Chat), (Part::Stream, Kind::Stream)];

/// Operations whose latency is measured at a constant rate too.
const STEADY: [(Part, Kind); 2] = [(Part::Get, Kind::Get), (Part::Create, Kind::Create)];

/// Connections at a constant rate: the most requests at a time.
pub(super) const STEADY_CONNECTIONS: usize = 32;

/// The cells, phase by phase: all rounds of one come before the next.
///
/// # Errors
/// When a database cannot be read.
pub(super) fn phases(arguments: &BenchArgs, world: &World<'_>) -> anyhow::Result<Vec<Vec<Cell>>> {
    let mut phases = vec![Vec::new()];
    for (part, kind) in OPERATIONS {
        if !arguments.wants(part) {
            continue;
        }
        if matches!(kind, Kind::Update | Kind::Create) {
            phases.push(Vec::new());
        }
        for connections in &arguments.connections {
            let cell = store_cell(world, kind, *connections, None)?;
            if let Some(phase) = phases.last_mut() {
                phase.push(cell);
            }
        }
    }
    let mut others = Vec::new();
    if arguments.wants(Part::Steady) {
        for (_, kind) in STEADY.into_iter().filter(|(part, _)| arguments.wants(*part)) {
            others.push(store_cell(world, kind, STEADY_CONNECTIONS, Some(arguments.rate))?);
        }
    }
    if let Some(gateways) = world.gateways {
        for (_, kind) in GATEWAY.into_iter().filter(|(part, _)| arguments.wants(*part)) {
            let cell = |connections, rate| gateway_cell(gateways, kind, connections, rate);
            others.extend(arguments.connections.iter().map(|connections| cell(*connections, None)));
            if kind == Kind::Chat && arguments.wants(Part::Steady) {
                others.push(cell(STEADY_CONNECTIONS, Some(arguments.rate)));
            }
        }
    }
    phases.push(others);
    phases.retain(|phase| !phase.is_empty());
    Ok(phases)
}

fn store_cell(
    world: &World<'_>,
    kind: Kind,
    connections: usize,
    per_second: Option<u32>,
) -> anyhow::Result<Cell> {
    let address = world.ceiling.address;
    let meter = Meter { server: Some(world.ceiling.pid()), database: None };
    let bare = http(address, per_second, move |_, _| Bare::new(address));
    let mut entries = vec![Entry::new(Server::Ceiling, 0, meter, bare)];
    for store in &world.stores.all {
        let door = Door::ours(store.program.address, store.stored);
        let ask = asking(door, kind, per_second);
        entries.push(Entry::new(store.server.clone(), store.stored, store.meter, ask));
        if let (Kind::Get, Some(url), None) = (kind, &store.url, per_second) {
            let select = statement(url.clone(), Query::select(url, store.stored)?);
            let meter = Meter { server: None, database: store.meter.database };
            entries.push(Entry::new(Server::Driver, store.stored, meter, select));
        }
    }
    if let (Kind::Create, Some((url, query)), None) = (kind, &world.pgcrypto, per_second) {
        let first = world.stores.postgres.as_ref().map(|postgres| postgres.first);
        let insert = statement(url.clone(), query.clone());
        entries.push(Entry::new(Server::Pgcrypto, 0, Meter { server: None, database: first }, insert));
    }
    for (name, door) in world.peers {
        if door.wire.has(kind) {
            let stored = door.ids.count();
            let ask = asking(door.clone(), kind, per_second);
            entries.push(Entry::new(Server::Peer(name.clone()), stored, Meter::default(), ask));
        }
    }
    Ok(Cell { kind, connections, per_second, entries })
}

fn gateway_cell(gateways: Gateways<'_>, kind: Kind, connections: usize, per_second: Option<u32>) -> Cell {
    let Gateways { provider, ours, peers } = gateways;
    let shape = if kind == Kind::Chat { Shape::Whole } else { Shape::Events };
    let entry = |server, pid, way: &Way| {
        let way = way.clone();
        let ask = http(way.address, per_second, move |_, _| Chats::endless(&way, shape));
        Entry::new(server, 0, Meter { server: pid, database: None }, ask)
    };
    let mut entries = vec![
        entry(Server::Direct, Some(provider.pid()), &ours.direct),
        entry(Server::Gateway, Some(ours.keyholt.pid()), &ours.through),
    ];
    entries.extend(peers.iter().map(|(name, way)| entry(Server::Peer(name.clone()), None, way)));
    Cell { kind, connections, per_second, entries }
}

fn asking(door: Door, kind: Kind, per_second: Option<u32>) -> Load {
    http(door.address, per_second, move |run, connection| door.requests(kind, run, connection))
}

/// Requests, of a measurement and a connection, in a closed loop or at a constant rate.
fn http<R: Requests + 'static>(
    address: SocketAddr,
    per_second: Option<u32>,
    requests: impl Fn(u64, u64) -> R + Sync + 'static,
) -> Load {
    Box::new(move |volume: Volume, run| {
        let requests = |connection| requests(run, connection);
        match per_second {
            None => load(address, volume, requests),
            Some(per_second) => {
                let pace = Pace { per_second, connections: volume.connections, time: volume.time };
                load_at_rate(address, pace, requests)
            }
        }
    })
}

fn statement(url: String, query: Query) -> Load {
    Box::new(move |volume, run| driver::load(&url, &query, volume, run))
}
