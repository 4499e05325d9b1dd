#include "catch.h"
#include "harness.h"

using namespace passerelle::tests;

namespace {

constexpr ElementType int32 = ElementType::int32, boolean = ElementType::bool8;

struct Reduction {
  Shape shape, dimensions;
};

/// Every set of dimensions of ranks 1 to 4, some counted from the end, and some of rank 5.
std::vector<Reduction> reductions() {
  std::vector<Reduction> all = {{{}, {}}, {{}, {0}}, {{}, {-1}}};
  for (const Shape& shape : {Shape{5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}}) {
    const auto rank = static_cast<int64_t>(shape.size());
    for (int64_t set = 1; set < 1 << rank; ++set) {
      Shape dimensions;
      for (int64_t i = 0; i < rank; ++i)
        if (set >> i & 1) dimensions.push_back(set % 2 ? i : i - rank);
      all.push_back({shape, dimensions});
    }
  }
  return all;
}

/// operator(x, dims, keepdim) for each reduction.
std::vector<Case> cases_of(const std::string& name, double low = -1, double high = 1,
                           ElementType type = ElementType::float32) {
  std::vector<Case> cases;
  for (const Reduction& reduction : reductions())
    for (bool keep : {false, true})
      cases.push_back({"return torch." + name + "(x, " + list(reduction.dimensions) + ", " + python(keep) + ")",
                       {{"x", reduction.shape, low, high, type}}});
  return cases;
}

/// operator(x, dim, keepdim) with one dimension.
std::vector<Case> one_dimension_cases(const std::string& name, double low = -1, double high = 1,
                                      ElementType type = ElementType::float32, const std::string& tail = "") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}}) {
    const auto rank = std::max<int64_t>(1, static_cast<int64_t>(shape.size()));
    for (int64_t dimension = -rank; dimension < rank; ++dimension)
      for (bool keep : {false, true})
        cases.push_back({"return torch." + name + "(x, " + std::to_string(dimension) + ", " + python(keep) + ")" + tail,
                         {{"x", shape, low, high, type}}});
  }
  return cases;
}

void require(const Shape& shape, std::initializer_list<const char*> expressions) {
  std::vector<Case> cases;
  for (const char* expression : expressions) cases.push_back({std::string("return ") + expression, {{"x", shape}}});
  require_all(cases);
}

}  // namespace

TEST_CASE("aten::mean") { require_all(cases_of("mean")); }
TEST_CASE("aten::sum") { require_all(some_of(cases_of("sum"), 30)); }
TEST_CASE("aten::amax and amin") {
  require_all(some_of(cases_of("amax", -9, -1), 20));
  require_all(some_of(cases_of("amin", 1, 9), 20));
}

TEST_CASE("Reductions to one number") {
  for (const Shape& shape : {Shape{}, {5}, {2, 3}, {2, 3, 4, 5}})
    require(shape, {"torch.mean(x)", "torch.sum(x)", "torch.max(x)", "torch.min(x)", "torch.prod(x)", "torch.amax(x)",
                    "torch.norm(x)", "torch.mean(x) * x", "x - torch.max(x)"});
}

TEST_CASE("Reductions of more than four dimensions") {
  require({2, 6, 4, 5}, {"x.view([2, 2, 3, 4, 5]).mean([2])", "x.view([2, 2, 3, 4, 5]).sum([3, 4])",
                         "x.view([2, 2, 3, 4, 5]).mean([0, 2, 4])", "x.view([2, 2, 3, 4, 5]).amax([1, 3])",
                         "x.view([2, 2, 3, 2, 2, 5]).mean([3, 5]).view([2, 2, 6])"});
}

TEST_CASE("Sums of other types") {
  require_all({{"return torch.sum(x)", {{"x", {3, 4}, 0, 2, boolean}}},
               {"return torch.sum(x, [1])", {{"x", {3, 4}, 0, 2, boolean}}},
               {"return torch.sum(x, [1], False, dtype=6)", {{"x", {3, 4}, -9, 9, int32}}},
               {"return torch.mean(x, [0], True, dtype=6)", {{"x", {3, 4}, -9, 9, int32}}},
               {"return torch.count_nonzero(torch.floor(x))", {{"x", {3, 4}}}},
               {"return torch.count_nonzero(x, 1)", {{"x", {3, 4}, -2, 2, int32}}}});
}

