"""Writes small recurrent networks with random weights as NAME.traced.pt and NAME.scripted.pt.

    make_sequence_models.py DIRECTORY [NAME]...        (all networks of sequence_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import os

import torch
from torch import nn

from saving import chosen, save_missing
from sequence_table import NETWORKS, file_name

SEED = 21


class Tagger(nn.Module):
    """A label for each word."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(200, 24)
        self.lstm = nn.LSTM(24, 32, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.labels = nn.Linear(64, 9)

    def forward(self, words):
        states, _ = self.lstm(self.words(words))
        return self.labels(states).log_softmax(-1)


class KeywordSpotter(nn.Module):
    """A keyword for a spectrogram: [batch, 1, bands, frames]."""

    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(1, 8, (5, 3), stride=(2, 1), padding=(2, 1), bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU())
        self.gru = nn.GRU(8 * 10, 32, batch_first=True)
        self.keyword = nn.Linear(32, 12)

    def forward(self, spectrogram):
        features = self.front(spectrogram)
        features = features.permute(0, 3, 1, 2).flatten(2)
        _, last = self.gru(features)
        return self.keyword(last[-1])


class TextReader(nn.Module):
    """Letters for a picture of a line of text, one distribution a column (for CTC): [batch, 1, 32, width]."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 1
        for width, pool in ((8, (2, 2)), (16, (2, 2)), (24, (2, 1)), (32, (2, 1))):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(pool)]
            channels = width
        self.columns = nn.Sequential(*layers, nn.Conv2d(channels, 32, (2, 1)), nn.ReLU())
        self.lstm = nn.LSTM(32, 24, num_layers=2, bidirectional=True)
        self.letters = nn.Linear(48, 37)

    def forward(self, picture):
        columns = self.columns(picture).squeeze(2).permute(2, 0, 1)
        states, _ = self.lstm(columns)
        return self.letters(states).log_softmax(2)


CLASSES = {"lstm_tagger": Tagger, "gru_keywords": KeywordSpotter, "crnn_reader": TextReader}


def build(network):
    torch.manual_seed(SEED)
    model = CLASSES[network.name]()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.6, 1.6)
    return model.eval()


def main():
    directory, networks = chosen(__doc__, NETWORKS)
    for network in networks:
        kind = torch.int64 if network.is_text else torch.float32
        save_missing(lambda: build(network), torch.zeros(network.input_shape, dtype=kind),
                     lambda form: os.path.join(directory, file_name(network.name, form)))


if __name__ == "__main__":
    main()
