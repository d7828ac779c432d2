import json

from genregraph.report.provenance import read_records, steps, versions


def record(code, seed, **libraries):
    return {"code": code, "libraries": libraries, "options": {"seed": seed, "k": 5}}


def test_a_step_has_one_row_with_all_that_differs():
    records = {
        "a/made-with/graph.adjacency.json": record("c0de", None, numpy="2"),
        "a/made-with/features.gather.compare.json": record("beef", 3, pandas="3"),
        "b/made-with/features.gather.mine.json": record("beef", 4, scipy="1"),
    }
    assert steps(records) == [
        {"step": "features.gather", "records": 2, "code": ["beef"], "seeds": [3, 4]},
        {"step": "graph.adjacency", "records": 1, "code": ["c0de"], "seeds": []},
    ]
    assert versions(records) == {"numpy": "2", "pandas": "3", "scipy": "1"}


def test_records_of_experiments_that_are_no_more_do_not_count(tmp_path):
    for name in ("30s", "experiments/now/paper", "experiments/before"):
        (tmp_path / name / "made-with").mkdir(parents=True)
        (tmp_path / name / "made-with/package.step.json").write_text(json.dumps(record("a", 0)))
    assert len(read_records(tmp_path, ["now"])) == 2
    assert len(read_records(tmp_path, ["now", "before"])) == 3
