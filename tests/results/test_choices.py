import pandas as pd

from results.choices import COLUMNS, main


def test_every_candidate_of_every_fold_has_a_row(protocol, tmp_path):
    folders = [protocol(name) for name in ("clean", "inductive")]
    for folder in folders:
        choices = [
            pd.DataFrame(
                {
                    "fold": number,
                    "model": "best",
                    "candidate": ["plain", "elaborate"],
                    "inner_accuracy": [0.5, number / 4],
                    "inner_brier": [0.6, 0.5],
                    "chosen": [number < 3, number == 3],
                    "test_accuracy": 0.25,
                }
            )
            for number in range(4)
        ]
        pd.concat(choices).to_csv(folder / "models/choice.csv", index=False)
    main("gtzan", "multiclass_a", tmp_path / "choices.csv", folders)
    table = pd.read_csv(tmp_path / "choices.csv")
    assert table.columns.tolist() == COLUMNS
    assert set(table["dataset"] + table["experiment"]) == {"gtzanmulticlass_a"}
    assert table["protocol"].tolist() == ["clean"] * 8 + ["inductive"] * 8
    assert (
        table[["repeat", "fold"]][::2].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2
    )
    assert table["candidate"].tolist() == ["plain", "elaborate"] * 8
    last = table.iloc[7]
    assert (last["inner_accuracy"], last["chosen"]) == (0.75, True)


def test_where_nothing_was_chosen_there_is_a_table_without_rows(tmp_path):
    main("gtzan", "multiclass_a", tmp_path / "choices.csv")
    assert (tmp_path / "choices.csv").read_text().strip() == ",".join(COLUMNS)
