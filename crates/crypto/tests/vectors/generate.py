"""Makes v1.json: everything that Keyholt seals, sealed by an independent implementation.

HMAC and SHA-2 come from Python's standard library, HKDF is written out from RFC 5869, AES-GCM comes
from the `cryptography` package (OpenSSL). Run it once per format, never again for a released one:

    pip install cryptography && python3 generate.py > v1.json
"""

import base64
import hashlib
import hmac
import json
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def pseudo_random(label: str, length: int = 32) -> bytes:
    """Bytes that look random and are the same in each run."""
    return hashlib.shake_256(b"keyholt test vectors v1: " + label.encode()).digest(length)


def pseudo_uuid(label: str) -> bytes:
    raw = bytearray(pseudo_random("uuid " + label, 16))
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return bytes(raw)


def uuid_text(raw: bytes) -> str:
    digits = raw.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def hkdf_expand(prk: bytes, info: bytes) -> bytes:
    """HKDF-Expand of RFC 5869 with SHA-256, one block."""
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def hkdf(key: bytes, info: bytes) -> bytes:
    """HKDF of RFC 5869 with SHA-256 and no salt, one block."""
    return hkdf_expand(hmac.new(bytes(32), key, hashlib.sha256).digest(), info)


def i64(number: int) -> bytes:
    return number.to_bytes(8, "big", signed=True)


def fixed_order(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def aad(purpose: str, org: bytes, record: bytes, version: int, field: str, generation: int, *more: bytes) -> bytes:
    return fixed_order(
        b"keyholt/v1", purpose.encode(), DEPLOYMENT, org, record, i64(version), field.encode(), i64(generation), *more
    )


def seal(key: bytes, key_id: int, associated: bytes, plaintext: bytes, label: str) -> bytes:
    salt, suite = pseudo_random("salt of " + label), b"\x01"
    message_key = hkdf_expand(key, b"keyholt/v1" + suite + b"enc" + salt)
    commitment = hkdf_expand(key, b"keyholt/v1" + suite + b"commit" + salt)
    padded = plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % 64)
    text_and_tag = AESGCM(message_key).encrypt(bytes(12), padded, associated)
    return b"\x01" + suite + i64(key_id) + salt + commitment + text_and_tag


def checksum(text: str) -> str:
    number, characters = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        characters = ALPHABET[digit] + characters
    return text + characters


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


DEPLOYMENT, ORG, PROJECT = pseudo_uuid("deployment"), pseudo_uuid("org"), pseudo_uuid("project")
ROOT_KEY = pseudo_random("root key")
RING_KEYS = {generation: pseudo_random(f"ring key {generation}") for generation in (1, 2)}
KEK, KEK_GENERATION, KEK_RING = pseudo_random("kek"), 3, 2

root_text = checksum("khroot1_" + base64.urlsafe_b64encode(ROOT_KEY).decode().rstrip("="))

rings = [
    {
        "generation": generation,
        "key": key.hex(),
        "wrapped": seal(
            ROOT_KEY, 0, aad("ring-key", b"", DEPLOYMENT, generation, "key", 0), key, f"ring key {generation}"
        ).hex(),
    }
    for generation, key in RING_KEYS.items()
]

check = seal(RING_KEYS[1], 1, aad("check", b"", DEPLOYMENT, 0, "check", 1), b"keyholt/v1 check", "check")

wrapped_kek = seal(
    RING_KEYS[KEK_RING], KEK_RING, aad("org-key", ORG, ORG, KEK_GENERATION, "key", KEK_RING), KEK, "kek"
)


def value(name: str, version: int, plaintext: str) -> dict:
    secret, dek = pseudo_uuid("secret " + name), pseudo_random("dek of " + name)
    wrapped = seal(
        KEK, KEK_GENERATION, aad("dek", ORG, secret, version, "value", KEK_GENERATION), dek, "dek of " + name
    )
    sealed = seal(dek, 0, aad("value", ORG, secret, version, "value", 0), plaintext.encode(), "value of " + name)
    return {
        "secret": uuid_text(secret),
        "value_version": version,
        "plaintext": plaintext,
        "dek": dek.hex(),
        "wrapped_key": wrapped.hex(),
        "sealed": sealed.hex(),
        "value_hash": hashlib.sha256(sealed).hexdigest(),
    }


