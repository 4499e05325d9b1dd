"""Draws skies with hot-air balloons, and the mask of the balloons."""

import colorsys
import math

import numpy
from PIL import Image, ImageDraw, ImageFilter

OVERSAMPLING = 2  # for smooth edges


def colour(random, hue, saturation, value):
    """Each argument is a range of 0..1 to draw from."""
    drawn = (random.uniform(*hue), random.uniform(*saturation), random.uniform(*value))
    return tuple(int(255 * channel) for channel in colorsys.hsv_to_rgb(*drawn))


class Scene:
    """A square picture, `size` pixels wide, and what of it is balloon. `random` is a random.Random."""

    def __init__(self, random, size):
        self.random = random
        self.size = size
        self.side = size * OVERSAMPLING
        self.picture = self.sky()
        self.mask = Image.new("L", (self.side, self.side), 0)
        if random.random() < 0.7:
            self.draw_sun()
        for _ in range(random.randint(2, 5)):
            self.draw_cloud()
        for _ in range(random.randint(1, 2)):
            self.draw_hills()
        for _ in range(random.randint(0, 4)):
            self.draw_bird()

    def place(self, low=0.0, high=1.0):
        return self.random.uniform(low, high) * self.side

    def sky(self):
        top = colour(self.random, (0.52, 0.68), (0.3, 0.8), (0.5, 1.0))
        bottom = colour(self.random, (0.0, 1.0), (0.05, 0.5), (0.7, 1.0))
        mix = numpy.linspace(0, 1, self.side)[:, None, None]
        rows = (1 - mix) * numpy.array(top) + mix * numpy.array(bottom)
        return Image.fromarray(numpy.broadcast_to(rows, (self.side, self.side, 3)).astype(numpy.uint8))

    def draw_sun(self):
        x, y, radius = self.place(), self.place(0.05, 0.6), self.place(0.04, 0.1)
        fill = colour(self.random, (0.02, 0.16), (0.2, 0.9), (0.9, 1.0))
        ImageDraw.Draw(self.picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def draw_cloud(self):
        layer = Image.new("RGBA", (self.side, self.side), (255, 252, 248, 0))
        draw = ImageDraw.Draw(layer)
        x, y, width = self.place(), self.place(0.0, 0.7), self.place(0.05, 0.16)
        for _ in range(6):
            left, top = x + self.random.gauss(0, width), y + self.random.gauss(0, width / 4)
            reach = self.random.uniform(0.3, 0.7) * width
            draw.ellipse((left - reach, top - reach * 0.6, left + reach, top + reach * 0.6), fill=(255, 252, 248, 255))
        opacity = self.random.uniform(0.4, 0.9)
        soft = layer.filter(ImageFilter.GaussianBlur(2 * OVERSAMPLING))
        self.picture.paste(soft, (0, 0), soft.getchannel("A").point(lambda value: int(value * opacity)))

    def draw_hills(self):
        height, swing = self.place(0.65, 0.95), self.place(0.02, 0.08)
        phase, waves = self.random.uniform(0, 7), self.random.uniform(3, 12)
        ridge = [(x, height + swing * math.sin(phase + waves * x / self.side)) for x in range(0, self.side + 8, 8)]
        fill = colour(self.random, (0.08, 0.45), (0.2, 0.7), (0.2, 0.6))
        ImageDraw.Draw(self.picture).polygon(ridge + [(self.side, self.side), (0, self.side)], fill=fill)

    def draw_bird(self):
        x, y, span = self.place(), self.place(0.0, 0.7), self.place(0.01, 0.03)
        wing = [(x - span, y - span / 2), (x, y), (x + span, y - span / 2)]
        ImageDraw.Draw(self.picture).line(wing, fill=(30, 30, 40), width=OVERSAMPLING)

    def draw_balloon(self, x, y, radius):
        """A striped envelope whose middle is at (x, y), in pixels; the basket hangs two radii below."""
        x, y, radius = (OVERSAMPLING * value for value in (x, y, radius))
        hue = self.random.random()
        fills = [
            colour(self.random, (hue, hue + 0.05), (0.7, 1.0), (0.5, 1.0)),
            colour(self.random, (0.0, 1.0), (0.0, 1.0), (0.6, 1.0)),
        ]
        stripes = self.random.choice((4, 5, 6, 7))
        basket = (x - 0.22 * radius, y + 1.65 * radius, x + 0.22 * radius, y + 2.0 * radius)
        draw, cover = ImageDraw.Draw(self.picture), ImageDraw.Draw(self.mask)
        for end in (basket[0], basket[2]):
            draw.line((end, basket[1], x + 2.2 * (end - x), y + 0.9 * radius), fill=(60, 40, 30), width=OVERSAMPLING)
        # Nested outlines of growing narrowness: what shows of each is a stripe on either side.
        for stripe in range(stripes, 0, -1):
            outline = envelope(x, y, radius, stripe / stripes)
            shade = fills[stripe % 2]
            draw.polygon(outline, fill=shade)
        cover.polygon(envelope(x, y, radius, 1.0), fill=255)
        draw.rectangle(basket, fill=(110, 70, 35))
        cover.rectangle(basket, fill=255)

    def draw_balloons(self, count):
        for _ in range(count):
            radius = self.random.uniform(0.05, 0.22) * self.size
            self.draw_balloon(self.random.uniform(0, self.size), self.random.uniform(0, self.size * 0.8), radius)

    def finished(self):
        """The picture, (size, size, 3) uint8 with a little grain, and the mask, (size, size) float32 in 0..1."""
        size = (self.size, self.size)
        picture = numpy.asarray(self.picture.resize(size, Image.BOX), dtype=numpy.float32)
        grain = numpy.random.RandomState(self.random.getrandbits(32)).normal(0, 6, picture.shape)
        mask = numpy.asarray(self.mask.resize(size, Image.BOX), dtype=numpy.float32) / 255
        return numpy.clip(picture + grain, 0, 255).astype(numpy.uint8), mask


def envelope(x, y, radius, narrowness):
    """A balloon's outline: a half circle above, tapering to the mouth below."""
    outline = []
    for step in range(49):
        angle = math.pi * step / 48
        across, down = math.sin(angle), -math.cos(angle)
        if down > 0:
            across, down = math.sqrt(max(0.0, 1 - down**1.6)) * 0.86 + 0.14, down * 1.4
        outline.append((across * radius * narrowness, down * radius))
    return [(x + across, y + down) for across, down in outline] + [
        (x - across, y + down) for across, down in reversed(outline)
    ]
