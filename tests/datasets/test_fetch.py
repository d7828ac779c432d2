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
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    served: list[int] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers["Range"]
        self.asked.append((handler.path, wanted))
        if handler.path != "/archive.zip":
            return handler.send_error(404)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        start = start if self.ranges else 0
        if start and start >= len(self.content):
            return handler.send_error(416)
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

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        served.address = f"http://127.0.0.1:{http.server_port}/archive.zip"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield served
        http.shutdown()
        thread.join()


@pytest.fixture
def output(tmp_path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder / "archive.zip"


def part_of(output: Path) -> Path:
    return output.with_name("archive.zip.part")


def test_an_archive_comes_whole(server, output) -> None:
    fetch([server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    assert list(output.parent.iterdir()) == [output]
    assert server.asked == [("/archive.zip", None)]


def test_a_broken_download_is_resumed_where_it_broke(server, output) -> None:
    server.breaks_off_after = 2 * BLOCK + 77
    with pytest.raises(UserError, match=server.address):
        fetch([server.address], MD5, output)
    assert not output.exists()
    have = part_of(output).stat().st_size
    assert have >= 2 * BLOCK
    server.breaks_off_after = None
    fetch([server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    assert server.asked[-1] == ("/archive.zip", f"bytes={have}-")
    assert server.served[-1] == len(ARCHIVE) - have
    assert list(output.parent.iterdir()) == [output]


def test_another_address_goes_on_where_the_first_broke_off(server, output) -> None:
    part_of(output).write_bytes(ARCHIVE[:BLOCK])
    dead = server.address.replace("archive", "moved")
    fetch([dead, server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    assert server.served == [len(ARCHIVE) - BLOCK]


def test_a_server_without_ranges_starts_anew(server, output) -> None:
    part_of(output).write_bytes(ARCHIVE[:BLOCK])
    server.ranges = False
    fetch([server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    assert server.served == [len(ARCHIVE)]


def test_a_part_that_is_complete_is_taken(server, output) -> None:
    part_of(output).write_bytes(ARCHIVE)
    fetch([server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE
    assert server.served == []
    assert list(output.parent.iterdir()) == [output]


def test_a_wrong_checksum_leaves_nothing_and_says_what_to_do(server, output) -> None:
    server.content = ARCHIVE[:-1] + b"!"
    with pytest.raises(UserError) as error:
        fetch([server.address], MD5, output)
    assert list(output.parent.iterdir()) == []
    message = str(error.value)
    assert f"{server.address}: what came does not have the MD5 {MD5}" in message
    assert f"put the archive with MD5 {MD5} at {output}" in message
    assert "--config audio=FOLDER" in message


def test_after_a_wrong_checksum_the_next_address_starts_anew(server, output, tmp_path) -> None:
    good = tmp_path / "mirror.zip"
    good.write_bytes(ARCHIVE)
    server.content = b"<html>Please sign in</html>"
    fetch([server.address, str(good)], MD5, output)
    assert output.read_bytes() == ARCHIVE


def test_dead_addresses_are_passed_over(server, output) -> None:
    nobody = "http://127.0.0.1:9/archive.zip"  # The discard port: nobody listens.
    missing = server.address.replace("archive", "moved")
    fetch([nobody, missing, "/no/such/archive.zip", server.address], MD5, output)
    assert output.read_bytes() == ARCHIVE


def test_each_address_that_failed_is_named_with_its_reason(server, output) -> None:
    missing = server.address.replace("archive", "moved")
    with pytest.raises(UserError) as error:
        fetch([missing, "/no/such/archive.zip"], MD5, output)
    lines = str(error.value).splitlines()
    assert lines[0] == "could not fetch archive.zip:"
    assert lines[1].startswith(f"  - {missing}: 404 ")
    assert lines[2].startswith("  - /no/such/archive.zip: ") and "No such file" in lines[2]


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_local_path_is_as_good(output, tmp_path, form) -> None:
    local = tmp_path / "local copy.zip"
    local.write_bytes(ARCHIVE)
    main(output, MD5, [form.format(local)])
    assert output.read_bytes() == ARCHIVE == local.read_bytes()
    assert list(output.parent.iterdir()) == [output]


def test_a_half_download_does_not_spoil_a_local_copy(output, tmp_path) -> None:
    local = tmp_path / "copy.zip"
    local.write_bytes(ARCHIVE)
    part_of(output).write_bytes(b"half of another archive" * 10**6)
    fetch([str(local)], MD5, output)
    assert output.read_bytes() == ARCHIVE


def test_the_home_folder_may_be_a_tilde(output, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "copy.zip").write_bytes(ARCHIVE)
    fetch(["~/copy.zip"], MD5, output)
    assert output.read_bytes() == ARCHIVE


def test_the_bar_shows_what_had_come_already(server, output, capsys) -> None:
    part_of(output).write_bytes(ARCHIVE[: 3 * BLOCK])
    main(output, MD5, [server.address])
    shown = capsys.readouterr().err
    assert "archive.zip: 100%" in shown
    assert "3.16M/3.16M" in shown
