import asyncio
import ssl
import urllib.request

import pytest
import trustme
from support import until
from websockets.asyncio.client import connect

from wslearn import EchoServer
from wslearn.tls import from_files, throwaway


async def test_a_certificate_made_on_the_spot_serves_wss_and_https_to_who_trusts_it(tmp_path, caplog):
    context, authority = throwaway("127.0.0.1", tmp_path)
    trusting = ssl.create_default_context(cafile=authority)
    async with EchoServer(tls=context) as server:
        assert server.url.startswith("wss://") and server.page_url.startswith("https://")
        async with connect(server.url, ssl=trusting) as ws:
            assert await ws.recv() == "Welcome! Connection established."
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(server.url)
        get = await asyncio.to_thread(urllib.request.urlopen, f"{server.page_url}hello", context=trusting)
        with get:
            assert get.read() == b"Hello World!"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")  # a client that knows nothing of TLS
        await asyncio.wait_for(reader.read(), 30)
        writer.close()
        await until(lambda: not server.sockets)
    assert "Traceback" not in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["wslearn-ca.pem"]


async def test_a_real_certificate_comes_from_files(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with EchoServer(tls=from_files(certificate, key)) as server, connect(server.url, ssl=trusting) as ws:
        assert await ws.recv()


def test_files_that_cannot_be_used_are_named(tmp_path):
    file = tmp_path / "cert.pem"
    with pytest.raises(OSError, match=r"cannot use the certificate .*cert.pem with the key .*: No such file"):
        from_files(file, file)
    file.write_text("no certificate")
    with pytest.raises(OSError, match=r"cannot use the certificate .*cert.pem with the key"):
        from_files(file, file)
