from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from tests.audio.conftest import music

from genregraph.features.compare import compare, extractor


def test_shortest_clip_that_may_be_configured_has_opensmiles_6373_functionals():
    smile, samples = extractor(), music(0.1)
    features = compare(samples, smile)
    expected = smile.process_signal(samples, 22_050).to_numpy()[0]
    assert_array_equal(features, expected, strict=True)
    assert len(features) == len(smile.feature_names) == 6373
    assert np.isfinite(features).all()


def test_clip_without_features_is_an_error():
    silent = Mock(process_signal=lambda samples, rate: pd.DataFrame([[np.nan] * 6373]))
    with pytest.raises(RuntimeError, match="no features and no reason"):
        compare(music(1), silent)
