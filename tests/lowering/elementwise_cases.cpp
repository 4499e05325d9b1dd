#include <random>

#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

const std::vector<Shape> shapes = {{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}};

struct Pair {
  Shape a, b;
};

/// Shapes that NumPy broadcasts, of equal and unequal ranks.
const std::vector<Pair> pairs = {{{}, {}},
                                 {{4}, {}},
                                 {{}, {2, 3}},
                                 {{4}, {4}},
                                 {{4}, {1}},
                                 {{3, 1}, {4}},
                                 {{1, 1, 2}, {3, 1}},
                                 {{2, 3, 4}, {3, 1}},
                                 {{2, 3, 4, 5}, {}},
                                 {{2, 3, 4, 5}, {5}},
                                 {{2, 3, 4, 5}, {3, 1, 1}},
                                 {{3, 1, 1}, {2, 3, 4, 5}},
                                 {{2, 3, 4, 5}, {1, 3, 1, 1}},
                                 {{2, 3, 4, 5}, {2, 1, 4, 1}},
                                 {{1, 3, 1, 5}, {2, 1, 4, 1}},
                                 {{2, 3, 4, 5}, {2, 3, 4, 5}}};

struct Range {
  double low, high;
};

/// Of two inputs, and of an input and a constant, either way round.
std::vector<Case> binary_cases(const std::string& expression, Range a, Range b,
                               ElementType type_a = ElementType::float32, ElementType type_b = ElementType::float32,
                               int lowest_level = 3) {
  std::vector<Case> cases;
  for (const Pair& pair : pairs) {
    const Tensor first{"x", pair.a, a.low, a.high, type_a}, second{"y", pair.b, b.low, b.high, type_b};
    cases.push_back({"return " + expression, {first, second}});
    cases.push_back({"y = self.y\n  return " + expression, {first}, {second}});
    cases.push_back({"x = self.x\n  return " + expression, {second}, {first}});
  }
  for (Case& test : cases) test.lowest_level = lowest_level;
  return cases;
}

void require_unary(const std::string& expression, std::initializer_list<Range> ranges) {
  std::vector<Case> cases;
  for (const Shape& shape : shapes)
    cases.push_back({"return " + expression, {{"x", shape, ranges.begin()->low, ranges.begin()->high}}});
  for (const Range& range : ranges) cases.push_back({"return " + expression, {{"x", {8, 64}, range.low, range.high}}});
  require_all(cases);
}

/// Steps of a random chain on a tensor of rank 5 or 6; the numbers stay between -2 and 2.
class Chain {
 public:
  explicit Chain(uint32_t seed) : random_(seed) {
    shape_ = some_shape(5 + below(2));
    case_ = {"y = x", {{"x", shape_}}};
  }

  Case made() {
    for (uint32_t steps = 4 + below(6); steps > 0; --steps) step();
    case_.body += "\n  return y";
    return case_;
  }

 private:
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  uint32_t dimension() { return below(static_cast<uint32_t>(shape_.size())); }

  Shape some_shape(uint32_t rank) {
    Shape shape;
    for (uint32_t i = 0; i < rank; ++i) shape.push_back(1 + below(4));
    return shape;
  }

  void step() {
    const uint32_t kind = below(7), at = dimension();
    const std::string axis = std::to_string(at);
    if (kind == 0) return add("y = torch.tanh(y)");
    if (kind == 1) return add("y = torch.sigmoid(y) * 2");
    if (kind == 2) return add("y = torch.add(torch.relu(y), torch.sin(y), alpha=0.5) / 2");
    if (kind == 3) return with_constant();
    if (kind == 4 && shape_[at] > 1) {
      --shape_[at];
      return add("y = torch.slice(y, " + axis + ", 1)");
    }
    if (kind == 5 && shape_[at] < 4) {
      shape_[at] *= 2;
      return add("y = torch.cat([y, torch.neg(y)], " + axis + ")");
    }
    if (kind == 6 && at > 0) {
      std::swap(shape_[at], shape_[at - 1]);
      return add("y = torch.transpose(y, " + axis + ", " + std::to_string(at - 1) + ")");
    }
    add("y = torch.abs(y) - 1");
  }

  /// A constant that repeats along all but some neighbouring dimensions.
  void with_constant() {
    const uint32_t first = dimension(), last = first + below(static_cast<uint32_t>(shape_.size()) - first);
    Shape shape(shape_.size(), 1);
    for (uint32_t i = first; i <= last; ++i) shape[i] = shape_[i];
    const std::string name = "c" + std::to_string(case_.attributes.size());
    case_.attributes.push_back({name, shape, -1, 1});
    add("y = y * self." + name);
  }

