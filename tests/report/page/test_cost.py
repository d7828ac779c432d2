import numpy as np
import pandas as pd

from genregraph.report.page.cost import costs, read_benchmarks


def measured(seconds, memory):
    return pd.DataFrame({"s": [seconds], "max_rss": [memory]})


def test_jobs_of_a_step_are_added_up_and_the_costliest_comes_first():
    table = costs(
        {
            "a/paper/models.fit.tsv": measured(2.0, 300.0),
            "a/clean/models.fit.tsv": measured(5.0, 200.0),
            # Of a step whose jobs differ in what they are of.
            "a/features.gather.compare.tsv": measured(9.0, "-"),
            "a/features.gather.handcrafted.tsv": measured(0.5, "-"),
        }
    )
    assert table["step"].tolist() == ["features.gather", "models.fit"]
    assert table["jobs"].tolist() == [2, 2]
    assert table["seconds"].tolist() == [9.5, 7.0]
    assert table["longest"].tolist() == [9.0, 5.0]
    assert np.isnan(table["memory"][0])
    assert table["memory"][1] == 300


def test_without_benchmarks_there_are_no_rows():
    assert costs({}).empty


def test_experiments_that_are_no_more_do_not_count(tmp_path):
    for name in ("mine/30s", "mine/experiments/now/paper", "mine/experiments/before"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.step.tsv").write_text("s\tmax_rss\n1.5\t20\n")
    (tmp_path / "mine/30s/package.cut.short.tsv").touch()  # Of a job that was killed.
    found = read_benchmarks(tmp_path / "mine", ["now"])
    assert [path.split("mine/")[1] for path in found] == [
        "30s/package.step.tsv",
        "experiments/now/paper/package.step.tsv",
    ]
    assert costs(found)["seconds"].tolist() == [3.0]
