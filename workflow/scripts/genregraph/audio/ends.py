"""Whether a file breaks off whose header states no length: Ogg, CAF and MP3 show it by their parts.

References
----------
.. [1] S. Pfeiffer, "The Ogg Encapsulation Format Version 0", RFC 3533, 2003, section 6.
.. [2] Apple, "Core Audio Format Specification", "CAF Chunk Header" and "Audio Data Chunk".
.. [3] ISO/IEC 11172-3:1993, section 2.4.2.3, and 13818-3:1998, section 2.4.2.3: headers of frames.
"""

import struct

from genregraph.audio.content import Content

PAGE = 27  # Bytes of an Ogg page's header, before its table of segments.
LAST = 4  # Flag of the last page of a stream.
LARGEST = PAGE + 255 + 255 * 255  # Bytes of a page.
SLACK = 1024  # Bytes of a CAF file, some milliseconds; one that lacks no more is whole.
UNSTATED = -1  # Size of a data chunk that reaches to the end.
FRAME = 1441  # Bytes of an MP3 frame, at most.
CHAIN = 4  # Frames in a row that no accident makes.
FEW = 8  # Bytes of an MP3 frame; one that lacks no more is whole.
# Of layer III, in kbit/s: MPEG 1; MPEG 2 and 2.5.
RATES = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
HERTZ = (44_100, 48_000, 32_000)  # Of MPEG 1; the half of MPEG 2, a quarter of MPEG 2.5.


def breaks_off(content: Content) -> bool:
    """Whether an Ogg lacks its last page, a CAF file some of its data, an MP3 some of a frame.

    Parameters
    ----------
    content : Content
        Of any format; of others than these three nothing is known, nor of an MP3 that ends between
        two frames.
    """
    if content.head.startswith(b"OggS"):
        return _lacks_last_page(content)
    if content.head.startswith((b"ID3", b"\xff")):
        return _lacks_some_of_a_frame(content)
    return content.head.startswith(b"caff") and _lacks_data(content)


def _lacks_last_page(content: Content) -> bool:
    # Twice a page: something may stand behind the last one.
    content.seek(max(0, content.size - 2 * LARGEST))
    end = content.read(2 * LARGEST) or b""
    start = end.rfind(b"OggS")
    page = end[start:]
    if start < 0 or len(page) < PAGE:
        return True
    segments = page[PAGE : PAGE + page[26]]
    whole = len(page) >= PAGE + page[26] + sum(segments)
    return not (whole and page[5] & LAST)


def _lacks_data(content: Content) -> bool:
    place = 8
    while place + 12 <= content.size:
        content.seek(place)
        kind, size = struct.unpack(">4sq", content.read(12) or b"")
        if kind == b"data":
            return size != UNSTATED and place + 12 + size > content.size + SLACK
        if size < 0:
            return False
        place += 12 + size
    return False


def _lacks_some_of_a_frame(content: Content) -> bool:
    content.seek(max(0, content.size - 4 * CHAIN * FRAME))
    end = content.read(4 * CHAIN * FRAME) or b""
    for start in range(len(end) - 4):
        place, frames = start, 0
        while size := _frame_size(end[place : place + 4]):
            place, frames = place + size, frames + 1
        if frames >= CHAIN:
            return place > len(end) + FEW  # There may be a tag behind the last frame.
    return False


def _frame_size(header: bytes) -> int:
    """Bytes of an MP3 frame by its first four; 0 if they begin none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5.
    rate, hertz, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or rate in (0, 15) or hertz == 3:
        return 0
    kbits = RATES[version != 3][rate - 1]
    samples, divisor = (1152, 1) if version == 3 else (576, 2 if version == 2 else 4)
    return samples // 8 * kbits * 1000 // (HERTZ[hertz] // divisor) + padding