def details(
    name: str, columns: dict, metadata: str | None, description: str, preview: str | None, bound_to: str | None = None
) -> dict:
    """`columns` has every readable column; those that are None are absent."""

    def moment(micros: int | None) -> bytes:
        return b"" if micros is None else i64(micros)

    present = {key: bytes.fromhex(text.replace("-", "")) for key, text in columns.items() if key in UUIDS and text}
    canonical = fixed_order(
        ORG,
        present.get("project", ORG),
        present["id"],
        i64(columns["version"]),
        columns["name"].encode(),
        b"" if columns["type"] is None else b"=" + columns["type"].encode(),
        i64(columns["created_at"]),
        present["created_by"],
        moment(columns["updated_at"]),
        present["updated_by"],
        i64(columns["value_version"]),
        bytes.fromhex(columns["value_hash"]),
        moment(columns["value_updated_at"]),
        present.get("value_updated_by", b""),
        moment(columns["ttl_seconds"]),
        moment(columns["expires_at"]),
        i64(KEK_GENERATION),
    )
    fields = [
        b"" if metadata is None else b"=" + metadata.encode(),
        description.encode(),
        b"" if preview is None else b"=" + preview.encode(),
    ]
    if bound_to is None:
        plaintext = b"\x01" + fixed_order(*fields)
    else:
        plaintext = b"\x02" + fixed_order(*fields, bound_to.encode())
    key = hkdf(KEK, b"keyholt/v1/details")
    associated = aad(
        "details", ORG, present["id"], columns["version"], "details", KEK_GENERATION, canonical
    )
    return {
        "columns": columns,
        "metadata": metadata,
        "description": description,
        "preview": preview,
        "bound_to": bound_to,
        "canonical": canonical.hex(),
        "sealed": seal(key, KEK_GENERATION, associated, plaintext, "details of " + name).hex(),
    }


UUIDS = ("id", "project", "created_by", "updated_by", "value_updated_by")

values = [
    value("short", 1, "x"),
    value("api key", 7, "sk-proj-Wq3vT8mZkL2nR5xB7cY9"),
    value("63 bytes", 1, "a" * 63),
    value("64 bytes", 1, "a" * 64),
    value("unicode", 2, "Schlüssel 🔑\n" * 20),
    value("long", 1, "k" * 2000),
]

all_columns = {
    "project": uuid_text(PROJECT),
    "id": values[1]["secret"],
    "version": 12,
    "name": "Team/ключ 🔑",
    "type": "openai",
    "created_at": 1_795_253_400_125_999,
    "created_by": uuid_text(pseudo_uuid("api key 1")),
    "updated_at": 1_795_253_500_000_001,
    "updated_by": uuid_text(pseudo_uuid("api key 2")),
    "value_version": 7,
    "value_hash": values[1]["value_hash"],
    "value_updated_at": 1_795_253_450_000_000,
    "value_updated_by": uuid_text(pseudo_uuid("principal")),
    "ttl_seconds": 86_400,
    "expires_at": 1_795_339_800_125_999,
}
fewest_columns = {
    "project": None,
    "id": uuid_text(pseudo_uuid("secret without a value")),
    "version": 1,
    "name": "x",
    "type": None,
    "created_at": 0,
    "created_by": all_columns["created_by"],
    "updated_at": None,
    "updated_by": all_columns["created_by"],
    "value_version": 0,
    "value_hash": "",
    "value_updated_at": None,
    "value_updated_by": None,
    "ttl_seconds": None,
    "expires_at": None,
}

credential = checksum("khk_" + "".join(ALPHABET[byte % 62] for byte in pseudo_random("api key", 42)))
canonical_row = fixed_order(b"an API key's columns", pseudo_uuid("api key 1"))

audit_steps, previous = [], bytes(32)
for record in (b"first record", b"", b"third record" * 40):
    audit_key = hkdf(RING_KEYS[1], b"keyholt/v1/audit")
    step = {"previous": previous.hex(), "record": record.hex()}
    previous = mac(audit_key, previous + record)
    audit_steps.append(step | {"mac": previous.hex()})

print(
    json.dumps(
        {
            "deployment": uuid_text(DEPLOYMENT),
            "org": uuid_text(ORG),
            "root_key": root_text,
            "ring_keys": rings,
            "check": check.hex(),
            "kek": {
                "generation": KEK_GENERATION,
                "ring_generation": KEK_RING,
                "key": KEK.hex(),
                "wrapped": wrapped_kek.hex(),
            },
            "values": values,
            "details": [
                details("all", all_columns, '{"api_base":"https://example.com","n":1}', "Für alle", "********7cY9"),
                details("fewest", fewest_columns, None, "", None),
                details("empty type", fewest_columns | {"type": ""}, "{}", "d" * 500, None),
                details("bound", all_columns, None, "", "********", "https://api.openai.com:443"),
            ],
            "credentials": [
                {
                    "credential": text,
                    "shown": shown,
                    "macs": [
                        {
                            "ring_generation": generation,
                            "mac": mac(hkdf(RING_KEYS[generation], b"keyholt/v1/token"), text.encode()).hex(),
                        }
                        for generation in (2, 1)
                    ],
                }
                for text, shown in ((credential, credential[:8]), ("an operator's own", ""))
            ],
            "proofs": [
                {
                    "ring_generation": generation,
                    "canonical": canonical_row.hex(),
                    "proof": mac(hkdf(RING_KEYS[generation], b"keyholt/v1/identity"), canonical_row).hex(),
                }
                for generation in (1, 2)
            ],
            "audit": {"ring_generation": 1, "steps": audit_steps},
        },
        indent=1,
        ensure_ascii=False,
    )
)
