"""A pytest plugin: before each test the server holds exactly the rows that the vendors' tests expect.

Their tests are written against a mock that answers anything. A real store needs the rows they name, and each test
deletes, renames or creates some of them, so they are put back every time. No test depends on another one's rows.
"""

import json
import os
import urllib.request

import pytest

URL = os.environ["KEYHOLT_URL"]
AUTHORIZATION = f"Bearer {os.environ['KEYHOLT_API_KEY']}"

# The id is written in the tests; they rename it to "name" and delete "name", so that it must be this row's own.
ORG_SECRET = {"id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "name": "name", "value": "secret"}
# The tests reach it by its name, create "x" and rename it to "x".
PROJECT_SECRET = {"id": "01a1fd70-f23d-726b-b2a7-4de452e6b438", "name": "id", "value": "value"}


def call(method: str, path: str, body: dict | None = None) -> dict:
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": AUTHORIZATION, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def reseed() -> None:
    for secret in call("GET", "/keyholt/v1/secrets")["objects"]:
        call("DELETE", f"/keyholt/v1/secrets/{secret['id']}")
    for secret in call("GET", "/v1/deployments/secrets")["data"]:
        call("DELETE", f"/v1/deployments/secrets/{secret['id']}")
    call("POST", "/keyholt/v1/secrets/import", {"secrets": [ORG_SECRET]})
    call("POST", "/keyholt/v1/secrets/import", {"project": "default", "secrets": [PROJECT_SECRET]})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    reseed()
