"""Bodies of forward that call LibTorch's operators with arguments that nobody means: wild numbers, shapes and tensors
between sensible ones, drawn from a seed. Which operators there are, and what they take, the installed PyTorch says.
"""

import re
from pathlib import Path

ALLOWED = Path(__file__).resolve().parents[2] / "lib/torchscript/interpreter/allowed_operators.cpp"

WILD_INTEGERS = ["0", "-1", "-2", "7", "64", "65537", "2147483647", "2147483648", "-2147483648", "4294967296",
                 "9223372036854775807", "(-9223372036854775807 - 1)", "1099511627776", "99999999999"]
WILD_REALS = ["0.0", "-0.0", "1e-12", "1e12", "1e-45", "-1.5", 'float("inf")', 'float("-inf")', 'float("nan")']
SHAPES = ["[1, 4, 8, 8]", "[4, 4]", "[4]", "[]", "[2, 3, 4]", "[8, 4, 3, 3]", "[1, 4, 8]", "[0]", "[0, 8]", "[24, 8]"]
TYPES = ["0", "1", "3", "4", "6", "7", "11", "12", "13", "9", "-1", "99"]
STRINGS = ['"floor"', '"trunc"', '""', '"mean"', '"a"', '"aaaa"', '"reflect"', '"%s %d"']


class Bodies:
    def __init__(self, random):
        import torch

        names = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r'R"\((.*?)\)"', ALLOWED.read_text(), re.S))))
        self.random = random
        self.schemas = []
        for schema in torch._C._jit_get_all_schemas():
            space, name = schema.name.split("::")
            takes_all = all(self.value(a.type) is not None for a in schema.arguments)
            if space in ("aten", "prim", "quantized") and name in names and takes_all and "out" not in schema.overload_name:
                self.schemas.append(schema)
        self.schemas.sort(key=str)

    def pick(self, values):
        return values[self.random.randrange(len(values))]

    def wild(self):
        return self.random.random() < 0.3

    def integer(self):
        return self.pick(WILD_INTEGERS) if self.wild() else str(self.random.randrange(4))

    def real(self):
        return self.pick(WILD_REALS) if self.wild() else self.pick(["0.1", "0.5", "2.0"])

    def integers(self):
        return "[" + ", ".join(self.integer() for _ in range(self.random.randrange(5))) + "]"

    def tensor(self):
        kind = self.random.randrange(6)
        shape = self.pick(SHAPES)
        if kind < 2:
            return "x"
        if kind == 2:
            return f"torch.ones({shape})"
        if kind == 3:
            return f"torch.full({shape}, {self.integer()}, dtype={self.pick(['3', '4'])})"
        if kind == 4:
            return f"torch.full({shape}, {self.real()}, dtype=6)"
        scale = self.pick(["0.1", "0.1", "0.0", 'float("inf")'])
        return f"torch.quantize_per_tensor(torch.ones({shape}), {scale}, 0, {self.pick(['12', '13', '14'])})"

    def value(self, type_):
        """An argument in TorchScript; None for types that no literal has."""
        text = type_.annotation_str
        made = {"Tensor": self.tensor, "int": self.integer, "float": self.real, "number": self.integer,
                "Union[complex, float, int]": self.integer, "bool": lambda: self.pick(["True", "False"]),
                "str": lambda: self.pick(STRINGS), "List[int]": self.integers, "Device": lambda: 'torch.device("cpu")',
                "List[Tensor]": lambda: f"[{self.tensor()}, {self.tensor()}]",
                "List[float]": lambda: f"[{self.real()}, {self.real()}]",
                "List[Optional[Tensor]]": lambda: f"[{self.tensor()}]",
                "List[bool]": lambda: "[True, False]", "List[str]": lambda: '["a", ""]'}
        if text in made:
            return made[text]()
        inner = re.fullmatch(r"Optional\[(.*)\]", text)
        if inner is None:
            return None
        if inner.group(1) not in made or self.random.random() < 0.5:
            return "None"
        return made[inner.group(1)]()

    def call(self):
        schema = self.pick(self.schemas)
        space, name = schema.name.split("::")
        words = []
        for argument in schema.arguments:
            value = self.pick(TYPES) if argument.name == "dtype" else self.value(argument.type)
            words.append(f"{argument.name}={value}" if argument.kwarg_only else value)
        where = "torch." if space == "aten" else f"ops.{space}."
        return schema, f"{where}{name}({', '.join(words)})"

    def body(self):
        """Lines of a function of `x`; the last one returns."""
        schema, call = self.call()
        returned = [result.type.annotation_str for result in schema.returns]
        if returned == ["Tensor"]:
            return [f"y = {call}", "return y"]
        if returned in (["int"], ["float"], ["number"]):
            return [f"y = {call}", "return torch.add(x, y)"]
        if len(returned) > 1 and returned[0] == "Tensor":
            return ["y, " + ", ".join(f"_{i}" for i in range(1, len(returned))) + f" = {call}", "return y"]
        return [f"y = {call}" if returned else f"_0 = {call}", "return torch.relu(x)"]
