from unittest.mock import Mock

import numpy as np
import opensmile
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features.compare import compare, extractor, main


def opensmile_itself(samples):
    smile = opensmile.Smile(opensmile.FeatureSet.ComParE_2016, opensmile.FeatureLevel.Functionals)
    return smile.process_signal(samples, 22_050).iloc[0]


def test_extractor_remembers_nothing_of_the_clip_before(music):
    smile = extractor()
    compare(music(1, seed=1), smile)
    features = compare(music(1), smile)
    assert_array_equal(features, opensmile_itself(music(1)).to_numpy(), strict=True)
    assert np.isfinite(compare(music(0.1), smile)).all()  # The shortest that may be configured.


def test_clip_without_features_is_an_error(music):
    silent = Mock(process_signal=lambda samples, rate: pd.DataFrame([[np.nan] * 6373]))
    with pytest.raises(RuntimeError, match="no features and no reason"):
        compare(music(1), silent)


def test_main_writes_opensmiles_features_bit_for_bit(samples_file, tmp_path, music):
    samples = music(7)
    main(samples_file({"blues.00000": samples}), "3s", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet").set_index("clip").drop(columns="problem")
    assert table.index.tolist() == ["blues.00000.0", "blues.00000.1"]
    expected = opensmile_itself(samples[66_150 : 2 * 66_150 - 1])
    assert table.columns.tolist() == expected.index.tolist()
    assert len(expected) == 6373
    assert_array_equal(table.loc["blues.00000.1"].to_numpy(), expected.to_numpy(), strict=True)
