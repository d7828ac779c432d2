import numpy as np
import opensmile
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features.compare import compare, extractor, main


@pytest.fixture(scope="module")
def smile():
    return extractor()


def opensmile_itself(samples):
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    return smile.process_signal(samples, 22_050).iloc[0]


def test_features_are_opensmiles_bit_for_bit(smile, music):
    samples = music(2)
    features = compare(samples, smile)
    assert features.shape == (6373,)
    assert_array_equal(features, opensmile_itself(samples).to_numpy(), strict=True)


def test_an_extractor_remembers_nothing_of_the_clip_before(smile, music):
    first = compare(music(1), smile)
    compare(music(1, seed=1), smile)
    assert_array_equal(compare(music(1), smile), first)


def test_the_shortest_clip_has_finite_features(smile, music):
    assert np.isfinite(compare(music(0.1), smile)).all()


def test_a_clip_too_short_gives_nan(smile, music):
    with pytest.warns(UserWarning, match="too short"):
        assert np.isnan(compare(music(0.01), smile)).all()


def test_a_clip_long_enough_without_features_is_no_fault_of_its_own(music):
    class Silent:
        def process_signal(self, samples, rate):
            return pd.DataFrame([[np.nan] * 6373])

    with pytest.raises(RuntimeError, match="no features and no reason"):
        compare(music(1), Silent())


def test_main_writes_opensmiles_features_bit_for_bit(samples_file, tmp_path, music):
    samples = music(7)
    main(samples_file({"blues.00000": samples}), "3s", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet").set_index("clip")
    assert table.index.tolist() == ["blues.00000.0", "blues.00000.1"]
    expected = opensmile_itself(samples[66_150 : 2 * 66_150 - 1])
    assert table.columns.tolist() == expected.index.tolist()
    assert_array_equal(table.loc["blues.00000.1"].to_numpy(), expected.to_numpy(), strict=True)