  void add(const std::string& line) { case_.body += "\n  " + line; }

  std::mt19937 random_;
  Shape shape_;
  Case case_;
};

std::vector<Case> chains(uint32_t count) {
  std::vector<Case> cases;
  for (uint32_t seed = 0; seed < count; ++seed) cases.push_back(Chain(seed).made());
  return cases;
}

constexpr ElementType int32 = ElementType::int32, int64 = ElementType::int64, boolean = ElementType::bool8;

}  // namespace

TEST_CASE("aten::add, sub, mul, div of broadcast tensors") {
  for (const char* expression : {"torch.add(x, y)", "torch.sub(x, y)", "torch.mul(x, y)"})
    require_all(binary_cases(expression, {-2, 2}, {-2, 2}));
  require_all(binary_cases("torch.div(x, y)", {-2, 2}, {0.5, 2}));
}

TEST_CASE("Broadcasting in five dimensions of which some are 1") {
  const std::vector<Shape> small{{1, 6, 1, 1, 1}, {1, 6, 1, 4, 5}, {2, 1, 1, 4, 5}, {1, 1, 3, 1, 1}, {6, 1, 1, 1}};
  std::vector<Case> cases;
  for (const Shape& shape : small)
    for (uint32_t depth : {1u, 3u})
      for (uint32_t batch : {1u, 2u}) cases.push_back({"return x * y", {{"x", {batch, 6, depth, 4, 5}}, {"y", shape}}});
  require_all(cases);
}

TEST_CASE("Chains in five and six dimensions, and what slices, turns and joins them") {
  require_all(some_of(chains(60), 24));
}

TEST_CASE("aten::add and sub with a factor") {
  for (const char* expression :
       {"torch.add(x, y, alpha=2)", "torch.add(x, y, alpha=-1)", "torch.add(x, y, alpha=0.3)",
        "torch.sub(x, y, alpha=2)", "torch.sub(x, y, alpha=-1)", "torch.rsub(x, y)", "torch.rsub(x, y, alpha=3)"})
    require_all(some_of(binary_cases(expression, {-2, 2}, {-2, 2}), 12));
}

TEST_CASE("Arithmetic with Python numbers") {
  for (const char* expression :
       {"x + 1", "x + 1.5", "1 + x", "x - 2", "2.5 - x", "x * 3", "0.1 * x", "x / 4", "x / 0.3", "1 / (x + 3)", "-x",
        "torch.add(x, 2, 3)", "torch.sub(x, 2, 0.5)", "torch.rsub(x, 1, 2)"})
    require_unary(expression, {{-2, 2}});
}

TEST_CASE("Arithmetic of integers") {
  for (const char* expression : {"torch.add(x, y)", "torch.sub(x, y)", "torch.mul(x, y)", "torch.add(x, y, alpha=3)"}) {
    require_all(some_of(binary_cases(expression, {-20, 20}, {-20, 20}, int32, int32, 4), 8));
    require_all(some_of(binary_cases(expression, {-20, 20}, {-20, 20}, int64, int32, 4), 8));
  }
  Case scalar{"return x * 3 + 1", {{"x", {2, 3}, -20, 20, int64}}};
  scalar.lowest_level = 4;
  require_all({scalar});
}

TEST_CASE("Arithmetic of integers and floats") {
  require_all(some_of(binary_cases("torch.add(x, y)", {-20, 20}, {-2, 2}, int32), 12));
  require_all(some_of(binary_cases("torch.mul(x, y)", {-2, 2}, {-20, 20}, ElementType::float32, int64), 12));
  require_all(some_of(binary_cases("torch.div(x, y)", {-20, 20}, {1, 20}, int32, int32), 12));
  require_all({{"return x + 0.5", {{"x", {2, 3}, -20, 20, int32}}},
               {"return x / 2", {{"x", {2, 3}, -20, 20, int32}}},
               {"return x * 0.1", {{"x", {2, 3, 4, 5}, -20, 20, int64}}}});
}

