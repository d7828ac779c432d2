"""Whether a file whose header states no length breaks off: Ogg and CAF show it by their frame.

References
----------
.. [1] S. Pfeiffer, "The Ogg Encapsulation Format Version 0", RFC 3533, 2003, section 6.
.. [2] Apple, "Core Audio Format Specification", "CAF Chunk Header" and "Audio Data Chunk".
"""

import struct

from audio.content import Content

PAGE = 27  # Bytes of an Ogg page's header, before its table of segments.
LAST = 4  # Flag of the last page of a stream.
LARGEST = PAGE + 255 + 255 * 255  # Bytes of a page.
SLACK = 1024  # Bytes of a CAF file, some milliseconds; one that lacks no more is whole.
UNSTATED = -1  # Size of a data chunk that reaches to the end.


def breaks_off(content: Content) -> bool:
    """Whether an Ogg stream lacks its last page, or a CAF file some of its data.

    Parameters
    ----------
    content : Content
        Of any format; of others than these two nothing is known.
    """
    if content.head.startswith(b"OggS"):
        return _lacks_last_page(content)
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
