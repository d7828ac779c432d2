from contextlib import nullcontext
from pathlib import Path

import pytest
import soundfile
import typer
from tests.audio.conftest import play
from tests.audio.corpus import of_64_bits

from genregraph.cli.check import main

ROWS = ["rock/a.wav", "rock/b.wav", "jazz/c.wav", "jazz/d.wav"]


@pytest.fixture
def here(tmp_path, monkeypatch) -> None:
    """A folder with a sheet of four sound clips, and the configuration of it."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(ROWS):
        Path("audio", name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(Path("audio", name), play(2 + number / 10), 22_050)
    write_sheet(*ROWS)
    Path("mine.yaml").write_text("{dataset: mine, sheet: mine.tsv, audio: audio}")


def write_sheet(*paths: str) -> None:
    lines = [f"{Path(path).stem}\t{path}\t{Path(path).parent}" for path in paths]
    Path("mine.tsv").write_text("\n".join(["clip\tpath\tgenre", *lines]))


def said(capsys, *words: str, faulty: bool = True) -> str:
    """What the check prints, which ends in a fault or not."""
    with pytest.raises(typer.Exit) if faulty else nullcontext() as ended:
        main([Path("mine.yaml")], [*words])
    assert not faulty or ended.value.exit_code == 1
    return capsys.readouterr().out


def test_next_command_is_printed(here, capsys) -> None:
    printed = said(capsys, "predict_by=multiclass_nkn", faulty=False)
    assert "FAULT" not in printed
    options = "--configfile mine.yaml --config predict_by=multiclass_nkn"
    assert printed.endswith(f" results/multiclass_knn.csv {options}\n")
    assert "note: multiclass_compare, " in printed  # Folds are fewer than asked for.
    # There is nothing to predict.
    assert "note: predict_by: no experiment 'multiclass_nkn'; did you mean" in printed


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["audio=gone"], "gone has none of the sheet's 4 clips"),
        (["tables={ours: gone.csv}"], "1 missing under tables: 'gone.csv'"),
        (["tables={ours:gone.csv}"], "tables"),
        (["seed"], "--config"),
        (["predict=audio", "predict_by=binary_pca"], "predict_by: binary_pca cannot predict new"),
    ],
)
def test_faults_of_settings_are_named_in_a_line(here, capsys, words, fault) -> None:
    printed = said(capsys, *words)
    assert fault in printed[printed.index("FAULT: ") :]


def test_files_are_named_by_their_fault(here, capsys) -> None:
    for name in ("rock/e.mp3", "rock/f.wav"):
        Path("audio", name).write_text("words\n" * 100)
    Path("audio/rock/empty.wav").touch()
    Path("audio/rock/64.wav").write_bytes(of_64_bits())
    soundfile.write("audio/rock/short.wav", play(0.5), 22_050)
    bad = ["e.mp3", "f.wav", "empty.wav", "short.wav", "gone.wav", "64.wav"]
    write_sheet(*ROWS, *(f"rock/{name}" for name in bad))
    printed = said(capsys)
    for fault in (
        "1 not in the audio folder: 'rock/gone.wav'",
        "2 unreadable: Format not recognised: 'rock/e.mp3', 'rock/f.wav'",
        "1 unreadable: File contains data in an unimplemented format: 'rock",
        "1 empty: the file has no bytes: 'rock/empty.wav'",
        "1 shorter than 1 s: 'rock/short.wav'",
    ):
        assert f"FAULT: {fault}" in printed
    assert "5 fault(s)" in printed


def test_copies_doubts_protocols_and_single_genres_are_noted(here, capsys) -> None:
    Path("audio/rock/again.wav").write_bytes(Path("audio/rock/a.wav").read_bytes())
    Path("audio/pop").mkdir()
    soundfile.write("audio/pop/one.wav", play(2.9), 22_050)
    write_sheet(*ROWS, "rock/again.wav", "pop/one.wav")
    text = Path("mine.tsv").read_text()
    Path("mine.tsv").write_text(text.replace("\trock\n", "\tRock\n", 1))
    printed = said(capsys, faulty=False)
    assert "note: the same content: 'rock/a.wav', 'rock/again.wav'" in printed
    assert "note: mine.tsv: genres 'Rock', 'rock' are taken for one, 'rock'" in printed
    assert "clean is left out: genres of a single group cannot be evaluated: pop" in printed
    write_sheet("rock/a.wav", "rock/b.wav")
    printed = said(capsys)
    assert "FAULT: multiclass_compare" in printed
    assert ": cannot run: paper: 2 clips of 1 genre(s): at least 2 genres are needed" in printed


def test_tables_alone_and_demo_and_fetched_datasets_need_no_audio(here, capsys) -> None:
    Path("ours.csv").write_text("clip,x\na,1\nb,2\nc,3\nd,4\n")
    printed = said(capsys, "audio=none", "tables={handcrafted: ours.csv}", faulty=False)
    # Its experiments drop a column, length, that this table lacks.
    assert not any(word in printed for word in ("FAULT", "length", "drop"))
    main()
    assert "artists of more than a tenth" not in capsys.readouterr().out  # Invented ones.
    main(config=["dataset=gtzan-mini"])
    assert "note: artists of more than a tenth" in capsys.readouterr().out
