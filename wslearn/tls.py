"""Certificates for `wss://` and `https://`: a temporary one for a lesson, or a real one from files. Lesson 05."""

import ssl
from pathlib import Path


def throwaway(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate authority and a certificate for `host` and loopback that no client trusts yet.

    Returns the server's context and the file in `folder` with the authority's certificate, which a client has to
    trust: `connect(url, ssl=ssl.create_default_context(cafile=FILE))`. The authority's key is not saved, so nobody else
    can make use of this trust.
    """
    import trustme  # brings cryptography, which takes a tenth of a second

    authority = trustme.CA(organization_name="wslearn, for one run")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*dict.fromkeys([host, "localhost", "127.0.0.1", "::1"])).configure_cert(context)
    file = folder / "wslearn-ca.pem"
    authority.cert_pem.write_to_path(file)
    return context, file


def from_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context for a certificate chain and its key, both PEM. Raises OSError, naming both files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one too
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise OSError(f"cannot use the certificate {certificate} with the key {key}: {why}") from None
    return context
