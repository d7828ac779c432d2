"""Names that the configuration may use; each is implemented by one class or function elsewhere."""

# Tables of features that are computed from audio, each by the step of its name in `features`.
COMPUTED = (
    "compare",
    "handcrafted",
    "musicnn",
    "musicnn_embedding",
)
# The table that is learnt from the labels of a fold's training clips, so made anew for each fold.
PER_FOLD = "cnn"
# Distances between clips, made by `graph.adjacency`.
METRICS = (
    "euclidean",
    "manhattan",
    "cosine",
    "matching",
    "jaccard",
    "jaccard_scipy_before_1_15",
    "ruzicka",
)
# Graph neural networks, made by `models.networks`. Each is trained a second time without messages.
NETWORKS = ("graphsage", "gcn", "gat", "appnp")
# Models of scikit-learn that use no other test clip, made by `models.classifiers`.
CLASSIFIERS = (
    "logistic",
    "lda",
    "svm",
    "forest",
    "boosting",
    "knn",
)
# Of the classifiers of an experiment: the mean of their probabilities, and the one with the lowest
# log loss inside the training clips.
COMBINED = ("blend", "selected")
# A graph model without a network.
SPREADING = ("label_spreading",)
# What an experiment may name beside GraphSAGE and its ablation, which are always there.
COMPARED = (*NETWORKS[1:], *CLASSIFIERS, *SPREADING, *COMBINED)
EDGELESS = "edgeless"  # GraphSAGE without messages; of another network <name>_edgeless.

# Columns of a table of predictions, beside one of probabilities a genre.
NAMED = ["clip", "repeat", "fold", "part", "true", "predicted"]


def ablation_name(network: str) -> str:
    """Name of a network without message passing, such as ``gcn_edgeless``."""
    return EDGELESS if network == NETWORKS[0] else f"{network}_{EDGELESS}"
