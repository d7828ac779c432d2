import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from genregraph.common.errors import UserError
from genregraph.predict.artists import artists_of, by_artist, read_artists


def test_files_of_one_artist_have_the_mean_of_their_probabilities() -> None:
    rows = [[0.6, 0.4], [0.1, 0.9], [0.9, 0.1], [0.3, 0.7], [0.2, 0.8]]
    probabilities = pd.DataFrame(rows, columns=["jazz", "rock"])
    artists = ["The Ann's", "anns", "Bo", "V.A.", "various artists"]
    found = by_artist(artists, probabilities)
    assert found["artist"].tolist() == ["The Ann's", "anns", "Bo", "", ""]
    assert found["genre_by_artist"].tolist() == ["rock", "rock", "", "", ""]
    assert_allclose(found["probability_by_artist"], [0.65, 0.65, np.nan, np.nan, np.nan])


def test_no_file_has_no_artist() -> None:
    found = by_artist([], pd.DataFrame(columns=["jazz", "rock"], dtype=float))
    assert found.shape == (0, 3)


@pytest.mark.parametrize(
    "content",
    [
        'file,artist,title\na.mp3,"Simon, Paul",x\nsub/b.mp3,Bo,y\ngone.mp3,Cy,z\n',
        "\ufefffile;artist\r\na.mp3;Simon, Paul\r\nsub/b.mp3;Bo\r\n",
        "artist\tfile\nSimon, Paul\tlists/a.mp3\nBo\tlists/sub/b.mp3\n",
    ],
)
def test_a_sheet_names_files_from_its_folder_or_that_of_the_run(
    tmp_path, monkeypatch, content
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    sheet = tmp_path / "lists/artists.txt"
    sheet.write_text(content, encoding="utf-8")
    files = ["lists/a.mp3", "lists/sub/b.mp3", "other.mp3"]
    found = read_artists(sheet, files)
    assert found == {"lists/a.mp3": "Simon, Paul", "lists/sub/b.mp3": "Bo"}
    tags = {"lists/a.mp3": "Paul", "other.mp3": "Di"}
    assert artists_of(tags, sheet, files) == ["Simon, Paul", "Bo", "Di"]
    assert artists_of(tags, None, files) == ["Paul", "", "Di"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"file,singer\na.mp3,Ann\n", "has columns file, singer; it needs file and artist"),
        (b"file,artist\nb.mp3,Ann\n", "none of the 1 rows .* such as 'a.mp3'"),
        (b"file,artist\na.mp3,Caf\xe9\n", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_a_sheet_of_no_use_is_an_error(tmp_path, content, said) -> None:
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_artists(tmp_path / "sheet.csv", ["a.mp3"])
