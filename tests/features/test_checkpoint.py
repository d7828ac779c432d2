import struct
from itertools import takewhile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from features.checkpoint import MAGIC, read_tensors

RNG = np.random.default_rng(0)
TENSORS = {
    "batch_normalization/gamma": RNG.standard_normal(3),
    "conv2d/bias": RNG.standard_normal(300),
    "conv2d/kernel": RNG.standard_normal((2, 3, 1, 300)),
    "conv2d_1/kernel": RNG.standard_normal((4, 1)),
    "none": np.zeros((0, 5)),
    "power": np.array(-0.125),
}


def varint(number):
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F)
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def number(key, value):
    return varint(key << 3) + varint(value)


def part(key, content):
    return varint(key << 3 | 2) + varint(len(content)) + content


def checksum(key):
    return varint(key << 3 | 5) + b"\xff\xfe\xfd\xfc"


def entry(shape, offset, size, kind=1, more=b""):
    """A tensor's entry; what is 0 is not stated."""
    shape = b"".join(part(2, number(1, length) if length else b"") for length in shape)
    place = number(4, offset) if offset else b""
    return number(1, kind) + part(2, shape) + place + number(5, size) + checksum(6) + more


def header(shards=1, endianness=b""):
    return number(1, shards) + endianness + part(3, number(1, 1))


def block(pairs, kind=0):
    """Pairs of key and value, where a key leaves out what it shares with the key before it."""
    content, before = b"", b""
    for key, value in pairs:
        same = takewhile(lambda two: two[0] == two[1], zip(before, key, strict=False))
        shared = len(list(same))
        lengths = [shared, len(key) - shared, len(value)]
        content += b"".join(map(varint, lengths)) + key[shared:] + value
        before = key
    return content + struct.pack("<II", 0, 1), bytes([kind]) + b"\x00" * 4


def table(pairs, a_block=3, kind=0):
    """A LevelDB table with so many pairs a block."""
    content, places = b"", []
    for first in range(0, len(pairs), a_block):
        body, tail = block(pairs[first : first + a_block], kind)
        place = varint(len(content)) + varint(len(body))
        places.append((pairs[min(first + a_block, len(pairs)) - 1][0] + b"~", place))
        content += body + tail
    filters = varint(len(content)) + varint(len(block([])[0]))
    content += b"".join(block([]))
    body, tail = block(places)
    footer = filters + varint(len(content)) + varint(len(body))
    return content + body + tail + footer.ljust(40, b"\x00") + MAGIC


def checkpoint(tensors, first=None, a_block=3, kind=0):
    pairs, values = [(b"", header() if first is None else first)], b""
    for name, tensor in sorted(tensors.items()):
        content = tensor.astype("<f4").tobytes()
        pairs.append((name.encode(), entry(tensor.shape, len(values), len(content))))
        values += content
    return table(pairs, a_block, kind), values


@pytest.mark.parametrize("a_block", [1, 2, 100])
def test_tensors_come_by_name_in_their_shapes(a_block):
    found = read_tensors(*checkpoint(TENSORS, a_block=a_block))
    assert list(found) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert_array_equal(found[name], tensor.astype(np.float32), strict=True)


def test_many_tensors_fill_many_blocks():
    tensors = {f"layer_{i}/kernel": np.full((i % 3, 2), i) for i in range(500)}
    found = read_tensors(*checkpoint(tensors, a_block=16))
    assert {name: values.shape for name, values in found.items()} == {
        name: values.shape for name, values in tensors.items()
    }
    assert found["layer_499/kernel"].tolist() == [[499, 499]]


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (header(shards=2), "2 files of values, little-endian"),
        (header(endianness=number(2, 1)), "1 files of values, big-endian"),
    ],
)
def test_another_layout_of_values_is_refused(first, problem):
    with pytest.raises(ValueError, match=problem):
        read_tensors(*checkpoint(TENSORS, first))


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        (entry([2], 0, 16, kind=2), "x: type 2, or kept in parts"),
        (entry([2], 0, 8, more=part(7, b"")), "x: type 1, or kept in parts"),
        (entry([2], 4, 8), r"x: 8 bytes at 4 do not hold shape \[2\] in a file of 8"),
        (entry([3], 0, 8), r"x: 8 bytes at 0 do not hold shape \[3\]"),
    ],
)
def test_a_tensor_that_cannot_be_read_is_named(described, problem):
    with pytest.raises(ValueError, match=problem):
        read_tensors(table([(b"", header()), (b"x", described)]), bytes(8))


def test_an_unknown_kind_of_field_is_refused():
    with pytest.raises(ValueError, match="field 9 is of an unknown kind 3"):
        read_tensors(table([(b"", header()), (b"x", varint(9 << 3 | 3))]), b"")


def test_a_file_that_is_no_table_is_refused():
    index, values = checkpoint(TENSORS)
    for broken in (b"", index[:-1], index + b"\n", b"<html>Please sign in</html>" * 10):
        with pytest.raises(ValueError, match="no index of a checkpoint"):
            read_tensors(broken, values)


def test_a_table_that_lost_its_beginning_is_refused():
    index, values = checkpoint(TENSORS)
    with pytest.raises(ValueError, match="cut off"):
        read_tensors(index[-60:], values)


def test_a_compressed_table_is_refused():
    with pytest.raises(ValueError, match="compressed"):
        read_tensors(*checkpoint(TENSORS, kind=1))
