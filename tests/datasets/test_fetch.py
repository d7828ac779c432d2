import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.fetch import BLOCK, fetch, main

ARCHIVE = np.random.default_rng(0).bytes(3 * BLOCK + 12_345)
MD5 = hashlib.md5(ARCHIVE).hexdigest()


@dataclass
class Server:
    """A web server that holds one archive, and what was asked of it."""

    address: str = ""
    content: bytes = ARCHIVE
    ranges: bool = True
    breaks_off_after: int | None = None
    asked: list[str | None] = field(default_factory=list)
    served: list[int] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers["Range"]
        self.asked.append(wanted)
        start = int(wanted[len("bytes=") : -1]) if wanted and self.ranges else 0
        if handler.path != "/archive.zip" or start >= len(self.content):
            return handler.send_error(416 if start else 404)
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        body = self.content[start:][: self.breaks_off_after]
        self.served.append(len(body))
        handler.wfile.write(body)


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        served.address = f"http://127.0.0.1:{http.server_port}/archive.zip"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield served
        http.shutdown()
        thread.join()


@pytest.fixture
def output(tmp_path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads/archive.zip"


def part_of(output: Path) -> Path:
    return output.with_name("archive.zip.part")


def assert_is_there_alone(output: Path) -> None:
    assert output.read_bytes() == ARCHIVE
    assert list(output.parent.iterdir()) == [output]


def test_fetch_resumes_where_a_download_broke_off(server, output) -> None:
    server.breaks_off_after = 2 * BLOCK + 77
    with pytest.raises(UserError, match=server.address):
        fetch([server.address], MD5, output)
    assert not output.exists()
    have = part_of(output).stat().st_size
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
        part_of(output).write_bytes(ARCHIVE[:have])
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


@pytest.mark.parametrize(
    "form", ["{}/local copy.zip", "file://{}/local copy.zip", "~/local copy.zip"]
)
def test_fetch_copies_local_paths(output, tmp_path, monkeypatch, form) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "local copy.zip").write_bytes(ARCHIVE)
    part_of(output).write_bytes(b"half of another archive" * 10**6)
    fetch([form.format(tmp_path)], MD5, output)
    assert_is_there_alone(output)
    assert (tmp_path / "local copy.zip").read_bytes() == ARCHIVE
