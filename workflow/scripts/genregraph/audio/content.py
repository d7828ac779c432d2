"""A file's bytes as decoders see them: without a name, from where the audio starts."""

import io
import re
from pathlib import Path
from typing import Any

# What may follow zeros that do not belong there. An mp4 starts with zeros of its own.
AFTER_ZEROS = re.compile(rb"\xff[\xe0-\xff]|ID3|RIFF|fLaC|OggS")
HEAD = 2**16  # Bytes that are looked at in one go.


class Content(io.RawIOBase):
    """A file's bytes, with its faults kept.

    Decoders go by what they read and not by a name: libsndfile takes whatever is named .au for
    telephone speech. They take a disk that fails for the end of the file: `fault` says so.

    Attributes
    ----------
    whole : int
        Bytes of the file.
    size : int
        Bytes from where the audio starts: behind zeros and ID3 tags.
    head : bytes
        The first of them.
    fault : OSError or None
        The last fault of the disk.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.fault: OSError | None = None
        self._start = 0
        self.whole = self._file.seek(0, io.SEEK_END)
        self._start = self._audio()
        self.size = self.whole - self._start
        self.head = self._at(self._start, 256)
        self.seek(0)

    def _audio(self) -> int:
        start = 0
        while start < self.whole:
            head = self._at(start, 10)
            if len(head) == 10 and head.startswith(b"ID3") and max(head[6:]) < 128:
                length = sum(seven << 7 * place for place, seven in enumerate(head[:5:-1]))
                start += 10 + length + (10 if head[5] & 16 else 0)
            elif head.startswith(b"\0"):
                end = self._behind_zeros(start)
                if not AFTER_ZEROS.match(self._at(end, 4)):
                    return start
                start = end
            else:
                return start
        return 0

    def _behind_zeros(self, start: int) -> int:
        while block := self._at(start, HEAD):
            rest = block.lstrip(b"\0")
            start += len(block) - len(rest)
            if rest:
                break
        return start

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self.read(size) or b""

    def seekable(self) -> bool:
        """Decoders may seek."""
        return True

    def readable(self) -> bool:
        """Decoders may read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read; at a fault of the disk, nothing."""
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            self.fault = error
            return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, from where the audio starts, no further than the file reaches: headers lie."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size}[whence]
        inside = min(max(0, base + offset), self.size)
        return self._file.seek(self._start + inside) - self._start

    def tell(self) -> int:
        """Bytes from where the audio starts."""
        return self._file.tell() - self._start

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
