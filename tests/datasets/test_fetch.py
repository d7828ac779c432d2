import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.fetch import BLOCK, fetch, main

PART = "archive.zip.part"
ARCHIVE = np.random.default_rng(0).bytes(3 * BLOCK + 12_345)
MD5 = hashlib.md5(ARCHIVE).hexdigest()


@pytest.fixture
def server(monkeypatch) -> Iterator[SimpleNamespace]:
    """A web server that holds one archive, and what was asked of it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    held = {"content": ARCHIVE, "ranges": True, "breaks_off_after": None}
    it = SimpleNamespace(**held, asked=[], served=[])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            it.asked.append(wanted)
            start = int(wanted[len("bytes=") : -1]) if wanted and it.ranges else 0
            if self.path != "/archive.zip" or start >= len(it.content):
                return self.send_error(416 if start else 404)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(it.content) - start))
            self.end_headers()
            body = it.content[start:][: it.breaks_off_after]
            it.served.append(len(body))
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        it.address = f"http://127.0.0.1:{http.server_port}/archive.zip"
        threading.Thread(target=http.serve_forever, args=(0.01,)).start()
        yield it
        http.shutdown()


@pytest.fixture
def output(tmp_path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads/archive.zip"


def assert_is_there_alone(output: Path) -> None:
    assert output.read_bytes() == ARCHIVE
    assert list(output.parent.iterdir()) == [output]


def test_fetch_resumes_where_a_download_broke_off(server, output) -> None:
    server.breaks_off_after = 2 * BLOCK + 77
    with pytest.raises(UserError, match=server.address):
        fetch([server.address], MD5, output)
    assert not output.exists()
    have = output.with_name(PART).stat().st_size
    assert have >= 2 * BLOCK
    server.breaks_off_after = None
    fetch([server.address], MD5, output)
    assert_is_there_alone(output)
    assert server.asked == [None, f"bytes={have}-"]
    assert server.served[-1] == len(ARCHIVE) - have


@pytest.mark.parametrize(
    ("have", "ranges", "served"),
    [(0, True, [len(ARCHIVE)]), (BLOCK, False, [len(ARCHIVE)]), (len(ARCHIVE), True, [])],
)
def test_fetch_asks_for_what_is_missing(server, output, capsys, have, ranges, served) -> None:
    server.ranges = ranges
    if have:
        output.with_name(PART).write_bytes(ARCHIVE[:have])
    main(output, MD5, [server.address])
    assert_is_there_alone(output)
    assert server.served == served
    assert not served or "3.16M/3.16M" in capsys.readouterr().err


def test_wrong_checksum_leaves_nothing_and_says_what_to_do(server, output) -> None:
    server.content = ARCHIVE[:-1] + b"!"
    with pytest.raises(UserError) as error:
        fetch([server.address], MD5, output)
    assert list(output.parent.iterdir()) == []
    message = str(error.value)
    assert f"{server.address}: what came does not have the MD5 {MD5}" in message
    assert f"put the archive with MD5 {MD5} at {output}" in message
    assert "GTZAN's on Kaggle" in message and "--config audio=FOLDER" in message


def test_addresses_that_fail_are_passed_over_or_named_with_the_reason(server, output) -> None:
    missing = server.address.replace("archive", "moved")
    dead = ["http://127.0.0.1:9/archive.zip", missing, "/no/such/archive.zip"]  # Nobody listens.
    fetch([*dead, server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    with pytest.raises(UserError) as error:
        fetch(dead, MD5, output)
    first, _, second, third, *_ = str(error.value).splitlines()
    assert first == "could not fetch archive.zip:"
    assert second.startswith(f"  - {missing}: 404 ")
    assert third.startswith("  - /no/such/archive.zip: ") and "No such file" in third


@pytest.mark.parametrize("folder", ["{}", "file://{}", "~"])
def test_fetch_copies_local_paths(output, tmp_path, monkeypatch, folder) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "local copy.zip").write_bytes(ARCHIVE)
    output.with_name(PART).write_bytes(b"half of another archive" * 10**6)
    fetch([f"{folder.format(tmp_path)}/local copy.zip"], MD5, output)
    assert_is_there_alone(output)
    assert (tmp_path / "local copy.zip").read_bytes() == ARCHIVE
