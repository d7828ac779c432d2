"""TensorFlow's checkpoints, read without TensorFlow.

A checkpoint is two files. The index is a table as LevelDB [1]_ writes it: from each tensor's name
to an entry (a protocol-buffer message [2]_) that tells its type, shape and place. The other file
holds the values, one tensor after the other, as little-endian numbers.

References
----------
.. [1] LevelDB, "File format" of tables: footer, index block, data blocks.
.. [2] TensorFlow, ``tensor_bundle.proto`` (``BundleHeaderProto``, ``BundleEntryProto``) and
   ``tensor_shape.proto``; Protocol Buffers, "Encoding".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FOOTER = 48  # bytes
MAGIC = bytes.fromhex("57fb808b247547db")
UNCOMPRESSED = 0
FLOAT = 1  # TensorFlow's DT_FLOAT
# Wire types of protocol buffers.
VARINT, EIGHT_BYTES, DELIMITED, FOUR_BYTES = 0, 1, 2, 5


def read_tensors(index: bytes, values: bytes) -> dict[str, NDArray[np.float32]]:
    """Tensors of a checkpoint.

    Checksums are not looked at: who has the files from elsewhere compares them as a whole.

    Parameters
    ----------
    index : bytes
        The file ``<name>.index``.
    values : bytes
        The file ``<name>.data-00000-of-00001``.

    Returns
    -------
    dict of str to NDArray[np.float32]
        By name, in the order of names; read-only views of ``values``.

    Raises
    ------
    ValueError
        If the index is no such table, or a tensor is not of single-precision numbers, is kept in
        parts or in another file, or lies outside ``values``.
    """
    entries = dict(_table(index))
    header = _message(entries.pop(b"", b""))
    shards, big_endian = header.number(1), header.number(2)
    if shards != 1 or big_endian:
        raise ValueError(
            f"{shards} files of values, {'big' if big_endian else 'little'}-endian: "
            "only one little-endian file is read"
        )
    return {name.decode(): _tensor(name.decode(), entry, values) for name, entry in entries.items()}


def _tensor(name: str, entry: bytes, values: bytes) -> NDArray[np.float32]:
    found = _message(entry)
    kind, offset, size = found.number(1), found.number(4), found.number(5)
    shape = [
        _message(dimension).number(1)
        for described in found.parts.get(2, [])
        for dimension in _message(described).parts.get(2, [])
    ]
    if kind != FLOAT or 7 in found.parts:
        raise ValueError(
            f"{name}: type {kind}, or kept in parts: only whole float tensors are read"
        )
    count = int(np.prod(shape, dtype=np.int64))
    if size != 4 * count or offset + size > len(values):
        raise ValueError(
            f"{name}: {size} bytes at {offset} do not hold shape {shape} in a file of {len(values)}"
        )
    return np.frombuffer(values, "<f4", count, offset).reshape(shape)


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table, in order."""
    if len(content) < FOOTER or content[-len(MAGIC) :] != MAGIC:
        raise ValueError("this is no index of a checkpoint: a LevelDB table has another end")
    footer = content[-FOOTER:]
    _, _, after = _handle(footer, 0)  # Where the index of filters would be.
    offset, size, _ = _handle(footer, after)
    for _, place in _block(content, offset, size):
        offset, size, _ = _handle(place, 0)
        yield from _block(content, offset, size)


def _block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; a key states how much of the key before it begins with."""
    if offset + size >= len(content):
        raise ValueError(f"the index is cut off: a block ends at {offset + size}")
    if content[offset + size] != UNCOMPRESSED:
        raise ValueError("the index is compressed, as TensorFlow does not write it")
    block = content[offset : offset + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end = size - 4 - 4 * restarts
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _handle(content: bytes, at: int) -> tuple[int, int, int]:
    """Offset and size of a block, and where its description ends."""
    offset, at = _varint(content, at)
    size, at = _varint(content, at)
    return offset, size, at


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and where it ends."""
    number = 0
    for count, byte in enumerate(content[at : at + 10]):
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return number, at + count + 1
    raise ValueError(f"the index is broken: no number ends behind byte {at}")


@dataclass(frozen=True)
class _Message:
    """Fields of a protocol-buffer message by their number."""

    numbers: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[bytes]] = field(default_factory=dict)

    def number(self, key: int) -> int:
        """A number; what is not stated is 0."""
        return self.numbers.get(key, 0)


def _message(content: bytes) -> _Message:
    message = _Message()
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        key, wire = tag >> 3, tag & 7
        if wire == VARINT:
            message.numbers[key], at = _varint(content, at)
        elif wire == DELIMITED:
            length, at = _varint(content, at)
            message.parts.setdefault(key, []).append(content[at : at + length])
            at += length
        elif wire in (FOUR_BYTES, EIGHT_BYTES):
            width = 4 if wire == FOUR_BYTES else 8
            message.numbers[key] = int.from_bytes(content[at : at + width], "little")
            at += width
        else:
            raise ValueError(f"the index is broken: field {key} is of an unknown kind {wire}")
    return message