TEST_CASE("Numbers of a script and of a trace beside integers, bools and tensors of rank 0") {
  std::vector<Case> cases;
  for (ElementType type : {ElementType::float32, ElementType::float64, int32, int64, boolean})
    for (const Shape& shape : {Shape{}, Shape{2, 3}})
      for (const char* body : {"return x + 1.5, x * 0.5, x / 4, x * 2.5 + 1", "return (x == 0) * -1e9",
                               "return (x + 0).argmax(-1) * 0.5 + 1, (x > 0).sum() / 3.0",
                               "a = torch.arange(3) * 8.\n  return torch.where(x > 0, a, a + 0.5)"}) {
        Case test{body, {{"x", shape, 0, 2, type}}};
        test.levels = {4, 6, 8};
        cases.push_back(test);
        test.traced_numbers = true;
        cases.push_back(test);
      }
  require_all(cases);
}

TEST_CASE("Arithmetic of bools") {
  require_all(some_of(binary_cases("torch.add(x, y)", {0, 2}, {0, 2}, boolean, boolean), 8));
  require_all(some_of(binary_cases("torch.mul(x, y)", {0, 2}, {0, 2}, boolean, boolean), 8));
  require_all(some_of(binary_cases("torch.mul(x, y)", {-2, 2}, {0, 2}, ElementType::float32, boolean), 8));
  require_all({{"return x + 1.5", {{"x", {2, 3}, 0, 2, boolean}}}});
}

TEST_CASE("Narrow integers are refused") {
  require_refused({"return x + x", {{"x", {4}, 0, 200, ElementType::uint8}}}, "wraps around");
}

TEST_CASE("aten::addcmul, addcdiv, lerp") {
  const std::vector<Tensor> images{{"x", {2, 3, 4, 5}}, {"y", {3, 1, 1}, 1, 2}};
  const std::vector<Tensor> constants{{"a", {5}, 1, 2}, {"b", {1, 3, 4, 1}, 1, 2}, {"w", {4, 1}, 0, 1}};
  std::vector<Case> cases;
  for (const char* expression :
       {"torch.addcmul(x, y, self.b)", "torch.addcmul(self.a, x, y, value=0.5)", "torch.addcmul(x, y, y, value=-1)",
        "torch.addcdiv(x, self.a, y)", "torch.addcdiv(x, self.a, self.b, value=2)", "torch.lerp(x, y, 0.25)",
        "torch.lerp(x, y, 0.75)", "torch.lerp(x, y, 1.0)", "torch.lerp(x, y, self.w)"})
    cases.push_back({std::string("return ") + expression, images, constants});
  require_all(cases);
}

TEST_CASE("aten::div with a rounding mode") {
  for (const char* mode : {"None", "'trunc'", "'floor'"}) {
    const std::string expression = std::string("torch.div(x, y, rounding_mode=") + mode + ")";
    require_all(some_of(binary_cases(expression, {-20, 20}, {0.3, 3}), 10));
    require_all(some_of(binary_cases(expression, {-20, 20}, {-3, -0.3}), 10));
    require_all({{"return torch.div(x, 3, rounding_mode=" + std::string(mode) + ")", {{"x", {64}, -50, 50}}},
                 {"return torch.div(x, -0.1, rounding_mode=" + std::string(mode) + ")", {{"x", {64}, -5, 5}}}});
  }
  for (const char* mode : {"'trunc'", "'floor'"}) {
    const std::string expression = std::string("torch.div(x, y, rounding_mode=") + mode + ")";
    require_all(some_of(binary_cases(expression, {-50, 50}, {1, 7}, int32, int32, 4), 6));
    require_all(some_of(binary_cases(expression, {-50, 50}, {-7, 0}, int32, int64, 4), 6));
  }
}

TEST_CASE("aten::floor_divide, remainder, fmod") {
  for (const std::string name : {"floor_divide", "remainder", "fmod"}) {
    const std::string expression = "torch." + name + "(x, y)";
    require_all(some_of(binary_cases(expression, {-20, 20}, {0.3, 3}), 10));
    require_all(some_of(binary_cases(expression, {-20, 20}, {-3, -0.3}), 10));
    require_all(some_of(binary_cases(expression, {-50, 50}, {1, 7}, int32, int32, 4), 6));
    require_all(some_of(binary_cases(expression, {-50, 50}, {-7, 0}, int32, int32, 4), 6));
    // Quotients that rounding would lift to a whole number: tenths divided by a tenth, thirds by a third.
    for (const char* divisor : {"0.1", "0.3", "-0.7", "2", "0.25", "1.0 / 3.0"})
      require_all(
          {{"return torch." + name + "(x.float() * " + divisor + ", " + divisor + ")", {{"x", {256}, -99, 99, int32}}},
           {"return torch." + name + "(x, " + divisor + ")", {{"x", {256}, -99, 99}}}});
  }
}

