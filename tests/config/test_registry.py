from genregraph.common.code import SCRIPTS
from genregraph.config import registry
from genregraph.config.experiment import Network
from genregraph.graph import adjacency
from genregraph.models import classifiers, layers


def test_each_name_of_the_registry_is_implemented_once() -> None:
    assert tuple(adjacency.METRICS) == registry.METRICS
    assert tuple(classifiers.CLASSIFIERS) == registry.CLASSIFIERS
    made = [layers.network(name, 3, 2, Network()) for name in registry.NETWORKS]
    kinds = {type(network.convolutions[0]) for network in made}
    assert len(kinds) == len(registry.NETWORKS)


def test_each_table_has_a_step_that_writes_its_shards() -> None:
    texts = {path.stem: path.read_text() for path in SCRIPTS.glob("features/*.py")}
    written = {name for name, text in texts.items() if " write_shard(" in text} - {"table"}
    assert set(registry.COMPUTED) == written
