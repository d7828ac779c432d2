from unittest.mock import Mock

import numpy as np
import opensmile
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from tests.features.conftest import music

from genregraph.features.compare import compare, extractor


def test_extractor_remembers_nothing_of_the_clip_before():
    smile, set_of = extractor(), opensmile.FeatureSet.ComParE_2016
    compare(music(1, seed=1), smile)
    features = compare(music(1), smile)
    other = opensmile.Smile(set_of, opensmile.FeatureLevel.Functionals)
    expected = other.process_signal(music(1), 22_050)
    assert_array_equal(features, expected.to_numpy()[0], strict=True)
    assert smile.feature_names == expected.columns.tolist()
    assert len(features) == 6373
    assert np.isfinite(compare(music(0.1), smile)).all()  # The shortest that may be configured.


def test_clip_without_features_is_an_error():
    silent = Mock(process_signal=lambda samples, rate: pd.DataFrame([[np.nan] * 6373]))
    with pytest.raises(RuntimeError, match="no features and no reason"):
        compare(music(1), silent)