TEST_CASE("aten::pow") {
  for (const char* exponent : {"0", "1", "2", "3", "4", "5", "7", "16", "2.0"})
    require_unary(std::string("torch.pow(x, ") + exponent + ")", {{-2, 2}});
  for (const char* exponent : {"0.5", "-0.5", "-1", "-2", "-3", "1.7", "-0.3", "20"})
    require_unary(std::string("torch.pow(x, ") + exponent + ")", {{0.5, 2}});
  require_unary("x ** 2 + 2 ** x", {{-2, 2}});
  require_unary("torch.pow(0.7, x)", {{-3, 3}});
  require_all(some_of(binary_cases("torch.pow(x, y)", {0.1, 2}, {-2, 2}), 16));
  Case integers{"return x ** 3", {{"x", {2, 3}, -9, 9, int32}}};
  integers.lowest_level = 4;
  require_all({integers});
  require_refused({"return torch.pow(x, y)", {{"x", {3}, 0, 5, int32}, {"y", {3}, 0, 5, int32}}}, "integers to powers");
}

TEST_CASE("Roots and squares") {
  require_unary("torch.square(x)", {{-3, 3}});
  require_unary("torch.sqrt(x)", {{0, 9}});
  require_unary("torch.rsqrt(x)", {{0.1, 9}});
  require_unary("torch.reciprocal(x)", {{0.1, 9}});
}

TEST_CASE("Exponential functions and logarithms") {
  for (const char* name : {"exp", "exp2"}) require_unary(std::string("torch.") + name + "(x)", {{-5, 5}});
  require_unary("torch.expm1(x)", {{-5, 5}, {-1e-4, 1e-4}, {1e-9, 1e-8}, {-100, 0}, {20, 40}});
  for (const char* name : {"log", "log2", "log10"})
    require_unary(std::string("torch.") + name + "(x)", {{0.01, 100}, {1e-20, 1e-10}});
  require_unary("torch.log1p(x)", {{-0.9, 10}, {-1e-4, 1e-4}, {1e-9, 1e-8}, {1e-7, 1e-6}, {1e10, 1e20}});
  require_all({{"return torch.log1p(x * 0.0 + torch.tensor([-1.0, 0.0, float('inf'), 1e30]))", {{"x", {4}}}}});
}

TEST_CASE("aten::erf and erfc") {
  require_unary("torch.erf(x)", {{-4, 4}, {-1e-4, 1e-4}, {-100, 100}, {0.5, 6}});
  require_unary("torch.erfc(x)", {{-4, 4}});
}

TEST_CASE("aten::logit") {
  require_unary("torch.logit(x)", {{0.01, 0.99}});
  require_unary("torch.logit(x, 0.1)", {{-0.5, 1.5}});
}

TEST_CASE("Trigonometry") {
  require_unary("torch.sin(x)", {{-7, 7}, {-200, 200}});
  require_unary("torch.cos(x)", {{-7, 7}, {-200, 200}});
  require_unary("torch.tan(x)", {{-1.4, 1.4}});
}

TEST_CASE("Signs and magnitudes") {
  for (const char* name : {"abs", "absolute", "neg", "negative", "sign", "sgn"})
    require_unary(std::string("torch.") + name + "(x)", {{-3, 3}, {-1e-30, 1e-30}});
  require_all({{"return torch.sign(x)", {{"x", {4, 4}, -2, 3, int32}}},
               {"return torch.neg(x)", {{"x", {4, 4}, -2, 3, int32}}},
               {"return torch.sign(x)", {{"x", {4, 4}, 0, 2, boolean}}},
               {"return torch.sign(x * 0.0 + torch.tensor([-3e38, -1e-37, 0.0, 1e-37, float('inf')]))", {{"x", {5}}}}});
  require_all({{"return torch.abs(x)", {{"x", {4, 4}, -5, 5, int32}}}});
}

