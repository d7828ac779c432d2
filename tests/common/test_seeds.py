from itertools import product

from genregraph.common.seeds import fold_seed


def test_every_seed_and_fold_has_its_own_the_same_on_every_machine():
    seeds = {fold_seed(seed, fold) for seed, fold in product(range(40), range(40))}
    assert len(seeds) == 40 * 40 and max(seeds) < 2**32
    assert fold_seed(0, 0) == 2469594617
