"""OpenAI's, Anthropic's and Google's official SDKs through the gateway, with only base URL and key changed.

Run by scripts/end-to-end with a provider of ours behind the gateway: it must see its own keys and never Keyholt's.
"""

import os
import time

import anthropic
import httpx
import openai
from google import genai

URL, KEY, PROVIDER = os.environ["KEYHOLT_URL"], os.environ["KEYHOLT_API_KEY"], os.environ["FAKE_PROVIDER"]
VALUES = {
    "openai": "sk-openai-value-0123456789",
    "anthropic": "sk-ant-value-0123456789",
    "google": "google-value-0123456789",
}


def native(method: str, path: str, **body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.request(method, f"{URL}{path}", headers=headers, json=body or None, timeout=30)


def made(answer: httpx.Response) -> dict:
    assert answer.status_code == 200, answer.text
    return answer.json()


for kind, value in VALUES.items():
    base = f"http://{PROVIDER}" + {"openai": "/v1", "anthropic": "/v1", "google": ""}[kind]
    body = {"name": f"{kind.upper()}_API_KEY", "type": kind, "secret": value, "metadata": {"api_base": base}}
    made(native("PUT", "/v1/ai_secret", **body))
app = made(native("POST", "/keyholt/v1/api-keys", name="application", role="app"))["key"]

chat = openai.OpenAI(base_url=f"{URL}/v1/proxy", api_key=app, max_retries=0)
hello = [{"role": "user", "content": "Hi"}]
answer = chat.chat.completions.with_raw_response.create(model="gpt-4o", messages=hello)
assert answer.headers["x-bt-used-endpoint"] == "OPENAI_API_KEY" and float(answer.headers["x-keyholt-overhead-ms"]) >= 0
assert "set-cookie" not in answer.headers
assert answer.parse().choices[0].message.content == "Hello"
began, arrivals = time.monotonic(), []
for chunk in chat.chat.completions.create(model="openai/gpt-4o", messages=hello, stream=True):
    arrivals.append((time.monotonic() - began, chunk.choices[0].delta.content))
assert "".join(text or "" for _, text in arrivals) == "Hello there"
assert arrivals[-1][0] - arrivals[0][0] > 0.1, "the answer did not come in pieces"
assert chat.embeddings.create(model="text-embedding-3-small", input="Hi", encoding_format="float").data[0].embedding == [0.5, -0.5]
assert [model.id for model in chat.models.list()] == ["gpt-4o"]
print("openai, Python: chat, streamed chat, embeddings, models")

claude = anthropic.Anthropic(base_url=f"{URL}/v1/proxy/anthropic", api_key=app, max_retries=0)
ask = {"model": "claude-next", "max_tokens": 16, "messages": hello}
assert claude.messages.create(**ask).content[0].text == "Hello"
with claude.messages.stream(**ask) as stream:
    assert "".join(stream.text_stream) == "Hello"
print("anthropic, Python: messages, streamed messages")

gemini = genai.Client(api_key=app, http_options={"base_url": f"{URL}/v1/proxy/google"})
assert gemini.models.generate_content(model="gemini-2.5-flash", contents="Hi").text == "Hello"
print("google-genai, Python: generate_content")

# A credential for a short time serves as the key does, for its model alone.
short = httpx.post(f"{URL}/v1/proxy/credentials", headers={"Authorization": f"Bearer {app}"}, json={"model": "gpt-4o"})
key = made(short)["key"]
brief = openai.OpenAI(base_url=f"{URL}/v1/proxy", api_key=key, max_retries=0)
assert brief.chat.completions.create(model="gpt-4o", messages=hello).choices[0].message.content == "Hello"
try:
    brief.chat.completions.create(model="gpt-4o-mini", messages=hello)
    raise SystemExit("a credential served another model")
except openai.PermissionDeniedError:
    pass
print("credentials: the model alone")

# What the application cannot do: see a value.
for path in ("/v1/ai_secret", "/keyholt/v1/secrets"):
    refused = httpx.get(f"{URL}{path}", headers={"Authorization": f"Bearer {app}"})
    assert refused.status_code == 403, refused.text
refused = httpx.post(f"{URL}/api/secret", headers={"Authorization": f"Bearer {app}"}, json={"model": "gpt-4o"})
assert refused.status_code == 400 and not any(value in refused.text for value in VALUES.values())

# A provider that refuses a key and repeats it: the client does not see it.
made(native("PUT", "/v1/ai_secret", name="OPENAI_API_KEY", type="openai", secret="sk-wrong-value-0123456789",
            metadata={"api_base": f"http://{PROVIDER}/v1"}))
for number in range(2):  # the value before serves for a while: the first requests still succeed
    assert chat.chat.completions.create(model="gpt-4o", messages=hello).choices[0].message.content == "Hello"
made(native("PUT", "/v1/ai_secret", name="OPENAI_API_KEY", type="openai", secret="sk-wrong-again-0123456789",
            metadata={"api_base": f"http://{PROVIDER}/v1"}))
try:
    chat.chat.completions.create(model="gpt-4o", messages=hello)
    raise SystemExit("a wrong key served")
except openai.AuthenticationError as error:
    assert "Incorrect API key provided" in str(error) and "sk-wrong" not in str(error), str(error)
print("a refusal that repeats the key: scrubbed")

# The value is bound to its host: another one in the metadata gets nothing.
row = made(native("PUT", "/v1/ai_secret", name="OPENAI_API_KEY", type="openai", secret=VALUES["openai"],
                  metadata={"api_base": f"http://{PROVIDER}/v1"}))
made(native("PATCH", f"/v1/ai_secret/{row['id']}", metadata={"api_base": f"http://127.0.0.2:{PROVIDER.split(':')[1]}/v1"}))
try:
    chat.chat.completions.create(model="gpt-4o", messages=hello)
    raise SystemExit("a value went to a host it is not bound to")
except openai.BadRequestError as error:
    assert "hosts changed" in str(error), str(error)
print("a changed host: refused until confirmed")

seen = httpx.get(f"http://{PROVIDER}/seen/all").json()
assert len(seen) > 8
for request in seen:
    text = str(request)
    assert app not in text and KEY not in text and key not in text, "the provider saw a key of Keyholt's"
    assert len(request["credentials"]) == 1
print(f"the provider saw {len(seen)} requests, each with its own key and none with Keyholt's")
