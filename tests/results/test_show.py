from results.show import main


def test_what_was_computed_is_copied_and_said(tmp_path, capsys):
    found, text = tmp_path / "found.csv", tmp_path / "found.txt"
    found.write_bytes(b"a,b\r\n1,2\n")
    text.write_text("one line\n")
    main(found, tmp_path / "copy.csv", text)
    assert (tmp_path / "copy.csv").read_bytes() == found.read_bytes()
    assert capsys.readouterr().out.startswith("one line\n")


def test_a_text_speaks_for_itself(tmp_path, capsys):
    (tmp_path / "findings.md").write_text("# Findings\n")
    main(tmp_path / "findings.md", tmp_path / "copy.md")
    assert "Findings" not in capsys.readouterr().out
