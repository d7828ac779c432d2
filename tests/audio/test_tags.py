import pytest
from tests.audio.conftest import tagged

from genregraph.audio.tags import Tags, read_tags

STATED = {"title": "Song  1", "artist": "Ann", "album_artist": "Ann & Band", "genre": "Folk; Pop"}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *[("a.mp3", "libmp3lame"), ("a.ogg", "libopus"), ("a.opus", "libopus"), ("a.m4a", "aac")],
        *[("a.wma", "wmav2"), ("a.flac", "flac"), ("a.wav", "pcm_s16le")],
    ],
)
def test_tags_of_every_format_are_read(tmp_path, name, codec) -> None:
    tagged(tmp_path / name, codec, STATED)
    artist = "Ann" if name == "a.wav" else "Ann & Band"  # WAV has no album artist.
    assert read_tags(tmp_path / name) == Tags("Folk", artist, "Song 1")


@pytest.mark.parametrize(
    ("artists", "artist"),
    [
        ({"album_artist": "Various Artists", "artist": "Ann"}, "Ann"),
        ({"album_artist": "V.A.", "artist": "Unknown Artist"}, ""),
        ({"artist": "Ann"}, "Ann"),
        ({}, ""),
    ],
)
def test_various_or_unknown_artists_are_none(tmp_path, artists, artist) -> None:
    tagged(tmp_path / "a.mp3", "libmp3lame", artists)
    assert read_tags(tmp_path / "a.mp3") == Tags(artist=artist)


@pytest.mark.parametrize("name", ["text.mp3", "empty.wav", "http:a.mp3", "folder.mp3", "gone.mp3"])
def test_what_is_no_audio_has_no_tags(tmp_path, name) -> None:
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "text.mp3").write_text("words\n" * 100)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "http:a.mp3").touch()
    assert read_tags(tmp_path / name) == Tags()


@pytest.mark.parametrize("genre", ["80s", "8-bit", "2 Tone", "1990s; Pop", "Rock", "90\u2019s"])
@pytest.mark.parametrize("encoding", [0, 1, 3])
def test_genres_that_begin_with_a_digit_are_no_numbers(tmp_path, genre, encoding) -> None:
    path = tmp_path / "a.mp3"
    tagged(path, "libmp3lame", {"genre": "Placeholder" + " " * 30})
    codec = ("cp1252" if genre.isascii() else "utf-16", "utf-16", "", "utf-8")[encoding]
    encoding = 1 if codec == "utf-16" else encoding
    frame = bytes([encoding]) + genre.encode(codec)
    content = path.read_bytes()
    start, size = content.index(b"TCON") + 10, content[content.index(b"TCON") + 7]
    path.write_bytes(content[:start] + frame.ljust(size, b"\0") + content[start + size :])
    assert read_tags(path).genre == genre.split(";")[0]


def test_number_of_a_genre_is_its_name_and_unknown_encodings_state_nothing(tmp_path) -> None:
    tagged(tmp_path / "a.mp3", "libmp3lame", {"genre": "(17)"})
    assert read_tags(tmp_path / "a.mp3").genre == "Rock"
    path = tmp_path / "a.wav"
    tagged(path, "pcm_s16le", {"genre": "Rock", "artist": "Anna", "title": "One"})
    path.write_bytes(path.read_bytes().replace(b"Anna", b"\xc0\xed\xed\xe0"))
    assert read_tags(path) == Tags(genre="Rock", title="One", undecodable=True)
