from pathlib import Path

from genregraph.datasets.folder import audio_files, counted


def folder_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_audio_files_are_those_of_known_extensions_at_any_depth(tmp_path) -> None:
    names = ["rock/Ann/Live/CD 1/b.flac", "rock/A.WAV", "c.Mp3", "folk music/d.1.ogg"]
    files, passed_over = audio_files(folder_of(tmp_path, *names))
    assert [str(file) for file in files] == sorted(names)
    assert passed_over == {}


def test_other_files_are_counted_by_reason(tmp_path) -> None:
    folder = folder_of(
        tmp_path,
        *("rock/a.wav", "rock/b.ape", "rock/Ann/c.APE", "rock/cover.jpg", "rock/wav"),
        *(".Trash-1000/files/e.wav", "rock/.ipynb_checkpoints/f.wav", "@eaDir/rock/g.wav"),
        *("rock/._a.wav", "__MACOSX/rock/._a.wav", "rock/folder.mp3/notes.txt"),
    )
    (folder / "rock/gone.wav").symlink_to("nowhere.wav")
    (folder / "rock/odd.wav").symlink_to("x" * 300)  # To look there is an error.
    (folder / "rock/again").symlink_to(folder / "rock")
    files, passed_over = audio_files(folder)
    assert [str(file) for file in files] == ["rock/a.wav"]
    assert counted(passed_over) == [
        "5 hidden, or of a system: '.Trash-1000', ...",
        "2 no file, or a link to nowhere: 'rock/gone.wav', ...",
        "1 with extension (none): 'rock/wav'",
        "2 with extension .ape: 'rock/b.ape', ...",
        "1 with extension .jpg: 'rock/cover.jpg'",
        "1 with extension .txt: 'rock/folder.mp3/notes.txt'",
    ]
