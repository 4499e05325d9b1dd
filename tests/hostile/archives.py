"""Archives of TorchScript written by hand, so that they hold what PyTorch would not write."""

import io
import struct
import zipfile

HEAD = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
"""
RELU = ["return torch.relu(x)"]


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def pickled(state):
    """An object of the class M whose state is the pickled bytes."""
    return b"\x80\x02c__torch__\nM\n)\x81" + state + b"b."


def fields(extra=b""):
    return b"}(" + text("training") + b"\x89" + text("_is_full_backward_hook") + b"N" + extra + b"u"


def method(name, lines, parameters="x: Tensor", result="Tensor"):
    head = f"  def {name}(self: __torch__.M" + (f",\n    {parameters}" if parameters else "") + f") -> {result}:\n"
    return head + "".join(f"    {line}\n" for line in lines)


def archive(code, data=pickled(fields()), compression=zipfile.ZIP_STORED, entries=()):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as packed:
        packed.writestr("m/data.pkl", data)
        packed.writestr("m/code/__torch__.py", code)
        packed.writestr("m/constants.pkl", b"\x80\x02).")
        packed.writestr("m/version", b"3\n")
        for name, content in entries:
            packed.writestr(name, content)
    return file.getvalue()


def model(lines, before="", attributes="", **more):
    return archive(before + HEAD + attributes + method("forward", lines), **more)


class Archives:
    """Of each kind one after another, with numbers from the seed."""

    def __init__(self, random, bodies):
        self.random, self.bodies = random, bodies
        self.kinds = [kind for name, kind in sorted(vars(Archives).items()) if name.startswith("make_")]

    def make(self, number):
        kind = self.kinds[number % len(self.kinds)]
        return kind.__name__[5:], kind(self)

    def some(self, least, most):
        return self.random.randrange(least, most)

    def make_bundled_inputs(self):
        lines = self.bodies.body()[:-1]
        inputs = method("get_all_bundled_inputs", ["x = torch.ones([1, 4, 8, 8])", *lines, "return [(x,)]"], "",
                        "List[Tuple[Tensor]]")
        return archive(HEAD + method("forward", RELU) + inputs)

    def make_class_chain(self):
        count = self.some(10, 8000)
        classes = "".join(f"class C{i}(Module):\n  __parameters__ = []\n  __buffers__ = []\n  a : __torch__.C{i + 1}\n"
                          f"  def f(self: __torch__.C{i}, x: Tensor) -> Tensor:\n    return (self.a).f(x, )\n"
                          for i in range(count))
        last = (f"class C{count}(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                f"  def f(self: __torch__.C{count}, x: Tensor) -> Tensor:\n    return torch.relu(x)\n")
        return archive(last + classes[::1] + HEAD + method("forward", RELU))

    def make_deep_conditions(self):
        count = self.some(5, 300)
        lines = ["  " * i + "if True:" for i in range(count)] + ["  " * count + "pass"]
        return model([*lines, *RELU])

    def make_dimensions(self):
        return model([f"for i in range({self.some(1, 80)}):", "  x = torch.unsqueeze(x, 0)", "return x"])

    def make_doubled_strings(self):
        return model(['s = "ab"', f"for i in range({self.some(4, 60)}):", "  s = torch.add(s, s)", *RELU])

    def make_doubled_lists(self):
        return model(["s = [1, 2]", f"for i in range({self.some(4, 60)}):", "  s = torch.add(s, s)", *RELU])

    def make_doubled_tensors(self):
        return model([f"for i in range({self.some(2, 60)}):", "  x = torch.cat([x, x], 0)", "return x"])

    def make_doubled_tuples(self):
        count = self.some(4, 40)
        return model(["t0 = (x, x)", *(f"t{i} = (t{i - 1}, t{i - 1})" for i in range(1, count)), *RELU])

    def make_enum(self):
        value = self.random.choice([text("x"), b"K\x01", b"K\x07", b"N", b"]", b"G" + bytes(8)])
        return model(["return torch.add(x, (self.z).value)"], "class E(Enum):\n  A = 1\n  B = 2\n", "  z : __torch__.E\n",
                     data=pickled(fields(text("z") + b"c__torch__\nE\n(" + value + b"tR")))

    def make_hooks(self):
        name = self.random.choice(["nonexistent", "forward", "training", ""])
        return model(RELU, attributes=f'  __forward_hooks__ = ["{name}"]\n')

    def make_huge_expansion(self):
        sizes = [self.random.choice([1, 7, 2**20, 2**31, 2**40]) for _ in range(2)]
        return model([f"return torch.expand(x, [{sizes[0]}, {sizes[1]}, 1, 4, 8, 8])"])

    def make_loop(self):
        body = self.random.choice(["pass", "x = torch.add(x, 1)", "y = torch.add(1, 1)", "x = torch.relu_(x)"])
        return model([self.random.choice(["while True:", f"for i in range({10 ** self.some(1, 18)}):"]), f"  {body}",
                      "return x"])

    def make_matrices(self):
        size = 2 ** self.some(2, 17)
        return model([f"y = torch.ones([{size}, {size}])", "for i in range(1000):", "  y = torch.mm(y, y)", *RELU])

    def make_methods_that_double(self):
        count = self.some(2, 60)
        code = "".join(method(f"f{i}", [f"return (self).f{i - 1}((self).f{i - 1}(x, ), )" if i else "return torch.relu(x)"])
                       for i in range(count))
        return archive(HEAD + code + method("forward", [f"return (self).f{count - 1}(x, )"]))

    def make_named_tuples(self):
        count = self.some(2, 40)
        tuples = "class N0(NamedTuple):\n  a : Tensor\n  b : Tensor\n"
        for i in range(1, count):
            tuples += f"class N{i}(NamedTuple):\n  a : __torch__.N{i - 1}\n  b : __torch__.N{i - 1}\n"
        forward = method("forward", RELU, f"x: Tensor, n: Optional[__torch__.N{count - 1}]=None")
        return archive(tuples + HEAD + forward)

    def make_nested_types(self):
        count = self.some(2, 100000)
        tag = b"ctorch.jit._pickle\nrestore_type_tag\n(]" + text("(" * count) + b"tR"
        return model(RELU, attributes="  z : List[int]\n", data=pickled(fields(text("z") + tag)))

    def make_packed_zeros(self):
        packed = bytes(self.some(1, 300) << 20)
        return model(RELU, compression=zipfile.ZIP_DEFLATED, entries=[("m/extra/zeros", packed)])

    def make_repeated_lists(self):
        lists = b"]q\x00"
        for i in range(self.some(2, 60)):
            lists += b"(h" + bytes([i]) + b"h" + bytes([i]) + b"lq" + bytes([i + 1])
        return model(RELU, attributes="  z : List[int]\n", data=pickled(fields(text("z") + lists)))

    def make_set_state(self):
        lines = self.random.choice([["while True:", "  pass"], self.bodies.body()[:-1], self.bodies.body()[:-1]])
        state = method("__getstate__", ["return 1"], "", "int")
        state += method("__setstate__", ["self.training = False", "self._is_full_backward_hook = None",
                                         "x = torch.ones([1, 4, 8, 8])", *lines, "return None"], "s: int", "NoneType")
        return archive(HEAD + method("forward", RELU) + state, pickled(b"K\x01"))

    def make_damage(self):
        damaged = bytearray(model(self.bodies.body()))
        for _ in range(self.some(1, 4)):
            damaged[self.some(0, len(damaged))] = self.some(0, 256)
        return bytes(damaged)
