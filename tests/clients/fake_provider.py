#!/usr/bin/env python3
"""A provider of ours on loopback, for the official SDKs to talk to through the gateway: it speaks as much of OpenAI's,
Anthropic's and Google's APIs as one exchange needs, streaming and not, and remembers what it was sent.

    fake_provider.py COMMAND...

The command finds FAKE_PROVIDER (host:port) in its environment. `GET /seen` tells the credentials that were shown,
`GET /seen/all` everything that came, as JSON.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time

SEEN: list[dict] = []
CREDENTIALS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
VALID = {"Bearer sk-openai-value-0123456789", "sk-ant-value-0123456789", "google-value-0123456789"}


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: object, content_type: str = "application/json") -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(text)))
        self.send_header("set-cookie", "session=provider")
        self.end_headers()
        self.wfile.write(text)

    def stream(self, events: list[str], pause: float = 0.05) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            data = event.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self) -> None:
        if self.path == "/seen":
            self.answer(200, [request["credentials"] for request in SEEN])
        elif self.path == "/seen/all":
            self.answer(200, SEEN)
        else:
            self.handle_call({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            self.handle_call(json.loads(body or b"{}"))
        except json.JSONDecodeError:
            self.handle_call({"raw": body.decode("latin-1")})

    def handle_call(self, body: dict) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        credentials = {name: headers[name] for name in CREDENTIALS if name in headers}
        SEEN.append({"path": self.path, "headers": headers, "credentials": credentials, "body": body})
        shown = list(credentials.values())
        if len(shown) != 1 or shown[0] not in VALID:
            self.answer(401, {"error": {"message": f"Incorrect API key provided: {', '.join(shown)}", "type": "auth"}})
            return
        path, stream = self.path.split("?")[0], body.get("stream") is True
        if path.endswith("/chat/completions"):
            self.chat(body, stream)
        elif path.endswith("/embeddings"):
            self.answer(200, {"object": "list", "model": body["model"], "usage": {"prompt_tokens": 2, "total_tokens": 2},
                              "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}]})
        elif path.endswith("/models"):
            self.answer(200, {"object": "list", "data": [{"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "us"}]})
        elif path.endswith("/v1/messages"):
            self.messages(body, stream)
        elif ":generateContent" in path:
            self.answer(200, {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}}],
                              "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1}})
        else:
            self.answer(404, {"error": {"message": "no such path"}})

    def chat(self, body: dict, stream: bool) -> None:
        base = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
        if not stream:
            message = {"role": "assistant", "content": "Hello"}
            self.answer(200, base | {"object": "chat.completion", "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
                                     "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            return
        chunk = lambda delta, end: "data: " + json.dumps(base | {  # noqa: E731
            "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}) + "\n\n"
        self.stream([chunk({"content": text}, None) for text in ("Hel", "lo", " there")] + [chunk({}, "stop"), "data: [DONE]\n\n"])

    def messages(self, body: dict, stream: bool) -> None:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
        if not stream:
            self.answer(200, message | {"content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
                                        "usage": {"input_tokens": 7, "output_tokens": 1}})
            return
        events = [
            {"type": "message_start", "message": message | {"content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 0}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in ("Hel", "lo")),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ]
        self.stream([f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events])


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"127.0.0.1:{server.server_address[1]}"
sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {"FAKE_PROVIDER": address}).returncode)
