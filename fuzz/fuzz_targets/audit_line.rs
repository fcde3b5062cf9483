//! Records of the audit log, as they come from the database, and their chain (design/security.md A8).
//!
//! Laws: columns that nobody wrote are a record or an error; a record that reads is written as the same columns and reads
//! back as itself; no two records are the same to the chain; a chain of which anything was changed, moved or taken out of
//! the middle does not verify.
#![no_main]

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use keyholt_crypto::{AuditKey, Keyring, LocalRootKey};
use keyholt_store::StoredAuditRecord;
use keyholt_store::fuzzing::{Cell, RowReader, columns_of_audit_record};
use keyholt_types::{
    Action, AuditEvent, AuditRecord, ChainId, DeploymentId, EventId, Outcome, Subject, SubjectKind, Timestamp,
};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

const COLUMNS: usize = 17;

static KEY: LazyLock<AuditKey> = LazyLock::new(|| {
    let text = LocalRootKey::generate_text().expect("a root key");
    let root = LocalRootKey::parse(&text, "the test").expect("a root key");
    let (ring, _, _) = Keyring::create(&root, DeploymentId::new(Uuid::from_u128(1))).expect("a ring");
    ring.audit_key(1).expect("a key")
});

thread_local! {
    static READER: RowReader = RowReader::new().expect("a reader");
}

fuzz_target!(|data: &[u8]| {
    let _ended_early = check(&mut Unstructured::new(data));
});

fn check(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut chain = Vec::new();
    for seq in 1..=u.int_in_range(1..=4)? {
        chain.push(event(u, seq)?);
    }
    let macs = sign(&chain);
    assert!(verifies(&chain, &macs));

    // Each record goes into the database and comes back, whole or with one column changed.
    for (record, mac) in chain.iter().zip(&macs) {
        let stored = StoredAuditRecord {
            record: AuditRecord { mac: mac.clone(), ..record.clone() },
            ring_generation: 1,
        };
        let mut cells = columns_of_audit_record(&stored);
        assert_eq!(cells.len(), COLUMNS);
        assert_eq!(read(&cells).as_ref(), Ok(&stored));
        let place = u.choose_index(COLUMNS)?;
        cells[place] = cell(u, &cells[place])?;
        if let Ok(changed) = read(&cells) {
            assert_eq!(read(&columns_of_audit_record(&changed)).as_ref(), Ok(&changed));
            let at = usize::try_from(record.seq - 1).expect("a place");
            let mut others = chain.clone();
            let mut other_macs = macs.clone();
            other_macs[at].clone_from(&changed.record.mac);
            others[at] = AuditRecord { mac: Vec::new(), ..changed.record };
            if others != chain || other_macs != macs {
                assert!(!verifies(&others, &other_macs), "a changed record verifies");
            }
        }
    }

    if chain.len() > 1 {
        let (one, other) = (u.choose_index(chain.len())?, u.choose_index(chain.len())?);
        let (mut moved, mut moved_macs) = (chain.clone(), macs.clone());
        moved.swap(one, other);
        moved_macs.swap(one, other);
        assert_eq!(verifies(&moved, &moved_macs), one == other, "records in another order verify");
        let gone = u.choose_index(chain.len() - 1)?;
        moved.clone_from(&chain);
        moved_macs.clone_from(&macs);
        moved.remove(gone);
        moved_macs.remove(gone);
        assert!(!verifies(&moved, &moved_macs), "a chain with a gap verifies");
    }

    // Columns that nobody wrote.
    let mut cells = Vec::new();
    for _ in 0..COLUMNS {
        cells.push(cell(u, &Cell::Null)?);
    }
    if let Ok(stored) = read(&cells) {
        assert_eq!(read(&columns_of_audit_record(&stored)).as_ref(), Ok(&stored));
    }
    Ok(())
}

fn read(cells: &[Cell]) -> Result<StoredAuditRecord, String> {
    READER.with(|reader| reader.read_audit_record(cells).map_err(|error| error.to_string()))
}

/// The MACs of a chain.
fn sign(chain: &[AuditRecord]) -> Vec<Vec<u8>> {
    let mut before = vec![0; 32];
    let step = |record: &AuditRecord| {
        before = KEY.step(&before, &record.event.canonical_bytes(record.chain, record.seq)).to_vec();
        before.clone()
    };
    chain.iter().map(step).collect()
}

fn verifies(chain: &[AuditRecord], macs: &[Vec<u8>]) -> bool {
    let mut before = vec![0; 32];
    chain.iter().zip(macs).all(|(record, mac)| {
        let bytes = record.event.canonical_bytes(record.chain, record.seq);
        let is_genuine = KEY.verify(&before, &bytes, mac);
        before.clone_from(mac);
        is_genuine
    })
}

fn event(u: &mut Unstructured<'_>, seq: i64) -> arbitrary::Result<AuditRecord> {
    let id = |u: &mut Unstructured<'_>| u.arbitrary::<u128>().map(Uuid::from_u128);
    let optional = |u: &mut Unstructured<'_>| u.arbitrary::<Option<u128>>().map(|id| id.map(Uuid::from_u128));
    let event = AuditEvent {
        id: EventId::new(id(u)?),
        at: Timestamp::from_micros(u.arbitrary()?),
        org: optional(u)?.map(keyholt_types::OrgId::new),
        request: optional(u)?.map(keyholt_types::RequestId::new),
        api_key: optional(u)?.map(keyholt_types::ApiKeyId::new),
        principal: optional(u)?.map(keyholt_types::PrincipalId::new),
        address: u.arbitrary()?,
        action: *u.choose(Action::ALL)?,
        subject: Subject {
            kind: *u.choose(SubjectKind::ALL)?,
            id: id(u)?,
            name: u.arbitrary::<&str>()?.into(),
        },
        outcome: *u.choose(Outcome::ALL)?,
        count: u.arbitrary()?,
    };
    Ok(AuditRecord { chain: ChainId::new(Uuid::from_u128(7)), seq, event, mac: Vec::new() })
}

/// Another content of a column: often of the kind that it has.
fn cell(u: &mut Unstructured<'_>, now: &Cell) -> arbitrary::Result<Cell> {
    #[derive(Arbitrary)]
    enum Kind {
        Null,
        Int(i64),
        Small(u8),
        Real(f64),
        Id([u8; 16]),
        Word(u8),
        Same,
    }
    Ok(match u.arbitrary()? {
        Kind::Null => Cell::Null,
        Kind::Int(number) => Cell::Int(number),
        Kind::Small(number) => Cell::Int(number.into()),
        // SQLite stores one that is no number as nothing.
        Kind::Real(number) => Cell::Real(if number.is_nan() { 0.5 } else { number }),
        Kind::Id(bytes) => Cell::Blob(bytes.to_vec()),
        Kind::Word(number) => {
            let words = Action::ALL.iter().map(|word| word.word());
            let words: Vec<&str> = words
                .chain(Outcome::ALL.iter().map(|word| word.word()))
                .chain(SubjectKind::ALL.iter().map(|word| word.word()))
                .chain(["::1", "127.0.0.1", "::ffff:1.2.3.4"])
                .collect();
            Cell::Text(words[usize::from(number) % words.len()].as_bytes().to_vec())
        }
        Kind::Same => {
            let bytes = u.arbitrary::<&[u8]>()?.to_vec();
            if matches!(now, Cell::Blob(_)) { Cell::Blob(bytes) } else { Cell::Text(bytes) }
        }
    })
}
