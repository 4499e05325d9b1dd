// Branches and loops that the data decides: IF and WHILE. Each model is run on inputs that take different ways.
#include "catch.h"
#include "harness.h"
#include "many_values.h"

namespace passerelle::tests {

TEST_CASE("a branch on a sum") {
  CHECK(require_for_values({"if bool(x.sum() > 0):\n"
                            "    y = torch.relu(x) + 1\n"
                            "    way = torch.ones([1])\n"
                            "  else:\n"
                            "    y = x * 2\n"
                            "    way = torch.zeros([1])\n"
                            "  return y - 0.5, way",
                            {{"x", {2, 3}}}},
                           10) == 2);
}

TEST_CASE("an early return, and a branch that hands on its input") {
  CHECK(require_for_values({"if bool(x.sum() > 0):\n"
                            "    return x, torch.ones([1])\n"
                            "  y = torch.tanh(x)\n"
                            "  return y * 3, torch.zeros([1])",
                            {{"x", {2, 3}}}},
                           10) == 2);
}

TEST_CASE("a classifier that ends early where it is sure") {
  CHECK(require_for_values({"h = torch.relu(torch.conv2d(x, self.stem))\n"
                            "  first = torch.matmul(h.mean([2, 3]), self.exit)\n"
                            "  sure = torch.softmax(first, 1).max()\n"
                            "  if bool(sure > 0.7):\n"
                            "    return first, torch.zeros([1])\n"
                            "  h = torch.relu(torch.conv2d(h, self.deep))\n"
                            "  return torch.matmul(h.mean([2, 3]), self.exit), torch.ones([1])",
                            {{"x", {1, 3, 5, 5}, -2, 2}},
                            {{"stem", {8, 3, 3, 3}}, {"deep", {8, 8, 3, 3}}, {"exit", {8, 3}, -2, 2}},
                            1e-5},
                           12) == 2);
}

TEST_CASE("greedy decoding with a cache of fixed size") {
  CHECK(require_for_values({"cache = torch.zeros([8, 4])\n"
                            "  tokens = torch.zeros([8], dtype=4)\n"
                            "  token = start\n"
                            "  t = 0\n"
                            "  going = True\n"
                            "  while going and t < 8:\n"
                            "    e = torch.index_select(self.table, 0, token)\n"
                            "    cache[t] = torch.matmul(e, self.key)[0]\n"
                            "    here = torch.arange(8) <= t\n"
                            "    scores = torch.matmul(cache, e[0] + x[0]) - 100.0 * (1.0 - here.to(6))\n"
                            "    context = torch.matmul(torch.softmax(scores, 0)[None], cache)\n"
                            "    token = torch.argmax(torch.matmul(context + x, self.head), 1)\n"
                            "    tokens = torch.where(torch.arange(8) == t, token, tokens)\n"
                            "    going = int(token[0]) < 4\n"
                            "    t += 1\n"
                            "  return tokens, torch.tensor(t)",
                            {{"x", {1, 4}, -2, 2}, {"start", {1}, 0, 6, ElementType::int64}},
                            {{"table", {6, 4}, -2, 2}, {"key", {4, 4}}, {"head", {4, 6}, -2, 2}},
                            1e-5},
                           12) >= 2);
}

TEST_CASE("a GRU for as many steps as each sequence has") {
  CHECK(require_for_values({"h = torch.zeros([2, 5])\n"
                            "  longest = int(lengths.max())\n"
                            "  for t in range(longest):\n"
                            "    step = torch.gru_cell(x[t], h, self.wi, self.wh, self.bi, self.bh)\n"
                            "    h = torch.where((lengths > t)[:, None], step, h)\n"
                            "  return h, lengths.max()",
                            {{"x", {7, 2, 4}}, {"lengths", {2}, 0, 8, ElementType::int64}},
                            {{"wi", {15, 4}}, {"wh", {15, 5}}, {"bi", {15}}, {"bh", {15}}},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("Newton's iteration until it has converged") {
  CHECK(require_for_values({"y = torch.ones([1])\n"
                            "  steps = 0\n"
                            "  while bool((y * y - x).abs().max() > 1e-3):\n"
                            "    y = 0.5 * (y + x / y)\n"
                            "    steps += 1\n"
                            "  return y, torch.tensor(steps)",
                            {{"x", {1}, 0.1, 100}},
                            {},
                            1e-5},
                           10) >= 3);
}

TEST_CASE("adaptive computation time") {
  CHECK(require_for_values({"halting = torch.zeros([1])\n"
                            "  output = torch.zeros([1, 4])\n"
                            "  h = x\n"
                            "  steps = 0\n"
                            "  while bool(halting[0] < 0.95) and steps < 12:\n"
                            "    h = torch.tanh(torch.matmul(h, self.w))\n"
                            "    p = torch.sigmoid(h.sum()) * 0.5\n"
                            "    p = torch.minimum(p, 1.0 - halting[0])\n"
                            "    output += h * p\n"
                            "    halting += p\n"
                            "    steps += 1\n"
                            "  return output, torch.tensor(steps)",
                            {{"x", {1, 4}, -2, 2}},
                            {{"w", {4, 4}, -2, 2}},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("a detector that skips its second stage where nothing was found") {
  CHECK(
      require_for_values(
          {"h = torch.relu(torch.conv2d(x, self.stem))\n"
           "  heat = torch.conv2d(h, self.heat)\n"
           "  found = bool((heat > 3).any())\n"
           "  boxes = torch.zeros([1, 4, 6, 6])\n"
           "  if found:\n"
           "    boxes = torch.conv2d(torch.relu(torch.conv2d(h, self.deep, None, 1, 1)), self.boxes)\n"
           "  return heat, boxes, (heat > 3).any()",
           {{"x", {1, 3, 8, 8}, -1.6, 1.6}},
           {{"stem", {8, 3, 3, 3}, -0.5, 0.5}, {"heat", {1, 8, 1, 1}}, {"deep", {8, 8, 3, 3}}, {"boxes", {4, 8, 1, 1}}},
           1e-5},
          12) == 2);
}

TEST_CASE("a switch over three branches on an integer input") {
  CHECK(require_for_values({"k = int(which[0])\n"
                            "  if k == 0:\n"
                            "    y = torch.relu(x)\n"
                            "  elif k == 1:\n"
                            "    y = torch.tanh(x)\n"
                            "  else:\n"
                            "    y = x * float(k)\n"
                            "  return y, which + 1",
                            {{"x", {2, 3}}, {"which", {1}, 0, 4, ElementType::int64}}},
                           12) >= 3);
}

TEST_CASE("a branch in a loop in a branch, with break and continue") {
  CHECK(require_for_values({"n = 0\n"
                            "  y = x\n"
                            "  if bool(x.sum() > -1):\n"
                            "    while n < 20:\n"
                            "      n += 1\n"
                            "      if bool(y.max() > 4):\n"
                            "        y = y - 1\n"
                            "        continue\n"
                            "      y = y * 1.5 + 0.1\n"
                            "      if bool(y.sum() > 9):\n"
                            "        break\n"
                            "  else:\n"
                            "    y = -x\n"
                            "  return y, torch.tensor(n)",
                            {{"x", {2, 3}}},
                            {},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("a loop of a thousand known steps") {
  const Case test{
      "h = x\n"
      "  for i in range(1000):\n"
      "    h = torch.tanh(torch.matmul(h, self.w) + x)\n"
      "  return h, torch.argmax(h, 1)",
      {{"x", {1, 4}}},
      {{"w", {4, 4}, -0.4, 0.4}},
      1e-5};
  CHECK(require_for_values(test, 10) >= 2);
  CHECK(operations_of(test, 4, false).size() < 10);
}

TEST_CASE("beam search of fixed width") {
  CHECK(
      require_for_values(
          {"scores = torch.zeros([2])\n"
           "  states = torch.cat([x, x * 0.5])\n"
           "  paths = torch.zeros([2, 6], dtype=4)\n"
           "  t = 0\n"
           "  while t < 6 and bool(scores.max() > -2):\n"
           "    logits = torch.log_softmax(torch.matmul(states, self.head), 1)\n"
           "    total = (scores[:, None] + logits).reshape([10])\n"
           "    scores, places = torch.topk(total, 2)\n"
           "    beams = torch.div(places, 5, rounding_mode='floor')\n"
           "    words = places - beams * 5\n"
           "    states = torch.tanh(torch.index_select(states, 0, beams) + torch.index_select(self.table, 0, words))\n"
           "    paths = torch.where(torch.arange(6)[None] == t, words[:, None], torch.index_select(paths, 0, beams))\n"
           "    t += 1\n"
           "  return torch.cat([torch.zeros([1]), scores]), paths, torch.tensor(t)",
           {{"x", {1, 4}, -2, 2}},
           {{"head", {4, 5}, -2, 2}, {"table", {5, 4}, -2, 2}},
           1e-5},
          12) >= 2);
}

TEST_CASE("while on two tensors") {
  CHECK(require_for_values({"n = 0\n"
                            "  while bool(a.max() < 3) or bool(b.min() > -2):\n"
                            "    a = a + 0.7\n"
                            "    b = b - 0.4\n"
                            "    n += 1\n"
                            "  return a, b, torch.tensor(n)",
                            {{"a", {3}, -3, 1}, {"b", {2}, -1, 4}},
                            {},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("a recurrent state, with a branch on the sampling rate") {
  CHECK(require_for_values(
            {"if bool((rate == 16000).all()):\n"
             "    frames = x.reshape([1, 1, 64])\n"
             "    features = torch.conv1d(frames, self.wide, None, 4)\n"
             "  else:\n"
             "    frames = x[:, :32].reshape([1, 1, 32])\n"
             "    features = torch.conv1d(frames, self.narrow, None, 2)\n"
             "  step = torch.relu(features).mean(2)\n"
             "  h, c = torch.lstm_cell(step, [state[0], state[1]], self.wi, self.wh, self.bi, self.bh)\n"
             "  return torch.sigmoid(h.sum()), torch.stack([h, c]), rate",
             {{"x", {1, 64}}, {"state", {2, 1, 3}}, {"rate", {1}, 15999, 16001, ElementType::int64}},
             {{"wide", {5, 1, 8}}, {"narrow", {5, 1, 4}}, {"wi", {12, 5}}, {"wh", {12, 3}}, {"bi", {12}}, {"bh", {12}}},
             1e-5},
            12) == 2);
}

TEST_CASE("tensors that are written to in a branch or in a loop") {
  CHECK(require_for_values({"y = x.clone()\n"
                            "  if bool(x.sum() > 0):\n"
                            "    y[0] += 1\n"
                            "  else:\n"
                            "    y *= 2\n"
                            "  n = 0\n"
                            "  while bool(y.max() < 5):\n"
                            "    y[:, 1] += 0.5\n"
                            "    y += 0.25\n"
                            "    n += 1\n"
                            "  return y, torch.tensor(n)",
                            {{"x", {2, 3}, -3, 3}},
                            {},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("numbers that are computed from the data") {
  CHECK(require_for_values({"n = int(x.sum() * 3)\n"
                            "  m = (n + 7) // 2 - n % 3\n"
                            "  s = float(m) / 4 + 0.5\n"
                            "  if n < 2 and not (m == 3):\n"
                            "    s = -s\n"
                            "  y = x * s + m\n"
                            "  if max(n, m) > 4 or abs(n) == 1:\n"
                            "    y = y - 1\n"
                            "  return y, torch.tensor(m)",
                            {{"x", {2, 2}}},
                            {},
                            1e-5},
                           12) >= 3);
}

TEST_CASE("a branch that raises is left out") {
  const Case test{
      "assert bool(x.sum() < 1000), 'too large'\n"
      "  return x + 1",
      {{"x", {2, 3}}}};
  require_all({test});
}

TEST_CASE("what can't be a branch or a loop is refused with its way out") {
  require_refused({"if bool(x.sum() > 0):\n    y = x\n  else:\n    y = x[0]\n  return y", {{"x", {2, 3}}}},
                  "different shapes");
  require_refused({"while bool(x.sum() < 100):\n    x = torch.cat([x, x])\n  return x", {{"x", {2, 3}, 1, 2}}},
                  "changes its shape");
  require_refused({"kept = [x]\n  while bool(x.sum() < 100):\n    x = x * 2\n    kept.append(x)\n  return kept[0]",
                   {{"x", {2, 3}, 1, 2}}},
                  "is changed in a branch or loop");
}

}  // namespace passerelle::tests
