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
    assert steps(records).to_numpy().tolist() == [
        ["features.gather", 2, ["beef"], "3, 4"],
        ["graph.adjacency", 1, ["c0de"], "-"],
    ]
    assert versions(records) == {"numpy": "2", "pandas": "3", "scipy": "1"}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_records_are_of_named_experiments(tmp_path):
    text = json.dumps(record("a", 0))
    places = ("30s", "experiments/now/paper", "experiments/before")
    write(tmp_path, {f"{place}/made-with/package.step.67ab.json": text for place in places})
    assert len(read_records(tmp_path, ["now"])) == 2
    assert len(read_records(tmp_path, ["now", "before"])) == 3


def test_costs_are_summed_by_step(tmp_path):
    """Without experiments that are no more, and without jobs that were killed."""
    assert costs(tmp_path, []).empty
    measured = {
        "30s/features.gather.compare": "s\tmax_rss\n9.0\t-\n",
        "30s/features.gather.handcrafted": "s\tmax_rss\n0.5\t-\n",
        "experiments/now/paper/models.fit": "s\tmax_rss\n2.0\t300.0\n",
        "experiments/now/clean/models.fit": "s\tmax_rss\n5.0\t200.0\n",
        "experiments/before/paper/models.fit": "s\tmax_rss\n7.0\t900.0\n",
        "30s/audio.audit": "",
    }
    write(tmp_path, {f"{name}.tsv": text for name, text in measured.items()})
    gathered, fitted = costs(tmp_path, ["now"]).to_numpy().tolist()
    assert gathered[:4] == ["features.gather", 2, 9.5, 9.0] and np.isnan(gathered[4])
    assert fitted == ["models.fit", 2, 7.0, 5.0, 300.0]
