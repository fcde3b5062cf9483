"""Rights, as they show through the vendors' own SDKs: what each kind of API key may do, and what it is told.

Run by scripts/end-to-end against a server of its own; prints a transcript.
"""

import os
import time

import braintrust_api
import httpx
import together
from braintrust_api import Braintrust
from together import Together

URL = os.environ["KEYHOLT_URL"]
OWNER = os.environ["KEYHOLT_API_KEY"]
VALUE = "sk-rights-0123456789abcdefghij"


def native(method: str, path: str, key: str = OWNER, **body: object) -> httpx.Response:
    """The native API, for what no wire has: making and revoking keys."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.request(method, f"{URL}/keyholt/v1/{path}", headers=headers, json=body or None, timeout=30)


def issue(name: str, **what: object) -> tuple[str, str]:
    answer = native("POST", "api-keys", name=name, **what)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"], answer.json()["key"]


def ai_secrets(key: str):
    return Braintrust(base_url=URL, api_key=key, max_retries=0).ai_secrets


def project_secrets(key: str):
    return Together(base_url=URL, api_key=key, max_retries=0).beta.jig.secrets


def says(what: str, outcome: object) -> None:
    print(f"{what:<62} {outcome}")


def refused(what: str, kinds: tuple[type, ...], call) -> None:
    try:
        call()
    except kinds as error:
        assert VALUE not in str(error), what
        says(what, f"{error.status_code} {error.body['message'] if isinstance(error.body, dict) else ''}")
        return
    raise AssertionError(f"{what}: it was not refused")


DENIED = (braintrust_api.PermissionDeniedError, together.PermissionDeniedError)
UNKNOWN = (braintrust_api.AuthenticationError, together.AuthenticationError)
ABSENT = (braintrust_api.NotFoundError, together.NotFoundError)

_, engineer = issue("engineer", role="engineer")
_, app = issue("app", role="app")
_, viewer = issue("viewer", role="viewer")
narrowed_id, narrowed = issue("narrowed", role="engineer", names=["RIGHTS_OPEN*"])
_, short = issue("short", role="viewer", expires_in_seconds=1)
revoked_id, revoked = issue("revoked", role="viewer")

made = ai_secrets(engineer).create(name="RIGHTS_OPENAI", type="openai", secret=VALUE)
other = ai_secrets(engineer).create(name="RIGHTS_GOOGLE", type="google", secret=VALUE)
says("engineer creates", made.name)
changed = ai_secrets(engineer).update(made.id, metadata={"team": "search"})
says("engineer updates", changed.metadata)
project_secrets(engineer).create(name="rights-HF_TOKEN", value=VALUE)
says("engineer creates a project's secret", project_secrets(engineer).retrieve("rights-HF_TOKEN").name)
answer = native("POST", "secrets/reveal", key=engineer, names=["RIGHTS_OPENAI"])
assert answer.status_code == 403 and VALUE not in answer.text, answer.text
says("engineer reveals", f"{answer.status_code} {answer.json()['message']}")
refused("engineer makes an API key", DENIED, lambda: Braintrust(base_url=URL, api_key=engineer, max_retries=0).post(
    "/v1/api_key", body={"name": "more"}, cast_to=object))

refused("app lists", DENIED, lambda: list(ai_secrets(app).list()))
refused("app gets", DENIED, lambda: ai_secrets(app).retrieve(made.id))
refused("app lists the project's", DENIED, lambda: project_secrets(app).list())
answer = native("POST", "secrets/reveal", key=app)
assert answer.status_code == 403, answer.text
says("app reveals", f"{answer.status_code} {answer.json()['message']}")

seen = {secret.name: secret for secret in ai_secrets(viewer).list()}
assert {"RIGHTS_OPENAI", "RIGHTS_GOOGLE"} <= seen.keys() and seen["RIGHTS_OPENAI"].preview_secret == "********ghij"
says("viewer lists", sorted(seen))
refused("viewer creates", DENIED, lambda: ai_secrets(viewer).create(name="RIGHTS_NEW"))
refused("viewer deletes", DENIED, lambda: ai_secrets(viewer).delete(made.id))
refused("viewer patches a project's secret", DENIED, lambda: project_secrets(viewer).update("rights-HF_TOKEN", value="x"))

names = [secret.name for secret in ai_secrets(narrowed).list(limit=1)]
assert names == ["RIGHTS_OPENAI"], names
says("narrowed to RIGHTS_OPEN* lists", names)
refused("narrowed gets another", ABSENT, lambda: ai_secrets(narrowed).retrieve(other.id))
refused("narrowed creates outside", DENIED, lambda: ai_secrets(narrowed).create(name="RIGHTS_CLOSED"))
refused("narrowed renames out of its reach", DENIED, lambda: ai_secrets(narrowed).update(made.id, name="ELSEWHERE"))
assert list(project_secrets(narrowed).list().data) == []
says("narrowed lists the project's", [])

native("DELETE", f"api-keys/{revoked_id}")
refused("revoked", UNKNOWN, lambda: list(ai_secrets(revoked).list()))
refused("revoked, on the other wire", UNKNOWN, lambda: project_secrets(revoked).list())
time.sleep(1.2)
refused("expired", UNKNOWN, lambda: list(ai_secrets(short).list()))
refused("expired, on the other wire", UNKNOWN, lambda: project_secrets(short).list())
refused("never issued", UNKNOWN, lambda: list(ai_secrets("khk_" + "0" * 48).list()))

for secret in (made, other):
    ai_secrets(engineer).delete(secret.id)
project_secrets(engineer).delete("rights-HF_TOKEN")
print("rights: as promised")
