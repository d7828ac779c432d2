from genregraph.evaluation.show import main


def test_what_was_computed_is_copied(tmp_path):
    found = tmp_path / "found.csv"
    found.write_bytes(b"a,b\r\n1,2\n")
    main(found, tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_bytes() == found.read_bytes()
