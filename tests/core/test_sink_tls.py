"""The trail goes over TLS to a server that a named authority vouches for, and to no other."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from qperfweb.core.models import TrailShipment
from qperfweb.core.sink import ship_trail
from tests.core.test_sink import sealed, unframed

__all__ = ["sealed"]


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, signer, *extensions):
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    )  # fmt: skip
    for extension, critical in extensions:
        made = made.add_extension(extension, critical=critical)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path):
    """An authority made here: its own certificate, and a chain for 127.0.0.1 with its key."""
    own, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ca.pem").write_bytes(
        certificate(
            "our authority",
            own,
            "our authority",
            own,
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True),
            (x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False),
        )  # fmt: skip
    )
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key())
    key = server.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "server.pem").write_bytes(
        key + certificate("log", server, "our authority", own, (here, False), (issued_by, False))
    )
    return tmp_path


def shipped_to(authority, settings, as_worker, *, ca):
    """What a TLS log server received; the error when the sender did not trust it."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(authority / "server.pem")
    received = []

    def take(server):
        connection, _ = server.accept()
        try:
            with trust.wrap_socket(connection, server_side=True) as secure:
                while piece := secure.recv(65536):
                    received.append(piece)
        except (ssl.SSLError, ConnectionError):  # the sender turned away
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        taking = threading.Thread(target=take, args=(server,), daemon=True)
        taking.start()
        settings.TRAIL_SINK = f"tls://127.0.0.1:{server.getsockname()[1]}"
        settings.TRAIL_SINK_CA = str(ca) if ca else ""
        try:
            with as_worker():
                ship_trail()
        finally:
            taking.join(5)
    return unframed(b"".join(received))


def test_events_go_to_a_server_that_the_named_authority_vouches_for(
    sealed, authority, settings, as_worker
):
    lines = shipped_to(authority, settings, as_worker, ca=authority / "ca.pem")
    assert len(lines) == 3


def test_nothing_goes_to_a_server_that_nobody_vouches_for(sealed, authority, settings, as_worker):
    with pytest.raises(ssl.SSLCertVerificationError):
        shipped_to(authority, settings, as_worker, ca=None)
    assert not TrailShipment.objects.filter(number__gt=0).exists()