TEST_CASE("Reductions of integers") {
  // What is known to be small is reduced as floats; the rest by halves, which needs INT32 arithmetic, and for a shape
  // with a dimension less an INT32 RESHAPE.
  const std::string places = "torch.argmax(x, 1)";
  std::vector<Case> cases{{"return torch.sum(" + places + ")", {{"x", {3, 5}}}},
                          {"return torch.sum(" + places + ", 1)", {{"x", {3, 5, 4}}}},
                          {"return torch.prod(" + places + ", 1, True)", {{"x", {3, 5, 4}}}},
                          {"return torch.amax(" + places + ", 1)", {{"x", {3, 5, 4}}}},
                          {"return torch.cumsum(" + places + ", 1)", {{"x", {3, 5, 4}}}},
                          {"return torch.cumsum((x > 0).int(), 1)", {{"x", {3, 9}}}},
                          {"return torch.amax(x, [1], True)", {{"x", {3, 7}, -1e9, 1e9, int32}}},
                          {"return torch.min(x, 1, True)[0]", {{"x", {3, 6, 4}, -1e9, 1e9, int32}}}};
  for (const char* body : {"torch.sum(x)", "torch.sum(x, 1)", "torch.sum(x, [0, 2], True)", "torch.prod(x, 2)",
                           "torch.amax(x, [1, 2])", "torch.max(x)", "torch.cumsum(x, 1)", "torch.cumprod(x, 1)"}) {
    Case test{std::string("return ") + body, {{"x", {3, 5, 4}, -30, 30, int32}}};
    test.levels = {4, 6, 8};
    cases.push_back(test);
  }
  require_all(cases);
}

TEST_CASE("aten::max and min along a dimension") {
  for (const char* name : {"max", "min"}) {
    require_all(some_of(one_dimension_cases(name, -1, 1, ElementType::float32, "[0]"), 14));
    require_all(some_of(one_dimension_cases(name, -1, 1, ElementType::float32, "[1]"), 14));
    require_all(some_of(one_dimension_cases(name), 10));
  }
  require_all({{"return torch.max(x, 1)[1]", {{"x", {3, 4}, -99, 99, int32}}},
               {"return torch.max(x, 1)[0]", {{"x", {3, 4}, 0, 2, boolean}}}});
}

TEST_CASE("aten::argmax and argmin") {
  require_all(some_of(one_dimension_cases("argmax"), 20));
  require_all(some_of(one_dimension_cases("argmin"), 20));
  for (const Shape& shape : {Shape{}, {5}, {2, 3}, {2, 3, 4, 5}})
    require(shape, {"torch.argmax(x)", "torch.argmin(x)"});
  require({2, 3, 4}, {"torch.argmax(x, None, True)"});
  // Of equal ones the first.
  require_all({{"return torch.argmax(torch.floor(x), 1)", {{"x", {3, 40}, -2, 2}}},
               {"return torch.argmax(x, 1)", {{"x", {3, 40}, -200, 200, int32}}}});
}

TEST_CASE("aten::prod") { require_all(some_of(one_dimension_cases("prod", 0.5, 1.5), 16)); }

TEST_CASE("aten::any and all") {
  for (const char* name : {"any", "all"}) {
    require_all(some_of(one_dimension_cases(name, 0, 2, boolean), 20));
    require_all(some_of(one_dimension_cases(name, -1, 2, int32), 6));
    for (const Shape& shape : {Shape{}, {1}, {2}, {2, 3, 4, 5}})
      require_all({{std::string("return torch.") + name + "(x)", {{"x", shape, 0, 2, boolean}}},
                   {std::string("return torch.") + name + "(x > -0.9)", {{"x", shape}}}});
  }
}

TEST_CASE("aten::var and std") {
  for (const char* name : {"var", "std"}) {
    std::vector<Case> cases;
    for (const Reduction& reduction : reductions()) {
      int64_t count = 1;
      for (int64_t dimension : reduction.dimensions)
        if (!reduction.shape.empty())
          count *= reduction.shape[static_cast<size_t>(
              dimension < 0 ? dimension + static_cast<int64_t>(reduction.shape.size()) : dimension)];
      for (const char* tail : {", False, False)", ", False, True)", ", True, True)"})
        if (count > 1)
          cases.push_back({std::string("return torch.") + name + "(x, " + list(reduction.dimensions) + tail,
                           {{"x", reduction.shape, 3, 4}}});
    }
    require_all(some_of(cases, 24));
  }
  require({2, 3, 4}, {"torch.var(x)", "torch.std(x)", "torch.var(x, False)", "torch.var(x, [1], correction=2)",
                      "torch.std(x, [1, 2], correction=0, keepdim=True)", "torch.var_mean(x, [2])",
                      "torch.std_mean(x, [1], True, True)", "torch.var_mean(x)"});
}

TEST_CASE("Norms") {
  for (const char* order : {"1", "2", "3", "0.5", "0", "float('inf')", "-float('inf')"})
    for (const Reduction& reduction : {Reduction{{5}, {0}}, {{2, 3}, {1}}, {{2, 3, 4, 5}, {1}}, {{2, 3, 4, 5}, {2, 3}}})
      for (bool keep : {false, true})
        require_all({{std::string("return torch.norm(x, ") + order + ", " + list(reduction.dimensions) + ", " +
                          python(keep) + ")",
                      {{"x", reduction.shape}}},
                     {std::string("return torch.linalg_vector_norm(x, ") + order + ", " + list(reduction.dimensions) +
                          ", " + python(keep) + ")",
                      {{"x", reduction.shape}}}});
  require({2, 3}, {"torch.norm(x)", "torch.norm(x, 1)", "torch.norm(x, 3)", "torch.linalg_vector_norm(x)",
                   "torch.frobenius_norm(x, [0, 1])", "torch.frobenius_norm(x, [1], True)"});
  require({2, 3, 4, 5}, {"x / torch.norm(x, 2, [1], True).clamp_min(1e-12).expand_as(x)"});
}

