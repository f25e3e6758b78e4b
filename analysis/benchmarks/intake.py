"""How fast a scanner's exam is taken in: 600 objects over one C-STORE association on this machine.

An installation of its own (database, store, receiver) is made in a temporary folder. Its receiver
makes every object durable before it answers; the reference, dcmtk's storescp, does not.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE

from analysis.benchmarks.programs import outside
from analysis.phantom.styles.common import file_meta
from analysis.phantom.uids import derived_uid

ROOT = Path(__file__).resolve().parents[2]
OBJECTS = 600
SHAPE = (144, 192)
PATIENCE_S = 180.0


def run() -> dict[str, object]:
    """The benchmark row: objects a second from the opening of the association to its release."""
    objects = _objects(OBJECTS)
    with _receiver() as port:
        ours = _send(objects, port, "QPERF")
    row: dict[str, object] = {
        "name": "intake_objects_per_s",
        "value": round(OBJECTS / ours, 1),
        "unit": f"objects of {SHAPE[1]}x{SHAPE[0]}, one association of {OBJECTS}, durable",
        "reference": "dcmtk storescp, not durable",
        "reference_value": None,
        "ratio": None,
    }
    if storescp := outside("storescp"):
        with _storescp(storescp) as port:
            theirs = _send(objects, port, "STORESCP")
        row |= {
            "reference_value": round(OBJECTS / theirs, 1),
            "ratio": round(theirs / ours, 2),
        }
    return row


def _objects(count: int) -> list[Dataset]:
    """Images of one series: 60 time points of ten slices' worth of pixels."""
    rng = np.random.default_rng(0)
    study, series = derived_uid("benchmark"), derived_uid("benchmark", "series")
    made = []
    for number in range(1, count + 1):
        ds = Dataset()
        uid = derived_uid("benchmark", number)
        ds.file_meta = file_meta(MRImageStorage, uid)
        ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, uid
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.PatientID, ds.PatientName, ds.Modality = "BENCHMARK", "Benchmark", "MR"
        ds.SeriesNumber, ds.InstanceNumber = 1, number
        ds.Rows, ds.Columns = SHAPE
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit, ds.PixelRepresentation = 15, 0
        ds.PixelData = rng.integers(0, 4096, SHAPE, dtype=np.uint16).tobytes()
        made.append(ds)
    return made


def _send(objects: Sequence[Dataset], port: int, title: str) -> float:
    """Seconds of one association."""
    sender = AE(ae_title="BENCHMARK")
    sender.add_requested_context(MRImageStorage, ExplicitVRLittleEndian)
    began = time.perf_counter()
    association = sender.associate("127.0.0.1", port, ae_title=title)
    if not association.is_established:
        raise RuntimeError(f"{title} refused the association")
    for ds in objects:
        status = association.send_c_store(ds).get("Status")
        if status != 0x0000:
            raise RuntimeError(f"{title} answered {status}")
    association.release()
    return time.perf_counter() - began


@contextmanager
def _receiver() -> Iterator[int]:
    """Port of a receiver over an installation that is thrown away afterwards."""
    port = _free_port()
    # Not below /tmp of another user: the embedded database may run as its own system user.
    with TemporaryDirectory(prefix="qperf-benchmark-") as folder:
        Path(folder).chmod(0o755)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
        environment |= {
            "QPERF_STATE": str(Path(folder, "state")),
            "QPERF_DICOM_CALLERS": "BENCHMARK=benchmark",
        }
        command = [sys.executable, str(ROOT / "run")]
        make = (
            "from qperfweb.accounts.models import Site;"
            "Site.objects.create(slug='benchmark', name='Benchmark')"
        )
        for words in (["manage", "migrate"], ["manage", "shell", "-c", make]):
            subprocess.run(
                [*command, *words], env=environment, check=True, stdout=subprocess.DEVNULL
            )
        listener = [*command, "dicom-listener", "--host", "127.0.0.1", "--port", str(port)]
        with _running(listener, environment, port):
            yield port


@contextmanager
def _storescp(program: str) -> Iterator[int]:
    port = _free_port()
    with (
        TemporaryDirectory(prefix="qperf-storescp-") as folder,
        _running([program, "-od", folder, str(port)], dict(os.environ), port),
    ):
        yield port


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            until = time.monotonic() + PATIENCE_S
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{command[0]} did not come up")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