TEST_CASE("Roundings") {
  for (const char* name : {"floor", "ceil", "trunc", "fix", "round", "frac"}) {
    require_unary(std::string("torch.") + name + "(x)", {{-9, 9}, {-1, 1}, {-1e6, 1e6}, {-1e8, 1e8}});
    // Halves and whole numbers.
    require_all(
        {{"return torch." + std::string(name) + "(x / 2)", {{"x", {64}, -20, 20, int32}}},
         {"return torch." + std::string(name) +
              "(x * 0.0 + torch.tensor([-0.5, 0.5, 1.5, -1.5, 2.5, 0.49999997, -0.49999997, 8388607.5, 8388608.0,"
              " 8388609.0, -8388609.0, 4194303.5, 0.50000006, -0.50000006]))",
          {{"x", {14}}}}});
  }
  require_unary("torch.round(x, decimals=2)", {{-9, 9}});
  require_unary("torch.round(x, decimals=-1)", {{-99, 99}});
  require_all({{"return torch.floor(x) + torch.ceil(x) + torch.round(x)", {{"x", {4}, -5, 5}}}});
}

TEST_CASE("aten::minimum and maximum") {
  for (const char* name : {"minimum", "maximum", "min", "max"}) {
    const std::string expression = std::string("torch.") + name + "(x, y)";
    require_all(some_of(binary_cases(expression, {-2, 2}, {-2, 2}), 16));
    require_all(some_of(binary_cases(expression, {-9, 9}, {-9, 9}, int32, int32), 8));
    require_all(some_of(binary_cases(expression, {-9, 9}, {-9, 9}, int32, ElementType::float32), 8));
    require_all(some_of(binary_cases(expression, {0, 2}, {0, 2}, boolean, boolean), 8));
  }
}

TEST_CASE("Constants beyond float32's range") {
  const Tensor huge{"c", {2}, 1e299, 1e300, ElementType::float64};
  for (const char* body :
       {"x + self.c", "x * self.c", "torch.where(x > 0, x.double(), self.c)", "torch.stack([x, self.c])",
        "torch.linear(x.double(), self.c)", "x.double() + 1e300", "torch.full_like(x, 1e39, dtype=7) + x"})
    require_refused({std::string("return ") + body, {{"x", {2}}}, {huge}}, "does not fit");
  // Infinite in PyTorch, too; and what fits.
  require_all({{"return x + 1e300", {{"x", {2}}}},
               {"return x + self.c", {{"x", {2}}}, {{"c", {2}, 1e37, 1e38, ElementType::float64}}}});
}

TEST_CASE("Division by a dimension of size 0 is refused") {
  require_refused({"return torch.mean(x[:, 3:], 1)", {{"x", {2, 3}}}}, "empty tensor");
  require_refused({"return x / x[:, 3:].shape[1] + torch.sum(x[:, 3:])", {{"x", {2, 3}}}}, "empty tensor");
  require_all({{"return x / x[:, 3:].shape[1]", {{"x", {2, 3}, 1, 2}}}});
}

TEST_CASE("aten::logaddexp and aten::logaddexp2") {
  std::vector<Case> cases;
  for (const char* name : {"logaddexp", "logaddexp2"}) {
    const std::string call = std::string("return torch.") + name;
    cases.push_back({call + "(x, y)", {{"x", {2, 3, 4}, -8, 8}, {"y", {2, 3, 4}, -8, 8}}});
    cases.push_back({call + "(x, y)", {{"x", {3, 4}, -90, 90}, {"y", {1, 4}, -90, 90}}});
    cases.push_back({call + "(x, self.y)", {{"x", {5}}}, {{"y", {1}}}});
    // Minus infinity is the logarithm of nothing; twice that is nothing still.
    cases.push_back({call + "(torch.log(torch.relu(x)), torch.log(torch.relu(-x * y)))",
                     {{"x", {3, 8}, -4, 4}, {"y", {3, 8}, -4, 4}}});
  }
  require_all(cases);
}

TEST_CASE("aten::float_power") {
  std::vector<Case> cases;
  for (const char* exponent : {"2", "0.5", "-1.5", "3.0"})
    cases.push_back(
        {"return torch.float_power(x, " + std::string(exponent) + ").to(torch.float32)", {{"x", {2, 5}, 0.5, 3}}});
  cases.push_back({"return torch.float_power(x, y).to(torch.float32)", {{"x", {2, 5}, 0.5, 3}, {"y", {5}, -2, 2}}});
  cases.push_back({"return torch.float_power(2, x).to(torch.float32)", {{"x", {2, 5}, -2, 2}}});
  cases.push_back({"return torch.float_power(x, 2).to(torch.float32)", {{"x", {2, 5}, -9, 9, ElementType::int32}}});
  for (Case& test : cases) {
    const size_t at = test.body.find("torch.float32");
    test.body.replace(at, 13, "6");  // as TorchScript numbers types
  }
  require_all(cases);
}
