import os

from genregraph.common.contents import sizes_and_times


def test_size_and_time_of_change_say_whether_a_file_is_another(tmp_path) -> None:
    def written(name: str, text: str, time: int) -> str:
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, ns=(time, time))
        return sizes_and_times(tmp_path, "ab")

    one = written("a", "a", 10**18 + 1)
    found = [one, *(written("b", *each) for each in [("b", 10**18), ("bb", 10**18), ("b", 10**17)])]
    assert len(set(found)) == 4
    assert sizes_and_times(tmp_path, "ba") == found[-1]
    (tmp_path / "b").rename(tmp_path / "c")
    assert sizes_and_times(tmp_path, "ac") not in found
    assert sizes_and_times(tmp_path, "ab") == one  # As before there was a second file.