TEST_CASE("aten::logsumexp") {
  require_all(some_of(cases_of("logsumexp", -5, 5), 24));
  require_all({{"return torch.logsumexp(x, [1])", {{"x", {3, 7}, -1000, 1000}}},
               {"return torch.logsumexp(x * 0.0 + torch.tensor([[-float('inf'), -float('inf')], [float('inf'), 1.0], "
                "[-float('inf'), 2.0]]), [1])",
                {{"x", {3, 2}}}}});
}

TEST_CASE("aten::cumsum") {
  std::vector<Case> cases;
  for (const Shape& shape : {Shape{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}}) {
    const auto rank = std::max<int64_t>(1, static_cast<int64_t>(shape.size()));
    for (int64_t dimension = -rank; dimension < rank; ++dimension)
      cases.push_back({"return torch.cumsum(x, " + std::to_string(dimension) + ")", {{"x", shape}}});
  }
  cases.push_back({"return torch.cumsum(x, 1)", {{"x", {2, 300}}}});
  cases.push_back({"return torch.cumsum(x, 1)", {{"x", {2, 9}, 0, 2, boolean}}});
  cases.push_back({"return torch.cumsum(x, 1, dtype=6)", {{"x", {2, 9}, -9, 9, int32}}});
  require_all(cases);
}

TEST_CASE("aten::cumprod, aten::cummax, aten::cummin and aten::diff") {
  require_all({{"return torch.cumprod(x, 1)", {{"x", {2, 9}}}},
               {"return torch.cumprod(x, -2)", {{"x", {2, 3, 4}}}},
               {"return torch.cummax(x, 1)[0]", {{"x", {2, 9}}}},
               {"return torch.cummin(x, 0)[0]", {{"x", {7, 2}}}},
               {"return torch.cummax(torch.log(x), 1)[0]", {{"x", {2, 9}, 0, 0}}},
               {"return torch.diff(x)", {{"x", {2, 9}}}},
               {"return torch.diff(x, 2, 0)", {{"x", {5, 3}}}}});
  require_refused({"return torch.cummax(x, 1)", {{"x", {2, 9}}}}, "a result");
}

TEST_CASE("aten::nansum and aten::nanmean") {
  require_all({{"return torch.nansum(torch.sqrt(x), [1])", {{"x", {3, 9}}}},
               {"return torch.nansum(torch.sqrt(x))", {{"x", {3, 9}}}},
               {"return torch.nanmean(torch.sqrt(x), [0], True)", {{"x", {9, 3}}}}});
}

TEST_CASE("aten::linalg_norm and aten::linalg_matrix_norm") {
  require_all({{"return torch.linalg_norm(x)", {{"x", {3, 4}}}},
               {"return torch.linalg_norm(x, 3, [1])", {{"x", {3, 4}}}},
               {"return torch.linalg_norm(x, None, [0, 2], True)", {{"x", {3, 4, 5}}}},
               {"return torch.linalg_matrix_norm(x, 'fro')", {{"x", {2, 3, 4}}}}});
  require_refused({"return torch.linalg_norm(x, 'nuc')", {{"x", {3, 4}}}}, "singular values");
}

TEST_CASE("aten::cosine_similarity and aminmax") {
  require_all({{"return torch.cosine_similarity(x, y)", {{"x", {3, 8}}, {"y", {3, 8}}}},
               {"return torch.cosine_similarity(x, y, -1)", {{"x", {2, 3, 8}}, {"y", {8}}}},
               {"return torch.cosine_similarity(x, y, 1, 0.5)", {{"x", {2, 3, 4, 5}}, {"y", {2, 3, 4, 5}}}},
               {"return torch.cosine_similarity(x, y, 0)", {{"x", {8}}, {"y", {8}}}},
               {"return torch.aminmax(x)", {{"x", {3, 4}}}},
               {"return torch.aminmax(x, dim=1, keepdim=True)", {{"x", {3, 4, 5}}}}});
}

TEST_CASE("aten::any and aten::all along several dimensions") {
  std::vector<Case> cases;
  for (const char* call :
       {"any(x, [0, 2])", "all(x, [0, 2], True)", "any(x, [-1, 1])", "_is_any_true(x)", "_is_all_true(x)"})
    for (double least : {0.0, 1.0, -4.0})
      cases.push_back({std::string("return torch.") + call, {{"x", {2, 3, 4}, least, 2, ElementType::bool8}}});
  require_all(cases);
}
