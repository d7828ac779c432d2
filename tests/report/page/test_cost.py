import numpy as np

from genregraph.report.page.cost import costs


def test_costs_are_summed_by_step(tmp_path):
    """Without experiments that are no more, and without jobs that were killed."""
    measured = {
        "30s/features.gather.compare.tsv": "9.0\t-",
        "30s/features.gather.handcrafted.tsv": "0.5\t-",
        "experiments/now/paper/models.fit.tsv": "2.0\t300.0",
        "experiments/now/clean/models.fit.tsv": "5.0\t200.0",
        "experiments/before/paper/models.fit.tsv": "7.0\t900.0",
        "30s/audio.audit.tsv": None,
    }
    for name, numbers in measured.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\n{numbers}\n" if numbers else "")
    table = costs(tmp_path, ["now"])
    assert table["step"].tolist() == ["features.gather", "models.fit"]
    assert table["jobs"].tolist() == [2, 2]
    assert table["seconds"].tolist() == [9.5, 7.0]
    assert table["longest"].tolist() == [9.0, 5.0]
    assert np.isnan(table["memory"][0])
    assert table["memory"][1] == 300


def test_costs_without_benchmarks(tmp_path):
    assert costs(tmp_path, []).empty
