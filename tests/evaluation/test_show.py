from genregraph.evaluation.show import main


def test_result_is_copied(tmp_path):
    (tmp_path / "result.csv").write_bytes(b"a,b\r\n1,2\n")
    main(tmp_path / "result.csv", tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_bytes() == b"a,b\r\n1,2\n"
