"""A service on this machine that speaks like a language model's, for what the real ones do and fail to do."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn:
    """Answers that every idea is expressed, or in whatever way `reply` says; keeps what it was sent."""

    def __init__(self, reply: str | None = None, *, status: int = 200, seconds: float = 0.0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.asked.append(body)
                stand_in.headers.append(dict(self.headers))
                time.sleep(seconds)
                ideas = json.loads(body["messages"][1]["content"])["ideas"]
                views = [{"id": idea["id"], "expressed": "yes", "reason": "It says so."} for idea in ideas]
                content = json.dumps({"ideas": views}) if reply is None else reply
                answer = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
