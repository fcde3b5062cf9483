"""Organisations, projects, users and API keys through the vendor's own SDK, and how its tracing SDK logs in: both with
only the base URL and the API key changed.

Run by scripts/end-to-end against a server of its own; prints a transcript.
"""

import os

import braintrust
import braintrust_api
import httpx
from braintrust_api import Braintrust

URL = os.environ["KEYHOLT_URL"]
OWNER = os.environ["KEYHOLT_API_KEY"]
ORG = os.environ["KEYHOLT_ORG_NAME"]


def client(key: str = OWNER) -> Braintrust:
    return Braintrust(base_url=URL, api_key=key, max_retries=0)


def native(path: str, **body: object) -> dict:
    """The native API, for what this wire cannot make."""
    answer = httpx.post(f"{URL}/keyholt/v1/{path}", headers={"Authorization": f"Bearer {OWNER}"}, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def says(what: str, outcome: object) -> None:
    print(f"{what:<62} {outcome}")


def refused(what: str, kind: type, call) -> None:
    try:
        call()
    except kind as error:
        says(what, f"{error.status_code} {error.body['message']}")
        return
    raise AssertionError(f"{what}: it was not refused")


owner = client()
assert owner.top_level.hello_world() == "Hello, World!"

(org,) = owner.organizations.list()
assert org.name == ORG and org.api_url == URL and owner.organizations.retrieve(org.id) == org, org
assert not list(owner.organizations.list(org_name="nobody's"))
says("organizations", f"{org.name} at its own URL")

made = [native("projects", name=f"project {number}") for number in range(5)]
assert [project.id for project in owner.projects.list(limit=2)] == [
    *(project["id"] for project in reversed(made)),
    *(project.id for project in owner.projects.list(project_name="default")),
]
first = owner.projects.retrieve(made[0]["id"])
assert (first.name, first.org_id, first.deleted_at) == ("project 0", org.id, None), first
says("projects, two at a time", [project.name for project in owner.projects.list(limit=2)])
newer = list(owner.projects.list(ending_before=made[2]["id"], limit=1))
assert [project.name for project in newer] == ["project 3", "project 4"], newer
says("projects, backwards from the third", [project.name for project in newer])

ada = native("principals", kind="user", name="Ada", email="ada@example.com", role="viewer")
robot = native("principals", kind="service_account", name="robot", role="app")
(user,) = owner.users.list(email=["ada@example.com", "nobody@example.com"])
assert (user.id, user.given_name, user.family_name) == (ada["id"], "Ada", None), user
assert owner.users.retrieve(user.id) == user
assert [one.given_name for one in owner.users.list(given_name=["Ada", "robot"], limit=1)] == ["robot", "Ada"]
says("users", [one.given_name for one in owner.users.list()])

key = owner.api_keys.create(name="made by the SDK")
assert key.key.startswith(key.preview_name) and key.org_id == org.id, key.id
assert [one.id for one in client(key.key).api_keys.list(api_key_name="made by the SDK")] == [key.id]
found = owner.api_keys.retrieve(key.id)
assert (found.name, found.user_id) == ("made by the SDK", key.user_id)
says("api_keys, created and found with itself", found.name)
assert owner.api_keys.delete(key.id).id == key.id
refused("api_keys, deleted: found", braintrust_api.NotFoundError, lambda: owner.api_keys.retrieve(key.id))
refused("api_keys, deleted: used", braintrust_api.AuthenticationError, lambda: list(client(key.key).api_keys.list()))

# Service tokens are younger than the SDK; it sends what it has no method for.
body = {"name": "token", "service_account_id": robot["id"]}
token = owner.post("/v1/service_token", body=body, cast_to=object)
assert (token["service_account_name"], token["org_id"]) == ("robot", org.id), token["id"]
refused("service_token of an app: lists", braintrust_api.PermissionDeniedError,
        lambda: list(client(token["key"]).ai_secrets.list()))
refused("service_token of an app: makes a key", braintrust_api.PermissionDeniedError,
        lambda: client(token["key"]).api_keys.create(name="more"))
replaced = owner.put("/v1/service_token", body=body, cast_to=object)
assert replaced["id"] != token["id"]
refused("service_token, replaced: used", braintrust_api.AuthenticationError,
        lambda: list(client(token["key"]).api_keys.list()))
seen = owner.get("/v1/service_token?service_token_name=token", cast_to=object)["objects"]
assert [one["id"] for one in seen] == [replaced["id"]], len(seen)
assert owner.delete("/v1/service_token", body={"id": replaced["id"]}, cast_to=object)["id"] == replaced["id"]
says("service_token, made, replaced and deleted", replaced["name"])

state = braintrust.login_to_state(app_url=URL, api_key=OWNER)
assert (state.org_id, state.org_name, state.api_url, state.proxy_url) == (org.id, ORG, URL, None), state.api_url
assert braintrust.login_to_state(app_url=URL, api_key=OWNER, org_name=ORG).org_id == org.id
says("tracing SDK, logged in", f"{state.org_name} at its own URL")
try:
    braintrust.login_to_state(app_url=URL, api_key="khk_" + "0" * 48)
    raise AssertionError("an API key that was never issued logs in")
except ValueError as error:
    assert "[400] Missing or invalid API key" in str(error), error
    says("tracing SDK, with a key that was never issued", "400 Missing or invalid API key")
print("identity: as promised")
