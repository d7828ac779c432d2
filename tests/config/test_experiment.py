"""Experiments of the configuration: networks and variants."""

from genregraph.config.experiment import Experiment, Network, Trained
from genregraph.config.load import load


def test_networks_of_an_experiment_are_each_trained_without_messages_too() -> None:
    experiment = Experiment(models=["gcn", "lda"])
    assert list(experiment.networks()) == ["graphsage", "edgeless", "gcn", "gcn_edgeless"]
    for name, ablation in [("graphsage", "edgeless"), ("gcn", "gcn_edgeless")]:
        own, alone = experiment.networks()[name], experiment.networks()[ablation]
        assert (own.kind, own.ablation, alone.kind, alone.ablation) == (name, ablation, name, "")
        assert own.settings.model_copy(update={"messages": False}) == alone.settings


def test_a_variant_is_the_network_but_for_what_it_says() -> None:
    variants = {
        "flat": {"weights": "equal"},
        "deep": {"layers": 2},
        "near": {"model": "gat", "k": 5},
        "firm": {"dropout": 0.5},
    }
    experiment = Experiment.model_validate({"models": ["gat"], "variants": variants})
    networks = experiment.networks()
    equal = Network(weights="equal")
    assert networks["flat"] == Trained("graphsage", equal, "graphsage", "edgeless")
    assert networks["near"] == Trained("gat", Network(k=5), "gat", "gat_edgeless")
    # One that changes more than messages has an ablation of its own.
    assert networks["deep"].ablation == "deep_edgeless"
    silent = networks["deep"].settings.model_copy(update={"messages": False})
    assert networks["deep_edgeless"] == Trained("graphsage", silent, "edgeless", "")
    assert networks["firm"].like == ""  # It states what would be searched.


def test_a_demo_has_few_folds_and_epochs_in_every_experiment() -> None:
    clean = {"folds": 5, "unknown_artist": "out"}
    stated = {"folds": {"n": 10, "repeats": 2}, "clean": clean, "graphsage": {"layers": 2}}
    few = {"most_folds": 3, "most_epochs": 100}
    for most, expected in [({}, (10, 2, 5, 300)), (few, (3, 1, 3, 100))]:
        config = load({"datasets": {"demo": most}, "experiments": {"multiclass_x": stated}})
        experiment = config.experiments["multiclass_x"]
        found = (experiment.folds.n, experiment.folds.repeats, experiment.clean.folds)
        assert (*found, experiment.graphsage.epochs) == expected
        assert experiment.clean.unknown_artist == "out" and experiment.graphsage.layers == 2
