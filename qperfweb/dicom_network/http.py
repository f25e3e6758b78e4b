"""One HTTP request to a destination: no redirects, no proxies, the checked address only."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

from .guard import checked_address

PATIENCE_S = 60
LONGEST_ANSWER = 64 * 1024


def post(
    address: str, path: str, body: bytes | Iterable[bytes], headers: dict[str, str], *, free: bool
) -> tuple[int, bytes]:
    """Status and the beginning of the answer. ``free``: any address will do (set by the operator).

    Raises OSError where nobody answers, NotAllowedThere (one of them) where nobody may be asked.
    """
    parts = urlsplit(address)
    host, secure = str(parts.hostname), parts.scheme.endswith("https")
    port = parts.port or (443 if secure else 80)
    target = host if free else checked_address(host, port)
    shown = host if parts.port is None else f"{host}:{parts.port}"
    plain = socket.create_connection((target, port), timeout=PATIENCE_S)
    try:
        wired = ssl.create_default_context().wrap_socket(plain, server_hostname=host) \
            if secure else plain  # fmt: skip
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        connection.sock = wired
        connection.request(
            "POST",
            parts.path.rstrip("/") + path,
            body=body,
            headers={"Host": shown, "Connection": "close", **headers},
        )
        answer = connection.getresponse()
        return answer.status, answer.read(LONGEST_ANSWER)
    except http.client.HTTPException as error:
        raise OSError(f"{shown} gave no answer that is HTTP") from error
    finally:
        plain.close()
