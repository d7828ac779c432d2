import json

from genregraph.report.provenance import read_records, steps, versions


def record(code, seed, **libraries):
    return {"code": code, "libraries": libraries, "options": {"seed": seed, "k": 5}}


def test_steps_have_one_row_with_all_values():
    records = {
        "a/made-with/graph.adjacency.01ab.json": record("c0de", None, numpy="2"),
        "a/made-with/features.gather.23cd.json": record("beef", 3, pandas="3"),
        "b/made-with/features.gather.45ef.json": record("beef", 4, scipy="1"),
    }
    assert steps(records) == [
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
