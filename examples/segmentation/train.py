#!/usr/bin/python3
"""Trains the balloon finder and writes what the quick start uses, beside this file:

    balloons.pt     the network, scripted
    balloons.png    a picture that it has not seen
    balloons.npy    the same picture as the network takes it: 1x3x224x224 float32, RGB in 0..1

About four minutes on one core. The same seed gives the same files on the same processor. Needs Debian's python3-torch
and python3-pil.
"""

import os
import random
import sys
import types

import numpy
import torch
from PIL import Image
from torch.nn.functional import binary_cross_entropy

SEED = 11
STEPS = 1200
BATCH = 8
TRAINING_SIZE = 128
SAMPLE_SIZE = 224
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.join("examples", "segmentation")


def import_by_relative_path(name):
    """TorchScript keeps the path of the sources in the archive: it must be the repository's, not this machine's."""
    path = os.path.join(FOLDER, name + ".py")
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)
    return module


def as_tensor(picture):
    return torch.from_numpy(picture.astype(numpy.float32) / 255).permute(2, 0, 1)


def batch(scenes, source):
    pictures, masks = [], []
    for _ in range(BATCH):
        scene = scenes.Scene(source, TRAINING_SIZE)
        scene.draw_balloons(source.randint(0, 3))
        picture, mask = scene.finished()
        pictures.append(as_tensor(picture))
        masks.append(torch.from_numpy(mask)[None])
    return torch.stack(pictures), torch.stack(masks)


def loss(prediction, mask):
    """Cross entropy, and one minus Dice's overlap, which doesn't care how small the balloons are."""
    overlap = (2 * (prediction * mask).sum() + 1) / (prediction.sum() + mask.sum() + 1)
    return binary_cross_entropy(prediction, mask) + 1 - overlap


def train(model, scenes):
    source = random.Random(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=STEPS)
    model.train()
    for step in range(1, STEPS + 1):
        pictures, masks = batch(scenes, source)
        optimiser.zero_grad()
        error = loss(model(pictures), masks)
        error.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step}: loss {error.item():.3f}", flush=True)
    model.eval()


def sample(scenes):
    scene = scenes.Scene(random.Random(SEED + 4), SAMPLE_SIZE)
    for x, y, radius in ((52, 66, 27), (150, 48, 17), (118, 128, 21), (190, 116, 13)):
        scene.draw_balloon(x, y, radius)
    return scene.finished()


def main():
    os.chdir(ROOT)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True, warn_only=True)
    scenes = import_by_relative_path("scenes")
    model = import_by_relative_path("network").Segmentation()
    train(model, scenes)

    picture, mask = sample(scenes)
    Image.fromarray(picture).save(os.path.join(FOLDER, "balloons.png"))
    pixels = as_tensor(picture)[None].contiguous()
    numpy.save(os.path.join(FOLDER, "balloons.npy"), pixels.numpy())
    torch.jit.script(model).save(os.path.join(FOLDER, "balloons.pt"))
    with torch.no_grad():
        found = model(pixels)[0, 0].numpy() > 0.5
    wanted = mask > 0.5
    print(f"overlap on balloons.png: {(found & wanted).sum() / (found | wanted).sum():.3f}")


if __name__ == "__main__":
    main()
