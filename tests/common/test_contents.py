import os

from genregraph.common.contents import sizes_and_times


def test_size_and_time_of_change_say_whether_a_file_is_another(tmp_path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (10**9, 10**9))
    found = [sizes_and_times(tmp_path, "ab"), sizes_and_times(tmp_path, "a")]
    for text, time in [("bb", 10**9), ("b", 10**8), ("b", 2 * 10**9)]:
        (tmp_path / "b").write_text(text)
        os.utime(tmp_path / "b", (time, time))
        found.append(sizes_and_times(tmp_path, "ab"))
    assert len(set(found)) == 5
    (tmp_path / "b").rename(tmp_path / "c")
    assert sizes_and_times(tmp_path, "ac") not in found
    assert sizes_and_times(tmp_path, "abc") == sizes_and_times(tmp_path, "ca")


def test_a_file_that_is_there_again_is_what_it_was(tmp_path) -> None:
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", ns=(10**18 + 1, 10**18 + 1))
    before = sizes_and_times(tmp_path, "a")
    (tmp_path / "a").unlink()
    assert sizes_and_times(tmp_path, "a") != before
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", ns=(10**18 + 1, 10**18 + 1))
    assert sizes_and_times(tmp_path, "a") == before
