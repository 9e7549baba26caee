"""The model: a small one of these texts, or one that somebody has trained."""

from modelserve import ExportedModel, TextOptions, Texts, train_text_model


class Options(TextOptions):
    """The keys of `[model]` in config/training.toml; `source` says where the model comes from."""


def train(texts: Texts, options: Options, seed: int) -> ExportedModel:
    """Return the model that the options name, as an ONNX graph with its tokenizer."""
    return train_text_model(texts, options, seed)
