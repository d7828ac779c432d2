import numpy as np
import pandas as pd
import pytest

from results.collect import collect
from results.paired import over_folds
from results.pooled import compare
from results.statistics import holm
from results.variants import COLUMNS, COMPARED, main, worth
from results.votes import judge

VARIANTS = ["edgeless", "all_ones", "deep"]


@pytest.fixture
def evaluated(protocol, predicted):
    """Folds whose test parts are those that were dealt; variants err by chance."""

    def write(name):
        folder = protocol(name)
        dealt = pd.read_parquet(folder / "folds.parquet")
        rng = np.random.default_rng(len(name))
        genres = ["blues", "jazz", "rock"]
        twins, stacked = [], []
        for number in range(4):
            own = dealt[(dealt["repeat"] == number // 2) & (dealt["fold"] == number % 2)]
            part = np.where(predicted["clip"].isin(own["clip"]), "test", "train")
            tables = {
                model: predicted.assign(
                    part=part, **dict(zip(genres, rng.dirichlet(np.ones(3), 7).T, strict=True))
                )
                for model in ("graphsage", *VARIANTS)
            }
            for table in tables.values():
                table["predicted"] = table[genres].idxmax(axis=1)
            outputs = folder / f"fold-{number:02d}"
            tables["graphsage"].to_parquet(outputs / "predictions.parquet")
            twin, *others = (tables[each].assign(model=each, fold=number) for each in VARIANTS)
            twins.append(twin)
            stacked += others
        pd.concat(twins).to_parquet(folder / "models/edgeless.parquet")
        pd.concat(stacked).to_parquet(folder / "models/variants.parquet")
        fits = pd.concat([each[:1] for each in stacked])[["fold", "model"]]
        fits.assign(epochs=3, seconds=0.5).to_csv(folder / "models/variants.csv", index=False)
        return folder

    return write


@pytest.fixture
def clips(predicted, tmp_path):
    predicted[["clip"]].assign(source=predicted["clip"]).to_parquet(tmp_path / "clips.parquet")
    return tmp_path / "clips.parquet"


def test_variants_are_compared_with_graphsage_and_adjusted_over_all_protocols(
    evaluated, clips, tmp_path
):
    folders = [evaluated("paper"), evaluated("clean")]
    main(clips, "gtzan", "multiclass_a", tmp_path / "variants.csv", folders)
    table = pd.read_csv(tmp_path / "variants.csv")
    assert table.columns.tolist() == COLUMNS
    assert table["variant"].tolist() == ["graphsage", *VARIANTS] * 2
    assert table["protocol"].tolist() == ["paper"] * 4 + ["clean"] * 4
    assert set(table["dataset"] + table["experiment"]) == {"gtzanmulticlass_a"}
    itself = {f"clip{i}": f"clip{i}" for i in range(7)}
    by_folds = [over_folds(collect(f, "", "", COMPARED), "graphsage") for f in folders]
    by_group = [compare(judge(f, itself, COMPARED), "graphsage") for f in folders]
    alone = pd.concat(by_folds)
    assert table["difference"].tolist() == pytest.approx(alone["gain"].tolist(), nan_ok=True)
    assert table["ci_low"].tolist() == pytest.approx(alone["gain_low"].tolist(), nan_ok=True)
    np.testing.assert_allclose(table["p"], holm(alone["p"]))
    np.testing.assert_allclose(table["p_by_group"], holm(pd.concat(by_group)["p_by_group"]))
    assert set(table["p_tests"]) == set(table["p_by_group_tests"]) == {6}
    assert table.loc[table["variant"] == "graphsage", ["difference", "p"]].isna().all(axis=None)


def test_a_single_fold_has_an_interval_by_group(evaluated, clips):
    folder = evaluated("filtered")
    dealt = pd.read_parquet(folder / "folds.parquet")
    dealt.query("repeat == 0 and fold == 0").to_parquet(folder / "folds.parquet")
    itself = {f"clip{i}": f"clip{i}" for i in range(7)}
    verdicts = judge(folder, itself, COMPARED)
    table = worth(collect(folder, "", "", COMPARED), verdicts)
    expected = compare(verdicts, "graphsage")["gain_low"]
    assert table.loc["deep", "ci_low"] == expected["deep"]
    assert table["p"].isna().all()
    assert table.loc[VARIANTS, "p_by_group"].notna().all()


def test_an_experiment_without_any_protocol_has_a_table_without_rows(clips, tmp_path):
    main(clips, "gtzan", "multiclass_a", tmp_path / "variants.csv")
    assert (tmp_path / "variants.csv").read_text().strip() == ",".join(COLUMNS)
