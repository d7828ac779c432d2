import json

import numpy as np

from genregraph.report.provenance import costs, read_records, steps, versions


def record(code, seed, **libraries):
    return {"code": code, "libraries": libraries, "options": {"seed": seed, "k": 5}}


def test_steps_have_one_row_with_all_values():
    records = {
        "a/made-with/graph.adjacency.01ab.json": record("c0de", None, numpy="2"),
        "a/made-with/features.gather.23cd.json": record("beef", 3, pandas="3"),
        "b/made-with/features.gather.45ef.json": record("beef", 4, scipy="1"),
    }
    assert steps(records).to_dict("records") == [
        {"step": "features.gather", "records": 2, "code": ["beef"], "seeds": [3, 4]},
        {"step": "graph.adjacency", "records": 1, "code": ["c0de"], "seeds": []},
    ]
    assert versions(records) == {"numpy": "2", "pandas": "3", "scipy": "1"}


def test_records_are_of_named_experiments(tmp_path):
    for name in ("30s", "experiments/now/paper", "experiments/before"):
        (tmp_path / name / "made-with").mkdir(parents=True)
        (tmp_path / name / "made-with/package.step.67ab.json").write_text(
            json.dumps(record("a", 0))
        )
    assert len(read_records(tmp_path, ["now"])) == 2
    assert len(read_records(tmp_path, ["now", "before"])) == 3


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
